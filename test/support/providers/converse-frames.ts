/** Writes frames of `application/vnd.amazon.eventstream` as Bedrock does, for pretended providers and tests of decoders. */

import { EventStreamCodec } from '@smithy/eventstream-codec';

export type WireEvent = { readonly [name: string]: object };

/** One frame for `{ contentBlockDelta: {…} }`; names that end in `Exception` are exceptions. */
export function encodeFrame(event: WireEvent): Buffer {
  const [name = '', body = {}] = Object.entries(event)[0] ?? [];
  return encodeTextFrame(name, JSON.stringify(body));
}

/** One whose body need not be JSON. */
export function encodeTextFrame(name: string, body: string): Buffer {
  const codec = new EventStreamCodec(
    (input) => Buffer.from(input).toString('utf8'),
    (input) => Buffer.from(input, 'utf8'),
  );
  const isException = name.endsWith('Exception');
  const text = (value: string) => ({ type: 'string', value }) as const;
  return Buffer.from(
    codec.encode({
      headers: {
        [isException ? ':exception-type' : ':event-type']: text(name),
        ':content-type': text('application/json'),
        ':message-type': text(isException ? 'exception' : 'event'),
      },
      body: Buffer.from(body, 'utf8'),
    }),
  );
}
