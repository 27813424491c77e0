/** What a session is without its thread: variables between runs, or all that a run has met so far, by which it can be run again. */

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { GatewayError } from '../../../contracts/errors.ts';
import type { SandboxLimits } from '../../../contracts/sandbox.ts';
import { tooLarge } from '../limit-errors.ts';
import type { Delivery, RunStart, SentCall } from './messages.ts';

/** A call by which a second run is held to the first. */
interface MadeCall {
  readonly namespace: string;
  readonly method: string;
  /** Of its arguments. */
  readonly hash: string;
}

export interface Ledger {
  readonly start: RunStart;
  readonly deliveries: Delivery[];
  /** By id, from 1. */
  readonly calls: MadeCall[];
  /** Those that wait for somebody. */
  open: readonly number[];
}

/** What is not JSON is known by its name alone. */
export interface Variables {
  readonly variables: string;
  readonly dropped: readonly string[];
}

export interface SavedSession extends Variables {
  /** Undefined: nothing is under way. */
  readonly ledger: Ledger | undefined;
}

/** Of text against its dump, which is compressed: JSON of tools shrinks to a tenth. */
export const TEXT_PER_DUMP = 4;
/** Of all texts together, each of them written as JSON once more. */
const MAX_INFLATION = 4 * TEXT_PER_DUMP;
const [pack, unpack] = [promisify(gzip), promisify(gunzip)];

export const madeCall = ({ namespace, method, positional, named }: SentCall): MadeCall => ({
  ...{ namespace, method },
  hash: createHash('sha256').update(`${positional}\0${named}`).digest('base64'),
});

/** Undefined: the calls are the same as before, as far as there were any. Else what was done in place of what. */
export function divergence(ledger: Ledger, calls: readonly SentCall[]): string | undefined {
  for (const call of calls) {
    const before = ledger.calls[call.id - 1];
    const now = madeCall(call);
    if (before === undefined) return `it called ${pathOf(now)}, which it had not`;
    if (before.namespace !== now.namespace || before.method !== now.method)
      return `it called ${pathOf(now)} where it had called ${pathOf(before)}`;
    if (before.hash !== now.hash) return `it called ${pathOf(now)} with other arguments`;
  }
  return undefined;
}

const pathOf = ({ namespace, method }: MadeCall): string => (namespace === '' ? method : `${namespace}.${method}`);

/** Throws GatewayError `sandbox_state_too_large`. */
export async function encodeSession(session: SavedSession, limits: SandboxLimits): Promise<Uint8Array> {
  const text = Buffer.from(JSON.stringify(session));
  if (text.length > MAX_INFLATION * limits.maxDumpBytes) throw tooLarge(limits);
  const dump = await pack(text);
  if (dump.length > limits.maxDumpBytes) throw tooLarge(limits);
  return dump;
}

/** Throws GatewayError `sandbox_state_invalid`. Whoever kept it has sealed it: its checksum tells damage, not malice. */
export async function decodeSession(dump: Uint8Array, limits: SandboxLimits): Promise<SavedSession> {
  try {
    const text = await unpack(dump, { maxOutputLength: MAX_INFLATION * limits.maxDumpBytes });
    const saved = JSON.parse(text.toString()) as SavedSession;
    if (typeof saved.variables === 'string' && Array.isArray(saved.dropped)) return { ...saved, ledger: saved.ledger };
  } catch {
    // Told below.
  }
  throw new GatewayError('sandbox_state_invalid', 'it is damaged');
}
