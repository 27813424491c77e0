/** The admin API on the parts of this gateway: each port of `edges/admin` from what is there anyway. */

import type { AdminAccounts, AdminSessions } from '../contracts/admin.ts';
import type { AdminCatalogue, AdminTrail, FileObject, LimitStanding } from '../contracts/admin-ports.ts';
import type { ApprovalDesk } from '../contracts/approvals.ts';
import type { OAuthGrantDesk } from '../contracts/authorization-server.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ConfigObjects } from '../contracts/config-objects.ts';
import type { DefinitionStore } from '../contracts/definitions.ts';
import type { Explainer } from '../contracts/explain.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { UsageLimits } from '../contracts/limits.ts';
import type { Log } from '../contracts/log.ts';
import type { ModelProvider } from '../contracts/models.ts';
import type { ObjectStore } from '../contracts/objects.ts';
import type { Sealer } from '../contracts/sealing.ts';
import { KeyShape } from '../contracts/shapes/directory.ts';
import type { Trail } from '../contracts/trail.ts';
import type { ServerRegistry } from '../contracts/upstream.ts';
import { ADMIN_RULES } from '../domain/admin/permissions.ts';
import { operationsFor } from '../edges/admin/operations.ts';
import { createAdminRoute } from '../edges/admin/serve-admin.ts';
import type { Route } from '../edges/http/exchange.ts';
import type { LiveCatalog } from '../pipeline/live-catalog.ts';
import { createModelDirectory } from '../pipeline/models/model-directory.ts';
import { createAdminDefinitions } from './admin-definitions.ts';
import { createAdminSpend } from './admin-spend.ts';
import { createNoteDecision } from './note-decision.ts';
import type { Executions } from './open-executions.ts';
import type { Stores, TrailReading } from './open-stores.ts';
import { createRunDesk } from './run-desk.ts';

export interface AdminApiDeps {
  readonly objects: ObjectStore;
  readonly config: () => GatewayConfig;
  readonly registry: Pick<ServerRegistry, 'current'>;
  readonly catalog: Pick<LiveCatalog, 'current'>;
  readonly providers: () => ReadonlyMap<string, ModelProvider>;
  readonly definitionStore: DefinitionStore;
  readonly trail: Pick<Trail, 'record' | 'flush'>;
  readonly stores: Pick<Stores, 'trail' | 'idempotency'>;
  readonly approvals: ApprovalDesk;
  readonly executions: Pick<Executions, 'suggestions' | 'approvals' | 'runs'>;
  readonly sealer: Sealer;
  readonly accounts: AdminAccounts;
  readonly oauthGrants: OAuthGrantDesk;
  /** Undefined: people cannot sign in. */
  readonly sessions: AdminSessions | undefined;
  /** Undefined: there is only the file. */
  readonly configObjects: ConfigObjects | undefined;
  /** Undefined: nothing can tell. */
  readonly explain: Explainer | undefined;
  /** Undefined: nothing can tell. */
  readonly standings: ((keyId: string) => Promise<readonly LimitStanding[] | undefined>) | undefined;
  /** Of a user, by id or name. */
  readonly userId: (nameOrId: string) => string | undefined;
  readonly identity: { readonly name: string; readonly version: string };
  readonly log: Log;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly newId: () => string;
  readonly randomHex: (digits: number) => string;
}

export interface AdminApi {
  readonly route: Route;
}

/** The stores stay open. */
export async function openAdminApi(deps: AdminApiDeps): Promise<AdminApi> {
  const { objects, config, trail, stores, sealer, sessions, standings, identity, log, now, monotonicMs } = deps;
  const reader = await stores.trail();
  const idempotency = await stores.idempotency();
  const flush = () => trail.flush();
  const ports = {
    accounts: deps.accounts,
    oauthGrants: deps.oauthGrants,
    ...{
      objects,
      rules: ADMIN_RULES,
      identity,
      standings,
      config: deps.configObjects,
      explain: deps.explain,
      approvals: deps.approvals,
    },
    fileObjects: (kind: string) => (kind === 'key' ? fileKeys(config(), deps.userId) : filePeople(config(), kind)),
    trail: createAdminTrail(reader, flush),
    spend: createAdminSpend({ objects, reader, flush, config }),
    catalogue: createCatalogue(deps),
    definitions: createAdminDefinitions({ ...deps, store: deps.definitionStore }),
    runs: createRunDesk({ ...deps.executions, trail: reader, flush, note: createNoteDecision(deps), now }),
  };
  const publicUrl = () => config().listen.publicUrl;
  return {
    route: createAdminRoute(
      { ...ports, idempotency, sealer, sessions, log, now, monotonicMs, publicUrl },
      operationsFor(ports),
    ),
  };
}

function createAdminTrail(reader: Pick<TrailReading, 'newest'>, flush: () => Promise<void>): AdminTrail {
  return {
    async list({ beforeSeq, limit, ...filter }) {
      await flush();
      return reader.newest(filter, beforeSeq, limit);
    },
    async find(id) {
      await flush();
      return (await reader.newest({ id }, undefined, 1))[0];
    },
  };
}

function createCatalogue({ registry, catalog, providers, monotonicMs }: AdminApiDeps): AdminCatalogue {
  const directory = createModelDirectory({ monotonicMs });
  return {
    servers: () => [...registry.current().values()].map((server) => server.status()),
    tools: () =>
      catalog.current().sorted.tools.map(({ serverId, exposed, name, ownText, tool }) => {
        const { description } = JSON.parse(ownText) as { readonly description?: unknown };
        return {
          ...{ server: serverId, name: exposed, ownName: name },
          description: typeof description === 'string' ? description : undefined,
          isReadOnly: tool?.readOnly ?? false,
        };
      }),
    async models() {
      const lists = [...providers().values()].map(async (provider) => {
        const { id, models } = provider.config;
        const listed = (await directory.modelsOf(provider)).map((model) => model.name);
        const names = new Set([...models, ...listed].filter((model) => !model.includes('*')));
        return [...names].map((model) => ({ provider: id, model }));
      });
      return (await Promise.all(lists)).flat();
    },
  };
}

function filePeople({ file, people = [] }: GatewayConfig, kind: string): readonly FileObject[] {
  return people
    .filter((level) => level.type === kind)
    .map(({ id, name, body, line }) => ({ id, name, source: { file, line }, body }));
}

/** Keys that are written in the file, in the words of those that are stored. */
function fileKeys({ file, keys }: GatewayConfig, userId: (name: string) => string | undefined): readonly FileObject[] {
  return keys.map(({ name, grant, limits, user, levels = [], labels = {} }) => {
    const above = (type: string): string | undefined => levels.find((level) => level.type === type)?.id;
    const team = above('team');
    // Of a key of a team, the organisation is the team's.
    const organization = team === undefined ? above('organization') : undefined;
    const owner = user === undefined ? {} : { type: 'personal', user: userId(user.name) ?? user.name };
    const belongs = { ...owner, team, organization, labels };
    return {
      ...{ id: `config:${name}`, name, source: { file, line: undefined } },
      body: JSON.parse(
        JSON.stringify(
          KeyShape.parse({ name, grant, ...belongs, limits: limits && writtenLimits(limits), secrets: [] }),
        ),
      ) as JsonObject,
    };
  });
}

function writtenLimits({ budgets, ...rates }: UsageLimits): object {
  return {
    ...JSON.parse(JSON.stringify(rates)),
    budgets: budgets.map(({ maxMicroUsd, ...budget }) => ({ ...budget, maxUsd: maxMicroUsd / 1_000_000 })),
  };
}
