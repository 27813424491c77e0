/** Variables between the runs of a session: put away after each, sealed, for the key that it belongs to. */

import { createHash } from 'node:crypto';
import type { Call } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { SandboxEngine, SandboxSession } from '../../contracts/sandbox.ts';
import { callerOf } from '../grants.ts';
import type { KeptStates } from './kept-states.ts';

export interface KeptSessionsDeps {
  readonly states: KeptStates;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** After the last run; 0: nothing is kept. */
  readonly keepMs: number;
}

interface KeptSession {
  readonly engine: string;
  readonly dump: string;
}

const ID_DIGITS = 48;

export function createKeptSessions({ states, now, keepMs }: KeptSessionsDeps) {
  const idOf = (call: Call, session: string): string =>
    createHash('sha256')
      .update(`${callerOf(call).keyId}\0${session}`)
      .digest('hex')
      .slice(0, ID_DIGITS);

  return {
    /** One for each session of each key. */
    idOf,
    /** `version`: of the engine. */
    async find(call: Call, name: string, version: string): Promise<Uint8Array | undefined> {
      const text = await states.find(idOf(call, name), 'session', callerOf(call).keyId);
      if (text === undefined) return undefined;
      const kept = JSON.parse(text) as KeptSession;
      // Another version cannot read it: a script that uses a variable finds out by its name.
      return kept.engine === version ? Buffer.from(kept.dump, 'base64') : undefined;
    },
    /** False: it is too large, or nothing is left of it. */
    async keep(call: Call, name: string, engine: SandboxEngine, session: SandboxSession): Promise<boolean> {
      if (keepMs === 0 || !session.isAlive) return false;
      const dump = await dumpOf(session);
      if (dump === undefined) return false;
      const kept: KeptSession = { engine: engine.version, dump: dump.toString('base64') };
      return states.put({
        ...{ id: idOf(call, name), kind: 'session', keyId: callerOf(call).keyId, text: JSON.stringify(kept) },
        expiresAtMs: now() + keepMs,
      });
    },
  };
}

/** Undefined: it is too large to be kept. */
export async function dumpOf(session: SandboxSession): Promise<Buffer | undefined> {
  try {
    return Buffer.from(await session.dump());
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'sandbox_state_too_large') return undefined;
    throw error;
  }
}
