/** What a model request wishes by headers of ours. */

import type { Endpoint } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ModelWishes } from '../../contracts/models.ts';
import type { Exchange } from '../http/exchange.ts';

const MAX_FALLBACKS = 8;
const MAX_TIMEOUT_MS = 3_600_000;

/** Throws GatewayError `invalid_request` that names the header. */
export function readWishes(exchange: Exchange): ModelWishes {
  const toolMode = exchange.header('x-portcullis-tool-mode');
  const { servers, tools } = exchange.narrowing;
  return {
    fallbacks: readFallbacks(exchange.header('x-portcullis-fallbacks')),
    timeoutMs: readTimeoutMs(exchange.header('x-portcullis-timeout-ms')),
    toolMode,
    agent: readAgent(exchange.header('x-portcullis-agent')),
    runId: readRun(exchange.header('x-portcullis-run')),
    namesTools: servers !== undefined || tools !== undefined || exchange.header('x-portcullis-toolset') !== undefined,
  };
}

/** The view whose tools may be added: a toolset's, or all of the key's. */
export function readEndpoint(exchange: Exchange): Endpoint {
  const toolset = exchange.header('x-portcullis-toolset');
  return toolset === undefined ? { type: 'all' } : { type: 'toolset', toolset };
}

function readFallbacks(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  const names = header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length > MAX_FALLBACKS)
    throw new GatewayError('invalid_request', `x-portcullis-fallbacks takes at most ${MAX_FALLBACKS} models`);
  return names;
}

function readAgent(header: string | undefined): 'on' | 'off' | undefined {
  if (header === undefined || header === 'on' || header === 'off') return header;
  throw new GatewayError('invalid_request', 'x-portcullis-agent takes on or off');
}

const MAX_RUN_CHARS = 64;

/** Whether there is such a run is for the pipeline to say. */
function readRun(header: string | undefined): string | undefined {
  if (header === undefined || (header !== '' && header.length <= MAX_RUN_CHARS && /^[\w-]+$/.test(header)))
    return header;
  throw new GatewayError('invalid_request', 'x-portcullis-run takes the id of a run, as an answer told it');
}

function readTimeoutMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const timeoutMs = /^\d{1,9}$/.test(header) ? Number(header) : 0;
  if (timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS)
    throw new GatewayError('invalid_request', `x-portcullis-timeout-ms takes 1 to ${MAX_TIMEOUT_MS} milliseconds`);
  return timeoutMs;
}
