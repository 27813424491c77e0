/** The parts of the configuration, file's and store's together, and how stored ones are changed: checked as a whole, then written. */

import type { ConfigProblem } from '../../../contracts/config.ts';
import {
  CONFIG_KINDS,
  type ConfigKind,
  type ConfigObject,
  type ConfigObjects,
  type ConfigWrite,
} from '../../../contracts/config-objects.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ObjectConflict, type ObjectStore, type ObjectWrite, type StoredObject } from '../../../contracts/objects.ts';
import type { RecordSealer } from '../../../contracts/sealing.ts';
import { type JsoncNode, positionAt } from '../../../lib/jsonc.ts';
import { type Composed, composeConfig, type LoadFile, stateKey } from './compose-config.ts';
import { fileEntries } from './file-entries.ts';
import { findInFile } from './graft.ts';
import type { StoredGuard } from './guard-part.ts';
import { hideSecrets, sealSecrets } from './secrets-within.ts';

export interface ConfigObjectsDeps {
  readonly store: Pick<ObjectStore, 'list' | 'find' | 'write'>;
  readonly load: LoadFile;
  readonly sealer: RecordSealer;
  /** What the operator allows, as it was at the start. */
  readonly guard: StoredGuard;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly file: string;
  /** Reads the file's text, for line numbers. */
  readonly readText: () => string;
}

export interface StoredConfig extends ConfigObjects {
  /** File and store as one configuration. */
  compose(): Promise<Composed>;
}

const PAGE = 500;

export function createConfigObjects(deps: ConfigObjectsDeps): StoredConfig {
  const { store, sealer } = deps;

  const readKind = async (kind: ConfigKind): Promise<readonly StoredObject[]> => {
    const all: StoredObject[] = [];
    for (;;) {
      const page = await store.list(kind, { limit: PAGE, afterId: all.at(-1)?.id });
      all.push(...page);
      if (page.length < PAGE) return all;
    }
  };
  const readAll = async (): Promise<readonly StoredObject[]> => (await Promise.all(CONFIG_KINDS.map(readKind))).flat();

  const showStored = (object: StoredObject, { states }: Composed): ConfigObject => {
    const kind = object.kind as ConfigKind;
    const state = states.get(stateKey(kind, object.name)) ?? { state: 'broken', problems: [] };
    return {
      ...{ kind, name: object.name, owner: 'store', place: undefined, version: object.version },
      ...{ body: hideSecrets(kind, object.body), state: state.state, problems: state.problems },
    };
  };

  const list = async (kind: ConfigKind): Promise<readonly ConfigObject[]> => {
    const all = await readAll();
    const composed = await composeConfig(deps, all);
    const inFile = composed.file === undefined ? [] : showFile(deps, composed.file, kind);
    return [...inFile, ...all.filter((object) => object.kind === kind).map((object) => showStored(object, composed))];
  };

  return {
    list,
    async find(kind, name) {
      const named = (await list(kind)).filter((object) => object.name === name);
      return named.find(({ owner }) => owner === 'file') ?? named[0];
    },
    compose: async () => composeConfig(deps, await readAll()),
    async write(writes, origin) {
      const before = await readAll();
      const composedBefore = await composeConfig(deps, before);
      const problems: ConfigProblem[] = [];
      const toWrite: ObjectWrite[] = [];
      const touched: StoredObject[] = [];
      for (const [i, write] of writes.entries()) {
        const stored = before.find(({ kind, name }) => kind === write.kind && name === write.name);
        const asObject = toObjectWrite(write, stored);
        if (composedBefore.file !== undefined && findInFile(composedBefore.file, write.kind, write.name) !== undefined)
          if (write.action !== 'delete') throw new ObjectConflict('exists', asObject);
        if (write.action === 'delete') {
          toWrite.push(asObject);
          continue;
        }
        const at = writes.length === 1 ? '' : `[${i}]`;
        const { body, missing, refused } = sealSecrets(sealer, write.kind, write.name, write.body, stored?.body);
        for (const path of missing)
          problems.push(problemAt(`${at}${path}`, 'there is no secret here to keep', 'write it'));
        for (const path of refused)
          problems.push(problemAt(`${at}${path}`, sealer.refusal() ?? '', 'or write a reference to the secret here'));
        if (write.name === '' || write.name.length > 200)
          problems.push(problemAt(`${at}name`, 'expected 1 to 200 characters', 'give it a name'));
        toWrite.push({ ...asObject, ...('body' in asObject && { body }) } as ObjectWrite);
        touched.push(asStored(write, body, stored));
      }
      if (problems.length > 0) return { ok: false, problems };
      const gone = new Set(writes.map(({ kind, name }) => stateKey(kind, name)));
      const after = [...before.filter(({ kind, name }) => !gone.has(stateKey(kind, name))), ...touched];
      const composed = await composeConfig(deps, inOrder(after));
      const news = newlyBroken(composedBefore, composed);
      if (news.length > 0) return { ok: false, problems: news };
      return { ok: true, objects: await store.write(toWrite, origin, deps.now()) };
    },
  };
}

/** Kinds as they are read, and within a kind as they were made: what is new comes last. */
function inOrder(objects: readonly StoredObject[]): readonly StoredObject[] {
  return CONFIG_KINDS.flatMap((kind) => objects.filter((object) => object.kind === kind));
}

/** Problems of what was well before, or was not there. */
function newlyBroken(before: Composed, after: Composed): readonly ConfigProblem[] {
  return [...after.states].flatMap(([key, { state, problems }]) =>
    state === 'broken' && before.states.get(key)?.state !== 'broken' ? nonEmpty(key, problems) : [],
  );
}

function nonEmpty(key: string, problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.length > 0 ? problems : [problemAt('', `${key} cannot be part of the configuration`, undefined)];
}

function problemAt(path: string, message: string, remedy: string | undefined): ConfigProblem {
  return { path, line: undefined, column: undefined, message, remedy };
}

/** In the store, a part's id is its name. */
function toObjectWrite(write: ConfigWrite, stored: StoredObject | undefined): ObjectWrite {
  const { action, kind, name } = write;
  const base = { kind, id: stored?.id ?? name };
  if (action === 'delete') return { action, ...base, ifVersion: write.ifVersion };
  if (action === 'create') return { action, ...base, name, body: write.body };
  return { action, ...base, name, body: write.body, ifVersion: write.ifVersion };
}

function asStored(write: ConfigWrite, body: JsonObject, stored: StoredObject | undefined): StoredObject {
  const { kind, name } = write;
  const times = { createdAtMs: stored?.createdAtMs ?? 0, updatedAtMs: 0 };
  return { kind, id: stored?.id ?? name, name, body, version: (stored?.version ?? 0) + 1, isDeleted: false, ...times };
}

/** Entries of one kind in the file. */
function showFile(deps: ConfigObjectsDeps, root: JsoncNode, kind: ConfigKind): readonly ConfigObject[] {
  let text: string | undefined;
  return fileEntries(root, kind).map(({ name, start, body }) => {
    text ??= deps.readText();
    return {
      ...{ kind, name, owner: 'file', version: undefined, state: 'in-force', problems: [] },
      place: { file: deps.file, line: positionAt(text, start).line },
      body: hideSecrets(kind, body),
    };
  });
}
