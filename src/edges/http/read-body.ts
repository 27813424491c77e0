/** Reads one JSON request body: bounded, of the right type, strictly UTF-8. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../contracts/errors.ts';
import { type HeaderMap, oneHeader } from './headers.ts';

function checkMediaType(headers: HeaderMap): void {
  const [type = '', ...parameters] = (oneHeader(headers, 'content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') throw new GatewayError('unsupported_media_type');
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter)?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset))
      throw new GatewayError('unsupported_media_type', 'the charset must be utf-8');
  }
  const encoding = oneHeader(headers, 'content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new GatewayError('unsupported_media_type', 'Content-Encoding is not supported');
}

/**
 * The whole body as text. Throws GatewayError `unsupported_media_type`, `body_too_large`, `parse_error` (not UTF-8),
 * `cancelled` (the client went away while sending). A slow sender is ended by the server's request timeout.
 */
export function readBody(request: IncomingMessage, headers: HeaderMap, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    checkMediaType(headers);
    const tooLarge = (): GatewayError => new GatewayError('body_too_large', `at most ${maxBytes} bytes`);
    if (Number(oneHeader(headers, 'content-length') ?? 0) > maxBytes) throw tooLarge();

    const chunks: Buffer[] = [];
    let bytes = 0;
    const stop = (): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      stop();
      // The rest is read and thrown away: closing now would reset the connection before the client saw our answer.
      request.on('error', () => {}).resume();
      reject(tooLarge());
    };
    const onEnd = (): void => {
      stop();
      const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes);
      if (isUtf8(whole)) resolve(whole.toString('utf8'));
      else reject(new GatewayError('parse_error', 'it is not UTF-8'));
    };
    const onGone = (): void => {
      stop();
      request.on('error', () => {});
      reject(new GatewayError('cancelled', 'the client went away while sending'));
    };
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}
