/** The composition root: builds every part once and wires them together. Reads like a parts list. */

import type { TokenIssuer } from '../contracts/access-tokens.ts';
import { CODE_MODE } from '../contracts/codemode.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ConfigObjects } from '../contracts/config-objects.ts';
import type { Log } from '../contracts/log.ts';
import type { ServerRegistry } from '../contracts/upstream.ts';
import { adminErrors } from '../edges/admin/serve-admin.ts';
import type { Route } from '../edges/http/exchange.ts';
import { createHealthRoutes } from '../edges/http/health-routes.ts';
import { createHttpServer } from '../edges/http/http-server.ts';
import { createMcpRoutes } from '../edges/mcp/endpoint.ts';
import { createModernMcp } from '../edges/mcp/rev-2026/modern-mcp.ts';
import { createRandomIds } from '../lib/random-ids.ts';
import { createDefinitions } from '../pipeline/definitions/definitions.ts';
import { createLiveDirectory } from '../pipeline/directory/live-directory.ts';
import { createGateway, type SwappableGateway } from '../pipeline/gateway.ts';
import { createLiveCatalog } from '../pipeline/live-catalog.ts';
import { lockDataDir } from '../platform/audit/lock-data-dir.ts';
import { openTrail } from '../platform/audit/open-trail.ts';
import type { LoadFile } from '../platform/config/stored/compose-config.ts';
import { openModelCatalog } from '../platform/model-catalog/open-model-catalog.ts';
import { openSandboxes } from '../platform/sandbox/open-sandboxes.ts';
import { openSealing } from '../platform/sealing/open-sealing.ts';
import { createCallMeter } from '../platform/telemetry/call-meter.ts';
import { createProcessMeter } from '../platform/telemetry/process-figures.ts';
import { createHttpClient } from '../upstreams/http/client.ts';
import type { InProcessServer } from '../upstreams/mcp/link.ts';
import { createOpenLink } from '../upstreams/mcp/open-link.ts';
import { createServerRegistry } from '../upstreams/mcp/registry.ts';
import { createAnswerReaders } from '../upstreams/models/answer-readers.ts';
import { createProviders } from '../upstreams/models/create-providers.ts';
import { createOpenApiSources } from '../upstreams/openapi/open-api-source.ts';
import { type AdminApi, openAdminApi } from './admin-api.ts';
import { browserUrl } from './browser-url.ts';
import { createFirstKey } from './create-first-key.ts';
import { describeReadiness } from './describe-readiness.ts';
import { createExplainer } from './explainer.ts';
import { followDirectory } from './follow-directory.ts';
import { keepHouse } from './keep-house.ts';
import { createStandings } from './limit-standings.ts';
import { createMetrics } from './metrics.ts';
import { createModelRoutes } from './model-routes.ts';
import { openApprovals } from './open-approvals.ts';
import { openAuthorization } from './open-authorization.ts';
import {
  openConnectionDesk,
  openConnectionGate,
  openServerCredentials,
  openSignInCallback,
} from './open-connections.ts';
import { openExecutions } from './open-executions.ts';
import { openLimits } from './open-limits.ts';
import { type OpenPeople, openPeople } from './open-people.ts';
import { openStores } from './open-stores.ts';
import { createPublicUrl } from './public-url.ts';
import { reportToolsets } from './report-toolsets.ts';
import { createStoredConfig } from './stored-config.ts';

const DEFINITION_POLL_MS = 500;
const CLOSE_GRACE_MS = 5_000;
/** Told apart if the configuration gets its metrics section only later. */
const MAX_METERED_TOOLS = 1_000;
const MAX_METERED_SERVERS = 1_000;

export interface AppOptions {
  readonly config: GatewayConfig;
  readonly dataDir: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly identity: { readonly name: string; readonly version: string };
  readonly log: Log;
  readonly inProcess: ReadonlyMap<string, InProcessServer>;
  /** Reads the configuration file again. Left out: `config` stays, and stored parts of a configuration are not used. */
  readonly loadFile?: LoadFile | undefined;
  /** Another configuration is in force. */
  readonly onApplied?: ((config: GatewayConfig) => void) | undefined;
  /** Where chance decides among models, and on pauses; 0 to 1, exclusive. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

export interface App extends AsyncDisposable {
  readonly gateway: SwappableGateway;
  readonly registry: ServerRegistry;
  /** Access tokens of our own authorization server. */
  readonly tokens: TokenIssuer;
  /** Creates the first key if nobody could get in otherwise; returns its secret, the only time it is known. */
  createFirstKey(): Promise<string | undefined>;
  countKeys(): number;
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /** Puts a checked configuration in force. Calls in flight finish on the one they began with. */
  apply(config: GatewayConfig): Promise<void>;
  /** Reads file and store again and puts what they say in force, if it is valid; what is wrong goes to the log. */
  reload(): void;
  /** Parts of the configuration, file's and store's; undefined: there is no file to build on. */
  readonly configObjects: ConfigObjects | undefined;
}

/** Everything is built, nothing listens yet. Throws if another gateway holds the data directory. */
export async function assemble(options: AppOptions): Promise<App> {
  const { config, dataDir, log, identity } = options;
  const now = Date.now;
  const monotonicMs = () => performance.now();
  const ids = createRandomIds();
  const newId = () => ids.uuid7(now());

  const lock = lockDataDir(dataDir);
  const stores = await openStores({
    ...{ dataDir, database: config.database, log },
    trailKeys: async () => sealing.forTrail,
  }).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  const objects = await stores.objects();
  let inForce = config;
  const directory = createLiveDirectory({ store: objects, ofFile: () => inForce.people ?? [] });
  await directory.refresh();
  const sealing = openSealing({ dataDir, config: config.sealing, isShared: config.database !== undefined });
  const { sync, maxAgeDays, maxSizeMb } = config.audit;
  const trail = await openTrail({
    ...{ dataDir, sync, maxAgeDays, maxSizeMb, log },
    ...{ postgres: stores.folding, key: sealing.forTrail?.current },
  });
  // What runs before this one left in their journals is spent, too.
  await trail.flush();
  const outbound = createHttpClient();
  const limits = await openLimits({
    ...{ stores, http: outbound, now, monotonicMs, random: options.random, log },
    ...{ config: () => inForce, persist: () => trail.persist?.() },
  });
  const openApi = createOpenApiSources({ http: outbound, identity, log });
  const publicUrl = createPublicUrl(() => inForce.listen.publicUrl);
  const linking = { sealer: sealing.forClients, publicUrl: publicUrl.settled, now };
  const credentials = await openServerCredentials({
    ...{ stores, sealer: sealing.forRecords, now, log, publicUrl: publicUrl.settled },
    ...{ servers: () => inForce.servers, registry: () => registry, directory },
  });
  const registry = createServerRegistry({
    openLink: createOpenLink({ baseEnv: options.environment, http: outbound, openApi, credentials }),
    ...{ log, identity, limits: config.limits, inProcess: options.inProcess, credentials },
  });
  const definitionStore = await stores.definitions();
  const definitions = createDefinitions({
    ...{ store: definitionStore, trail, registry, log, now, newId, randomHex: ids.hex },
  });
  definitions.use(config.servers);
  const catalog = createLiveCatalog({ registry, govern: definitions.govern });
  const meter = createCallMeter({
    maxTools: config.metrics?.maxTools ?? MAX_METERED_TOOLS,
    maxServers: MAX_METERED_SERVERS,
  });
  const processMeter = createProcessMeter();
  const makeProviders = ({ providers }: GatewayConfig) =>
    createProviders({ http: outbound, now, randomHex: ids.hex }, providers ?? []);
  let providers = makeProviders(config);
  let modelCatalog = await openModelCatalog(config.providers ?? []);
  const executions = await openExecutions(stores, sealing.forRecords, log);
  const sandboxes = openSandboxes({
    ...{ config: () => inForce.codeMode ?? CODE_MODE, path: options.environment.PATH, monotonicMs, log },
  });
  let ownTokens: OpenPeople['tokens'] | undefined;
  const authorization = openAuthorization({
    ...{ directory, trail, log, now, monotonicMs, newId, randomHex: ids.hex, baseUrl: publicUrl.now },
    config: () => inForce.authorization,
    own: () => (inForce.authorizationServer === undefined ? undefined : ownTokens),
  });
  const gateway = createGateway(
    {
      ...{ registry, catalog, tokens: authorization.tokens },
      providers: () => providers,
      ...{ limitStore: limits.limitStore, ownLimitStore: limits.ownLimitStore, tell: limits.tell },
      modelCatalog: () => modelCatalog,
      ...{ trail, directory },
      ...{ ...executions, sandboxes, readers: createAnswerReaders() },
      sealer: sealing.forClients,
      connections: openConnectionGate(credentials.connections, linking),
      ...{ now, monotonicMs, meter, log },
      ...{ random: options.random, randomHex: ids.hex },
    },
    config,
  );
  const house = await keepHouse({
    ...{ ...executions, stores, trail, now, newId, randomHex: ids.hex, random: options.random, log },
    config: gateway.config,
  });
  const approvals = await openApprovals({ executions, trail, config: gateway.config, tell: limits.tell, log, now });
  const people = await openPeople({
    ...{ stores, objects, directory, gateway, sealing, publicUrl, now, log },
    connections: openConnectionDesk(credentials.connections, { ...linking, directory, gateway }),
  });
  ownTokens = people.tokens;
  reportToolsets({ catalog, config: gateway.config, log });

  let stopping = false;
  const modern = createModernMcp({ gateway, log, identity, now, newId });
  const mcp = createMcpRoutes({ gateway, modern, log, identity, limits: () => gateway.config().limits, now, newId });
  const models = createModelRoutes({
    ...{ gateway, log, now, newId, approvals: executions.approvals },
    config: gateway.config,
    limits: () => gateway.config().limits,
  });
  const health = createHealthRoutes({
    isReady: () => !stopping,
    describe: (exchange) => describeReadiness({ gateway, registry, definitions, identity }, exchange),
  });
  const metrics = createMetrics({
    ...{ config: gateway.config, identity, meter, registry, mcp, trail, processMeter },
    queues: gateway.queueFigures,
  });
  let admin: AdminApi | undefined;
  const adminRoute: Route = (exchange) => admin?.route(exchange) ?? false;
  const http = createHttpServer({
    routes: [
      ...[...mcp.routes, ...models, ...health, metrics, authorization.route, adminRoute, ...people.routes],
      openSignInCallback(credentials, people.sessions),
    ],
    ...{ dialects: [adminErrors], openPaths: authorization.openPaths },
    log,
    limits: config.limits,
    allowed: () => ({ hosts: gateway.config().listen.allowedHosts, origins: gateway.config().listen.allowedOrigins }),
  });
  await registry.apply(config.servers);
  catalog.invalidate();
  const following = followDirectory({ objects, directory, onNews: () => gateway.refreshKeys(), log });
  // What somebody changed while all of this was being built.
  await following.now();
  const definitionPoll = setInterval(() => {
    if (definitions.refresh()) catalog.invalidate();
  }, DEFINITION_POLL_MS);
  definitionPoll.unref();

  const apply = async (next: GatewayConfig): Promise<void> => {
    // First: a new server may have offered something before anything else happens.
    definitions.use(next.servers);
    sealing.use(next.sealing);
    await registry.apply(next.servers);
    credentials.retain(next.servers);
    modelCatalog ??= await openModelCatalog(next.providers ?? []);
    providers = makeProviders(next);
    inForce = next;
    gateway.swap(next);
    options.onApplied?.(next);
  };
  const storedConfig =
    options.loadFile &&
    (await createStoredConfig({
      ...{ store: objects, load: options.loadFile, sealer: sealing.forRecords, now, log, apply },
      ...{ config, current: gateway.config },
    }));
  const known = { directory, limits: limits.limitStore, config: gateway.config };
  admin = await openAdminApi({
    ...{ objects, registry, catalog, definitionStore, trail, stores, sealer: sealing.forClients, identity, log },
    ...{ now, monotonicMs, newId, randomHex: ids.hex, config: gateway.config, oauthGrants: people.grants },
    ...{ providers: () => providers, configObjects: storedConfig?.objects, sessions: people.sessions },
    ...{ accounts: people.forAdmin, userId: directory.userId, executions, approvals: approvals.desk },
    explain: createExplainer({
      ...{ ...known, objects, definitions: definitionStore, clientGrants: { findGrant: people.grants.find } },
      ...{ config: gateway.config, catalog: catalog.current, now },
    }),
    standings: createStandings(known),
  });

  return {
    ...{ gateway, registry, apply, tokens: people.tokens, configObjects: storedConfig?.objects },
    reload: () => storedConfig?.reload(),
    async createFirstKey() {
      const secret = await createFirstKey(objects, gateway.config(), now());
      if (secret !== undefined) await following.now();
      return secret;
    },
    countKeys: () => directory.countKeys() + gateway.config().keys.length,
    async listen(host, port) {
      const address = await http.listen(host, port);
      publicUrl.listens(browserUrl(address));
      return address;
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      clearInterval(definitionPoll);
      following.stop();
      storedConfig?.[Symbol.dispose]();
      modern.closeAll();
      await mcp.closeAll();
      await http.close(CLOSE_GRACE_MS);
      await house[Symbol.asyncDispose]();
      await approvals[Symbol.asyncDispose]();
      processMeter[Symbol.dispose]();
      await sandboxes[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      credentials[Symbol.dispose]();
      await trail[Symbol.asyncDispose]();
      await limits[Symbol.asyncDispose]();
      await stores[Symbol.asyncDispose]();
      lock.release();
    },
  };
}
