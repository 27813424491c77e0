/** Puts a finished row into the trail from outside the gateway: what a person decides with the command line. */

import { randomBytes } from 'node:crypto';
import type { SealKey } from '../../contracts/sealing.ts';
import type { CallFinish, CallIntent } from '../../contracts/trail.ts';
import { createRandomIds } from '../../lib/random-ids.ts';
import { inTransaction } from '../stores/sqlite/open-database.ts';
import { openStore } from '../stores/sqlite/open-store.ts';
import { createFoldStatements } from './fold-statements.ts';
import { decodeLine, encodeRecord, type JournalLine } from './journal-line.ts';

export type DecisionRow = Pick<
  CallIntent,
  'kind' | 'serverId' | 'name' | 'target' | 'arguments' | 'runId' | 'suggestionId'
>;
export type DecisionLine = Extract<JournalLine, { readonly type: 'record' }>;

/** The journal's own spelling, so that bounds and columns are those of every other row. */
export function encodeDecision(row: DecisionRow): DecisionLine {
  const nowMs = Date.now();
  const id = createRandomIds().uuid7(nowMs);
  const intent: CallIntent = {
    ...row,
    id,
    parentId: undefined,
    traceId: randomBytes(16).toString('hex'),
    atMs: nowMs,
    surface: 'cli',
    keyId: undefined,
    keyName: undefined,
    client: undefined,
  };
  const finish: CallFinish = { id, result: 'ok', error: undefined, resultBytes: 0, totalMs: 0, upstreamMs: 0 };
  const line = decodeLine(encodeRecord(intent, finish).trimEnd());
  if (line?.type !== 'record') throw new Error('the row cannot be put into the trail');
  return line;
}

/** Straight into the store, beside a running gateway or without one. Throws if it cannot be written. */
export function appendRow(dataDir: string, line: DecisionLine, key?: SealKey): void {
  const db = openStore(dataDir);
  try {
    const isSigned = db.prepare('SELECT 1 FROM trail_chain_base WHERE mac IS NOT NULL').get() !== undefined;
    if (isSigned && key === undefined) throw new Error(NO_KEY);
    const statements = createFoldStatements(db, key);
    inTransaction(db, () =>
      statements.withSeq((nextSeq) => statements.insert(nextSeq, RUN_ID, line.columns, line.finish)),
    );
  } finally {
    db.close();
  }
}

/** For people. */
export const NO_KEY =
  'the trail is signed, and its key is not known here: set PORTCULLIS_MASTER_KEY as the gateway has it';

/** Of no gateway's. */
export const RUN_ID = 'cli';
