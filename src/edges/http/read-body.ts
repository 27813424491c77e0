/** Reads one JSON request body: bounded, of the right type, strictly UTF-8. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../contracts/errors.ts';
import { type HeaderList, oneHeader } from './headers.ts';

const JSON_TYPE = 'application/json';

/** Throws GatewayError `unsupported_media_type` unless the headers promise JSON in UTF-8 as it is. */
export function checkMediaType(headers: HeaderList): void {
  const given = oneHeader(headers, 'content-type') ?? '';
  if (given !== JSON_TYPE) checkParameters(given);
  checkEncoding(headers);
}

function checkParameters(contentType: string): void {
  const [type = '', ...parameters] = contentType.split(';');
  if (type.trim().toLowerCase() !== JSON_TYPE) throw new GatewayError('unsupported_media_type');
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter)?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset))
      throw new GatewayError('unsupported_media_type', 'the charset must be utf-8');
  }
}

/** Throws GatewayError `unsupported_media_type` if the body is encoded. */
export function checkEncoding(headers: HeaderList): void {
  const encoding = oneHeader(headers, 'content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new GatewayError('unsupported_media_type', 'Content-Encoding is not supported');
}

/** The one refusal of a body that is over the bound. */
export function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', `at most ${maxBytes} bytes`);
}

/** The chunks in one piece. */
export function joinBody(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** The body as it came. Throws GatewayError `parse_error` if it is not UTF-8. */
export function checkUtf8(whole: Buffer): Buffer {
  if (!isUtf8(whole)) throw new GatewayError('parse_error', 'it is not UTF-8');
  return whole;
}

/**
 * The whole body, of any type. Throws GatewayError `unsupported_media_type` (encoded), `body_too_large`, `cancelled` (the client
 * went away while sending). A slow sender is ended by the server's request timeout.
 */
export function readBytes(request: IncomingMessage, headers: HeaderList, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    checkEncoding(headers);
    if (Number(oneHeader(headers, 'content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);

    const chunks: Buffer[] = [];
    let bytes = 0;
    let over = false;
    // The listeners stay: taking them off again costs more than letting them hear what no longer matters. There is none for
    // 'error', so Node reports a broken connection by 'close' alone.
    request.on('data', (chunk: Buffer) => {
      if (over) return;
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      // The rest is read and thrown away: closing now would reset the connection before the client saw our answer.
      over = true;
      chunks.length = 0;
      reject(tooLarge(maxBytes));
    });
    request.on('end', () => {
      if (over) return;
      over = true;
      resolve(joinBody(chunks));
    });
    request.on('close', () => {
      if (!over) reject(new GatewayError('cancelled', 'the client went away while sending'));
    });
  });
}
