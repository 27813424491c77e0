/** Change control over definitions: decides once per offer what clients may see, remembers it, and writes it into the trail. */

import type {
  DefinitionCounts,
  DefinitionPolicy,
  DefinitionRecord,
  DefinitionStore,
  DefinitionVersion,
} from '../../contracts/definitions.ts';
import type { Log } from '../../contracts/log.ts';
import type { Trail } from '../../contracts/trail.ts';
import type { Offer, ServerRegistry } from '../../contracts/upstream.ts';
import { DEFAULT_POLICY } from '../../domain/definitions/decide-definition.ts';
import { concerns, indexNames, type NamesOfServer, namesOfServer } from '../../domain/definitions/scan-across.ts';
import { createRecordVerdicts } from './record-verdicts.ts';
import { type Reading, type Review, recordKey, reviewOffer } from './review-offer.ts';

export interface Definitions {
  /** What clients may see of an offer; the same object for the same offer until something was decided anew. */
  govern(serverId: string, offer: Offer): Offer;
  /** Policies of the configuration now in force; servers without one have the defaults. */
  use(servers: readonly { readonly id: string; readonly definitions?: DefinitionPolicy | undefined }[]): void;
  /** Reads decisions of other processes; true if there were any. Call it about once a second. */
  refresh(): boolean;
  /** Of what the server offers now; undefined before its first offer. */
  counts(serverId: string): DefinitionCounts | undefined;
}

export interface DefinitionsDeps {
  readonly store: DefinitionStore;
  readonly trail: Trail;
  readonly registry: Pick<ServerRegistry, 'current' | 'onEvent'>;
  readonly log: Log;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomHex: (digits: number) => string;
}

interface ServerMemory {
  records: ReadonlyMap<string, DefinitionRecord> | undefined;
  readings: ReadonlyMap<string, Reading>;
  offered: Offer | undefined;
  /** Moves on when something else than the offer may lead to another decision. */
  epoch: number;
  governed: Offer | undefined;
  current: readonly DefinitionRecord[];
}

/** A tool that came or went. */
interface MovedTool {
  readonly serverId: string;
  readonly name: string;
  readonly shape: string;
}

/** Another process decided while we did; more often in a row than this it does not happen. */
const MAX_ATTEMPTS = 5;

export function createDefinitions(deps: DefinitionsDeps): Definitions {
  const { store, registry, log } = deps;
  const memory = new Map<string, ServerMemory>();
  const names = new Map<string, { readonly tools: Offer['tools']; readonly names: NamesOfServer }>();
  const recordVerdicts = createRecordVerdicts(deps);
  let policies: ReadonlyMap<string, DefinitionPolicy> = new Map();
  let version = store.version();
  let index = indexNames([]);
  let epoch = 0;

  /** Follows the names of all tools: a new one can turn definitions of other servers into shadows and lookalikes. */
  const followNames = (): void => {
    const running = registry.current();
    const moved: MovedTool[] = [];
    const move = (before: NamesOfServer | undefined, after: NamesOfServer | undefined): void => {
      for (const [each, other] of [
        [before, after],
        [after, before],
      ])
        for (const [name, shape] of each?.shapes ?? [])
          if (!other?.shapes.has(name)) moved.push({ serverId: each?.serverId ?? '', name, shape });
    };
    for (const [id, known] of names) {
      if (running.has(id)) continue;
      names.delete(id);
      memory.delete(id);
      move(known.names, undefined);
    }
    for (const [id, server] of running) {
      const tools = server.offer()?.tools;
      const before = names.get(id);
      if (tools === undefined || before?.tools === tools) continue;
      const made = namesOfServer(
        id,
        tools.map(({ name }) => name),
      );
      names.set(id, { tools, names: made });
      move(before?.names, made);
    }
    if (moved.length === 0) return;
    index = indexNames([...names.values()].map((each) => each.names));
    for (const [id, known] of memory) if (isConcerned(id, known, moved)) known.epoch = -1;
  };

  const review = (serverId: string, offer: Offer, known: ServerMemory): Review => {
    known.records ??= new Map(
      shareTexts(store.list(serverId), offer).map((record) => [recordKey(record.kind, record.name), record]),
    );
    return reviewOffer({
      serverId,
      offer,
      policy: policies.get(serverId) ?? DEFAULT_POLICY,
      records: known.records,
      readings: known.readings,
      index,
      nowMs: deps.now(),
    });
  };

  /** True if the decisions are in the store, or cannot be: then they hold for this run and are made again in the next. */
  const keep = (serverId: string, known: ServerMemory, made: Review): boolean => {
    const { verdicts } = made;
    if (verdicts.length === 0) return true;
    try {
      const records = verdicts.map(({ record }) => record);
      if (!store.save(records, version)) {
        version = store.version();
        for (const each of memory.values()) each.records = undefined;
        epoch++;
        return false;
      }
    } catch (error) {
      log.error('decisions about definitions cannot be stored', { server: serverId, error });
    }
    const all = new Map(known.records);
    for (const { record } of verdicts) all.set(recordKey(record.kind, record.name), record);
    known.records = all;
    recordVerdicts(serverId, verdicts);
    return true;
  };

  const govern = (serverId: string, offer: Offer): Offer => {
    followNames();
    let known = memory.get(serverId);
    if (known === undefined) {
      known = { records: undefined, readings: new Map(), offered: undefined, epoch, governed: undefined, current: [] };
      memory.set(serverId, known);
    }
    if (known.offered === offer && known.epoch === epoch && known.governed !== undefined) return known.governed;
    let made = review(serverId, offer, known);
    for (let attempt = 1; !keep(serverId, known, made) && attempt < MAX_ATTEMPTS; attempt++)
      made = review(serverId, offer, known);
    if (made.faults.length > 0 && known.offered !== offer)
      log.warn('definitions that no client may see are left out', {
        server: serverId,
        count: made.faults.length,
        faults: made.faults.slice(0, 5),
      });
    const isSame = known.governed !== undefined && known.offered === offer && sameItems(known.governed, made.offer);
    known.offered = offer;
    known.epoch = epoch;
    known.governed = isSame ? known.governed : made.offer;
    known.current = made.current;
    known.readings = made.readings;
    return known.governed ?? made.offer;
  };

  registry.onEvent((event) => {
    if (event.type !== 'offer-changed') return;
    // At once, whether or not a client ever lists: what was offered is known from when it was offered.
    const offer = registry.current().get(event.serverId)?.offer();
    if (offer !== undefined) govern(event.serverId, offer);
  });

  return {
    govern,
    use(servers) {
      policies = new Map(
        servers.flatMap(({ id, definitions }) => (definitions === undefined ? [] : [[id, definitions] as const])),
      );
      epoch++;
    },
    refresh() {
      const stored = store.version();
      if (stored === version) return false;
      version = stored;
      for (const each of memory.values()) each.records = undefined;
      epoch++;
      return true;
    },
    counts(serverId) {
      const known = memory.get(serverId);
      if (known?.governed === undefined) return undefined;
      const count = (state: DefinitionRecord['state']): number =>
        known.current.filter((record) => record.state === state).length;
      return {
        pinned: count('pinned'),
        changed: count('changed'),
        held: count('held'),
        rejected: count('rejected'),
        suspicious: known.current.filter(({ findings }) => findings.some(({ severity }) => severity !== 'low')).length,
      };
    },
  };
}

/** Whether tools that came or went on other servers can change what is found here. */
function isConcerned(id: string, { readings }: ServerMemory, moved: readonly MovedTool[]): boolean {
  const elsewhere = moved.filter(({ serverId }) => serverId !== id);
  if (elsewhere.length === 0) return false;
  const words = new Set(elsewhere.flatMap(({ serverId, name }) => [name, `${serverId}__${name}`]));
  const shapes = new Set(elsewhere.map(({ shape }) => shape));
  for (const reading of readings.values())
    if (!('fault' in reading) && concerns(reading.mentions, { words, shapes })) return true;
  return false;
}

/** Two views of one offer that show the same, so that nothing need be built anew. */
function sameItems(a: Offer, b: Offer): boolean {
  const same = (x: readonly { text: string }[], y: readonly { text: string }[]): boolean =>
    x.length === y.length && x.every((item, at) => item.text === y[at]?.text);
  return (
    same(a.tools, b.tools) &&
    same(a.prompts, b.prompts) &&
    same(a.resources, b.resources) &&
    same(a.templates, b.templates) &&
    a.instructions === b.instructions
  );
}

/** What is in force is mostly what is offered: then one text serves both, however many there are. */
function shareTexts(records: readonly DefinitionRecord[], offer: Offer): readonly DefinitionRecord[] {
  const offered = new Map([...offer.tools, ...offer.prompts].map(({ text }) => [text, text]));
  const shared = (version: DefinitionVersion | undefined): DefinitionVersion | undefined =>
    version?.text === undefined ? version : { ...version, text: offered.get(version.text) ?? version.text };
  return records.map((record) => ({ ...record, pinned: shared(record.pinned), other: shared(record.other) }));
}
