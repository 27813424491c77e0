/** What calls cost, added up by what the trail knows, and by the labels of their keys. */

import type { AdminSpend, SpendSum } from '../contracts/admin-ports.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ObjectKind, ObjectStore, StoredObject } from '../contracts/objects.ts';
import type { KeyBody, TeamBody, UserBody } from '../contracts/shapes/directory.ts';
import type { CostSum } from '../platform/audit/sum-costs.ts';
import { listAll } from './commands/open-objects.ts';
import type { TrailReading } from './open-stores.ts';

type FileOwned = Pick<GatewayConfig, 'keys' | 'people'>;

/** What a key counts for. */
interface Owner {
  readonly id: string | undefined;
  readonly name: string | undefined;
}

const NOBODY: Owner = { id: undefined, name: undefined };

export function createAdminSpend(deps: {
  readonly objects: Pick<ObjectStore, 'list'>;
  readonly reader: Pick<TrailReading, 'costs'>;
  readonly config: () => FileOwned;
  /** Everything handed over so far is in the trail. */
  readonly flush: () => Promise<void>;
}): AdminSpend {
  return {
    async sum(by, { label, ...filter }) {
      await deps.flush();
      switch (by) {
        case 'team':
        case 'user':
        case 'organization': {
          const known = [...(await listAll(deps.objects, by)), ...(deps.config().people ?? [])];
          const names = new Map(known.map(({ id, name }) => [id, name]));
          // The trail knows them by their ids.
          return (await deps.reader.costs(by, filter)).map(({ name: id, ...sum }) =>
            pick({ ...sum, id, name: names.get(id ?? '') ?? id }),
          );
        }
        case 'label':
          return addUp(await deps.reader.costs('key', filter), await createOwnerOf(deps, label ?? ''));
        default:
          return (await deps.reader.costs(by, filter)).map(({ keyId, ...sum }) => pick({ ...sum, id: keyId }));
      }
    },
  };
}

function pick({ name, id, calls, priced, microUsd, inputTokens, outputTokens }: SpendSum): SpendSum {
  return { name, id, calls, priced, microUsd, inputTokens, outputTokens };
}

function addUp(sums: readonly CostSum[], ownerOf: (keyId: string | undefined) => Owner): readonly SpendSum[] {
  const all = new Map<string, SpendSum>();
  for (const sum of sums) {
    const owner = ownerOf(sum.keyId);
    const place = JSON.stringify([owner.id ?? null, owner.name ?? null]);
    const before = all.get(place) ?? { ...owner, calls: 0, priced: 0, microUsd: 0, inputTokens: 0, outputTokens: 0 };
    all.set(place, {
      ...owner,
      calls: before.calls + sum.calls,
      priced: before.priced + sum.priced,
      microUsd: before.microUsd + sum.microUsd,
      inputTokens: before.inputTokens + sum.inputTokens,
      outputTokens: before.outputTokens + sum.outputTokens,
    });
  }
  return [...all.values()].sort((a, b) => b.microUsd - a.microUsd || b.calls - a.calls);
}

/** As keys belong now: a key that moved takes what it spent along. */
async function createOwnerOf(
  { objects, config }: { readonly objects: Pick<ObjectStore, 'list'>; readonly config: () => FileOwned },
  label: string,
): Promise<(keyId: string | undefined) => Owner> {
  const { keys: fileKeys, people = [] } = config();
  const read = async (kind: ObjectKind): Promise<ReadonlyMap<string, Pick<StoredObject, 'body'>>> => {
    const ofFile = people.filter(({ type }) => type === kind);
    return new Map([...(await listAll(objects, kind)), ...ofFile].map((object) => [object.id, object]));
  };
  const [keys, users, teams, organizations] = await Promise.all([
    read('key'),
    read('user'),
    read('team'),
    read('organization'),
  ]);

  const ofFile = new Map(fileKeys.map(({ name, labels }) => [`config:${name}`, labels?.[label]]));

  return (keyId) => {
    if (keyId !== undefined && ofFile.has(keyId)) return { id: undefined, name: ofFile.get(keyId) };
    const key = keys.get(keyId ?? '')?.body as KeyBody | undefined;
    if (key === undefined) return NOBODY;
    const user = users.get(key.user ?? '');
    const team = teams.get(key.team ?? '');
    const organizationId =
      (team?.body as TeamBody | undefined)?.organization ??
      (user?.body as UserBody | undefined)?.organization ??
      key.organization;
    const organization = organizations.get(organizationId ?? '');
    const nearest = [key.labels, user?.body.labels, team?.body.labels, organization?.body.labels];
    const value = nearest.map((labels) => (labels as KeyBody['labels'] | undefined)?.[label]).find(Boolean);
    return { id: undefined, name: value };
  };
}
