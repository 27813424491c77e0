/** Parts of the configuration: servers, providers, toolsets, aliases, routes, rules - the file's to see, the store's to change. */

import { z } from 'zod';
import type { ConfigProblem } from '../../../contracts/config.ts';
import type { ConfigKind, ConfigObject, ConfigObjects, ConfigWrite } from '../../../contracts/config-objects.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { ChangeOrigin } from '../../../contracts/objects.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { faulty } from '../problem.ts';
import { faultOfProblem } from './part-faults.ts';
import { NoParams, NoQuery } from './words.ts';

const Body = z.record(z.string(), z.unknown());

const ProblemView = z.strictObject({ path: z.string(), message: z.string(), remedy: z.string().nullable() });

const ObjectView = z.strictObject({
  name: z.string(),
  owner: z.enum(['store', 'file']).describe('`file`: written in the configuration file, and changed only there.'),
  source: z.strictObject({ file: z.string(), line: z.int() }).nullable(),
  version: z.int().min(0).describe('What its ETag is made of. 0: owned by the file.'),
  state: z
    .enum(['in-force', 'shadowed', 'broken'])
    .describe('`shadowed`: the file has one of the same name, and wins. `broken`: left out, for the problems named.'),
  problems: z.array(ProblemView),
  body: Body.describe('As an entry of the file; `{ "hidden": true }` where a secret is.'),
});

const NameParams = z.strictObject({ name: z.string().min(1).max(200).describe('Its name.') });
const Create = z.strictObject({
  name: z.string().min(1).max(200),
  body: Body.describe('As an entry of the file. `{ "hidden": true }` keeps a secret that is there.'),
});
const Replace = Create.omit({ name: true });

const viewOfProblem = ({ path, message, remedy }: ConfigProblem) => ({ path, message, remedy: remedy ?? null });

function viewOfObject({ name, owner, place, version, body, state, problems }: ConfigObject) {
  const shown = { name, owner, source: place ?? null, version: version ?? 0, state, body };
  return { ...shown, problems: problems.map(viewOfProblem) };
}

function portOf({ config }: AdminDeps): ConfigObjects {
  if (config === undefined) throw new Error('an operation on the configuration without its port');
  return config;
}

/** Throws GatewayError `invalid_params` with everything that is wrong, `unknown_object`, `owned_by_file`. */
async function write(deps: AdminDeps, change: ConfigWrite, origin: ChangeOrigin): Promise<void> {
  const known = await portOf(deps).find(change.kind, change.name);
  if (known?.owner === 'file')
    throw new GatewayError('owned_by_file', `edit ${known.place?.file}, line ${known.place?.line}`, {
      data: { source: known.place ?? null },
    });
  if (known === undefined && change.action !== 'create')
    throw new GatewayError('unknown_object', `${change.kind} ${change.name}`);
  const result = await portOf(deps).write([change], origin);
  if (result.ok) return;
  throw faulty(result.problems.map((problem) => faultOfProblem(change.kind, problem)));
}

async function read(deps: AdminDeps, kind: ConfigKind, name: string): Promise<ConfigObject> {
  const found = await portOf(deps).find(kind, name);
  if (found === undefined) throw new GatewayError('unknown_object', `${kind} ${name}`);
  return found;
}

const PLURALS: { readonly [kind in ConfigKind]: readonly [plural: string, title: string] } = {
  server: ['servers', 'Server'],
  provider: ['providers', 'Provider'],
  toolset: ['toolsets', 'Toolset'],
  alias: ['aliases', 'Alias'],
  route: ['routes', 'Route'],
  'policy-rule': ['policy-rules', 'PolicyRule'],
  webhook: ['webhooks', 'Webhook'],
};

function operationsOf(kind: ConfigKind): readonly Operation[] {
  const [plural, title] = PLURALS[kind];
  const words = { tag: 'configuration', query: NoQuery, status: 200, needs: 'config', params: NameParams } as const;
  const one = `/${plural}/{name}`;
  return [
    defineOperation({
      ...{ ...words, id: `list${title}Objects`, method: 'GET', path: `/${plural}`, permission: 'config:read' },
      ...{ summary: `List ${plural}: those of the file, then the stored`, params: NoParams, precondition: 'none' },
      answer: z.strictObject({ items: z.array(ObjectView) }),
      async handle(deps) {
        return { body: { items: (await portOf(deps).list(kind)).map(viewOfObject) } };
      },
    }),
    defineOperation({
      ...{
        ...words,
        id: `create${title}`,
        method: 'POST',
        path: `/${plural}`,
        permission: 'config:write',
        status: 201,
      },
      ...{ summary: `Store a ${kind}; the whole configuration is checked first`, params: NoParams, body: Create },
      ...{ answer: ObjectView, precondition: 'none', problems: ['conflict', 'owned_by_file'] },
      async handle(deps, { body: { name, body }, origin }) {
        await write(deps, { action: 'create', kind, name, body }, origin);
        const made = await read(deps, kind, name);
        return { body: viewOfObject(made), version: made.version, location: `/${plural}/${encodeURIComponent(name)}` };
      },
    }),
    defineOperation({
      ...{ ...words, id: `get${title}`, method: 'GET', path: one, permission: 'config:read', answer: ObjectView },
      ...{ summary: `Read a ${kind}`, precondition: 'none', problems: ['unknown_object'] },
      async handle(deps, { params }) {
        const found = await read(deps, kind, params.name);
        return { body: viewOfObject(found), version: found.version };
      },
    }),
    defineOperation({
      ...{ ...words, id: `replace${title}`, method: 'PUT', path: one, permission: 'config:write', answer: ObjectView },
      ...{ summary: `Replace a stored ${kind}; the whole configuration is checked first`, body: Replace },
      ...{ precondition: 'required', problems: ['unknown_object', 'owned_by_file', 'conflict'] },
      async handle(deps, { params: { name }, body: { body }, ifVersion, origin }) {
        await write(deps, { action: 'update', kind, name, body, ifVersion }, origin);
        const now = await read(deps, kind, name);
        return { body: viewOfObject(now), version: now.version };
      },
    }),
    defineOperation({
      ...{
        ...words,
        id: `delete${title}`,
        method: 'DELETE',
        path: one,
        permission: 'config:write',
        answer: ObjectView,
      },
      ...{ summary: `Delete a stored ${kind}; refused where others need it`, precondition: 'optional' },
      problems: ['unknown_object', 'owned_by_file', 'conflict'],
      async handle(deps, { params: { name }, ifVersion, origin }) {
        const before = await read(deps, kind, name);
        await write(deps, { action: 'delete', kind, name, ifVersion }, origin);
        return { body: viewOfObject(before) };
      },
    }),
  ];
}

export const configOperations: readonly Operation[] = (Object.keys(PLURALS) as ConfigKind[]).flatMap(operationsOf);
