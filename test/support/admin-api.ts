/** The admin API on a real server and real stores; only what other parts of a gateway would answer is made up. */

import { ROLES, type Role } from '../../src/contracts/admin.ts';
import type { AdminTrailRow, CatalogueTool, LimitStanding } from '../../src/contracts/admin-ports.ts';
import type { ApprovalDesk } from '../../src/contracts/approvals.ts';
import type { ConfigObject, ConfigObjects } from '../../src/contracts/config-objects.ts';
import type { DefinitionRecord } from '../../src/contracts/definitions.ts';
import type { Explanation } from '../../src/contracts/explain.ts';
import { type ChangeOrigin, ObjectConflict, type ObjectStore } from '../../src/contracts/objects.ts';
import type { RunDesk } from '../../src/contracts/runs.ts';
import { AdminTokenShape, UserShape } from '../../src/contracts/shapes/directory.ts';
import type { ServerStatus } from '../../src/contracts/upstream.ts';
import { foldUserName } from '../../src/domain/accounts/user-name.ts';
import { ADMIN_RULES } from '../../src/domain/admin/permissions.ts';
import { createTimeline, summarizeRun } from '../../src/domain/runs/timeline.ts';
import type { Operation } from '../../src/edges/admin/define-operation.ts';
import { operationsFor } from '../../src/edges/admin/operations.ts';
import { adminErrors, createAdminRoute } from '../../src/edges/admin/serve-admin.ts';
import { createHttpServer } from '../../src/edges/http/http-server.ts';
import { createAccessToken } from '../../src/lib/access-token.ts';
import { createSealer } from '../../src/platform/sealing/create-sealer.ts';
import { openSealKeyFile } from '../../src/platform/sealing/key-file.ts';
import { keysOf } from '../../src/platform/sealing/seal-key.ts';
import { openIdempotencyStore } from '../../src/platform/stores/sqlite/idempotency.ts';
import { openObjectStore } from '../../src/platform/stores/sqlite/objects.ts';
import { type AdminSite, APPROVAL_ID, GRANT, RUN_ID } from './admin-site.ts';
import { approval } from './approval-store-suite.ts';
import { agentRun } from './run-store-suite.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';

export const SETUP: ChangeOrigin = { actor: { type: 'operator', id: 'test', name: 'test' }, via: 'cli' };

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of the text; undefined if there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
}

export interface AskOptions {
  /** Whose admin token; default owner. `null`: none. */
  readonly as?: Role | null;
  /** A person with a session instead: id of the user. */
  readonly session?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly rawBody?: string | Buffer;
  readonly headers?: { readonly [name: string]: string };
}

export interface StartedAdmin {
  readonly url: string;
  readonly dataDir: string;
  readonly objects: ObjectStore;
  readonly operations: readonly Operation[];
  /** Secrets. */
  readonly tokens: { readonly [role in Role]: string };
  readonly tokenIds: { readonly [role in Role]: string };
  /** Lines of the log that tell of failures of ours. */
  readonly failures: readonly string[];
  ask(method: string, path: string, options?: AskOptions): Promise<Asked>;
  /** Makes a user who has a session as long as they are there. */
  addUser(
    id: string,
    body: { readonly name: string; readonly role?: Role; readonly [member: string]: unknown },
  ): Promise<void>;
  /** How many changes there were. */
  seq(): Promise<number>;
  readonly virtualKey: string;
  resetApproval: AdminSite['resetApproval'];
  resetGrant: AdminSite['resetGrant'];
  settled: AdminSite['settled'];
  state: AdminSite['state'];
  readonly known: AdminSite['known'];
  readonly hidden: readonly string[];
}

/** The current time of its clock can be moved with `advance`. */
export async function startAdmin(
  cleanup: Cleanup,
  options: { readonly now?: () => number; readonly monotonicMs?: () => number } = {},
): Promise<StartedAdmin> {
  const { now = Date.now, monotonicMs = () => performance.now() } = options;
  const dataDir = await createTempDir(cleanup);
  const objects = openObjectStore({ dataDir });
  const idempotency = openIdempotencyStore({ dataDir });
  const failures: string[] = [];
  const complain = (message: string, fields?: object): void => {
    const error = (fields as { error?: unknown } | undefined)?.error;
    failures.push(`${message} ${error instanceof Error ? error.stack : JSON.stringify(fields)}`);
  };

  const tokens: { [role in Role]?: string } = {};
  const tokenIds: { [role in Role]?: string } = {};
  for (const role of ROLES) {
    const { token, hash, prefix } = createAccessToken('pca');
    const body = AdminTokenShape.parse({ name: role, role, secrets: [{ hash, prefix, createdAtMs: 1 }] });
    const id = `token_${role}`;
    await objects.write([{ action: 'create', kind: 'admin-token', id, name: role, body }], SETUP, 1);
    tokens[role] = token;
    tokenIds[role] = id;
  }

  const deps = {
    ...{ objects, rules: ADMIN_RULES, identity: { name: 'portcullis', version: '1.2.3' } },
    accounts: {
      foldName: foldUserName,
      invite: async (id: string) => ({ url: `http://gateway.test/invite/${id}`, expiresAtMs: 1 }),
      endSessions: async () => undefined,
      forget: async () => undefined,
    },
    fileObjects: (kind: string) => (kind === 'key' ? [FILE_KEY] : []),
    trail: { list: async () => [CALL], find: async (id: string) => (id === CALL.id ? CALL : undefined) },
    spend: { sum: async () => [] },
    catalogue: { tools: () => TOOLS, models: async () => [{ provider: 'p', model: 'm' }], servers: () => [STATUS] },
    definitions: { list: async () => [DEFINITION], decide: async () => DEFINITION },
    standings: async (keyId: string) => (keyId === 'key_1' ? STANDINGS : undefined),
    config: createFakeConfig(),
    explain: { explain: async () => EXPLANATION },
    runs: createFakeRuns(),
    approvals: createFakeApprovals(),
    oauthGrants: {
      list: async () => [GRANT],
      find: async (id: string) => (id === GRANT.id ? GRANT : undefined),
      end: async () => undefined,
    },
  };
  const operations = operationsFor(deps);
  const route = createAdminRoute(
    {
      ...deps,
      idempotency,
      sealer: createSealer(keysOf(openSealKeyFile(dataDir), [])),
      sessions: {
        async find(request) {
          const id = /^session=(\w+)$/.exec(request.header('cookie') ?? '')?.[1];
          const user = id === undefined ? undefined : await objects.find('user', id);
          if (user === undefined) return undefined;
          return { type: 'user', id: user.id, name: user.name, role: user.body.role as Role, sessionId: 's' };
        },
        csrfToken: () => 'right',
        checkCsrf: (request) =>
          request.header('x-portcullis-csrf') === 'right' ? { allowed: true } : { allowed: false, reason: 'no token' },
      },
      log: { debug() {}, info() {}, warn: complain, error: complain },
      ...{ now, monotonicMs, publicUrl: () => undefined },
    },
    operations,
  );
  const http = createHttpServer({
    routes: [route],
    dialects: [adminErrors],
    log: { debug() {}, info() {}, warn: complain, error: complain },
    limits: { maxBodyBytes: 33_554_432 },
    allowed: () => ({ hosts: [], origins: [] }),
  });
  const { url } = await http.listen('127.0.0.1', 0);
  cleanup.after(async () => {
    await http.close(100);
    await objects[Symbol.asyncDispose]();
    await idempotency[Symbol.asyncDispose]();
  });

  const seq = async (): Promise<number> => (await objects.changes({ limit: 1 }))[0]?.seq ?? 0;
  return {
    ...{ url, dataDir, objects, operations, failures },
    tokens: tokens as StartedAdmin['tokens'],
    tokenIds: tokenIds as StartedAdmin['tokenIds'],
    async ask(method, path, { as = 'owner', session, body, rawBody, headers = {} } = {}) {
      const auth: { [name: string]: string } = {};
      if (session !== undefined) Object.assign(auth, { cookie: `session=${session}`, 'x-portcullis-csrf': 'right' });
      else if (as !== null) auth.authorization = `Bearer ${tokens[as]}`;
      const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { ...auth, ...(sent !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(sent !== undefined && { body: sent as string }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, text, body: text === '' ? undefined : JSON.parse(text) };
    },
    async addUser(id, body) {
      const user = UserShape.parse(body);
      await objects.write(
        [{ action: 'create', kind: 'user', id, name: foldUserName(user.name), body: JSON.parse(JSON.stringify(user)) }],
        SETUP,
        1,
      );
    },
    seq,
    virtualKey: `pck_${'b'.repeat(43)}`,
    resetApproval: async () => undefined,
    resetGrant: async () => undefined,
    settled: async () => undefined,
    state: async () => String(await seq()),
    hidden: Object.values(tokens),
    known: {
      ...{ server: 'github', definition: { name: 'get', hash: 'a'.repeat(64) }, callId: 'call_1' },
      parts: { servers: {}, providers: {}, toolsets: {}, aliases: {}, routes: {}, 'policy-rules': {}, webhooks: {} },
    },
  };
}

export const FILE_KEY = {
  ...{ id: 'config:ci', name: 'ci', source: { file: '/portcullis.json', line: 12 } },
  body: { name: 'ci', type: 'service', grant: { allow: ['*'], deny: [], toolsets: [] }, labels: {}, secrets: [] },
};

const TOOLS: readonly CatalogueTool[] = [
  { server: 'github', name: 'github__get', ownName: 'get', description: undefined, isReadOnly: true },
];

const CALL: AdminTrailRow = {
  ...{
    seq: 7,
    id: 'call_1',
    parentId: undefined,
    traceId: 'a'.repeat(32),
    atMs: 1,
    kind: 'tools.call',
    surface: 'mcp',
  },
  ...{ keyId: 'key_1', keyName: 'k', serverId: 'github', name: 'github__get', target: 'get', client: undefined },
  ...{ arguments: '{}', result: 'ok', error: undefined, resultBytes: 2, totalMs: 1.5, upstreamMs: 1 },
};

const STATUS: ServerStatus = {
  ...{ id: 'github', state: 'failed', sinceMs: 1, transport: 'http', era: undefined, protocolVersion: undefined },
  ...{ lastFailure: { stage: 'connect', message: 'refused', atMs: 1 }, problems: [], restarts: 0 },
  ...{ tools: 1, prompts: 0, resources: 0 },
};

const EXPLANATION: Explanation = {
  ...{ verdict: 'refused', code: 'unknown_tool', reason: 'no pattern allows it', limits: [] },
  rules: [{ step: 'authorize', level: undefined, rule: undefined, verdict: 'refuses', reason: 'no pattern allows it' }],
};

const STANDINGS: readonly LimitStanding[] = [
  {
    level: { type: 'key', id: 'key_1', name: 'k' },
    what: 'money',
    per: 'day UTC',
    on: undefined,
    max: 5,
    used: undefined,
  },
];

const DEFINITION: DefinitionRecord = {
  ...{ serverId: 'github', kind: 'tool', name: 'get', state: 'held', reason: 'change', pinned: undefined },
  ...{ pinnedBy: undefined, other: { hash: 'a'.repeat(64), text: '{}', atMs: 1 }, findings: [], firstSeenMs: 1 },
};

/** Stored parts of a configuration that holds one server of the file. */
function createFakeConfig(): ConfigObjects {
  const all = new Map<string, ConfigObject>();
  const place = (kind: string, name: string): string => `${kind} ${name}`;
  all.set(place('server', 'filed'), {
    ...{
      kind: 'server',
      name: 'filed',
      owner: 'file',
      place: { file: '/portcullis.json', line: 3 },
      version: undefined,
    },
    ...{ body: { url: 'https://x.test' }, state: 'in-force', problems: [] },
  });
  return {
    list: async (kind) => [...all.values()].filter((each) => each.kind === kind),
    find: async (kind, name) => all.get(place(kind, name)),
    async write(writes) {
      for (const write of writes) {
        const key = place(write.kind, write.name);
        const known = all.get(key);
        const conflict = { action: 'delete', kind: write.kind, id: write.name, ifVersion: undefined } as const;
        if (write.action === 'create' && known !== undefined) throw new ObjectConflict('exists', conflict);
        if (write.action !== 'create' && write.ifVersion !== undefined && write.ifVersion !== known?.version)
          throw new ObjectConflict('version', conflict);
        if (write.action === 'delete') all.delete(key);
        else if ('command' in write.body)
          return {
            ok: false,
            problems: [
              {
                path: `mcpServers.${write.name}.command`,
                line: undefined,
                column: undefined,
                message: 'not allowed',
                remedy: 'Ask.',
              },
            ],
          };
        else
          all.set(key, {
            ...{
              kind: write.kind,
              name: write.name,
              owner: 'store',
              place: undefined,
              version: (known?.version ?? 0) + 1,
            },
            ...{ body: write.body, state: 'in-force', problems: [] },
          });
      }
      return { ok: true, objects: [] };
    },
  };
}

/** One run that is under way, and is asked to end. */
function createFakeRuns(): RunDesk {
  let run = summarizeRun(agentRun(RUN_ID));
  return {
    list: async () => [run],
    timeline: async (id) =>
      id === RUN_ID
        ? { ...createTimeline({ id, run: undefined, rows: [], suggestions: [], approvals: [] }), run }
        : undefined,
    async cancel(id) {
      if (id !== RUN_ID) return 'unknown';
      run = { ...run, cancelRequested: true };
      return 'asked';
    },
  };
}

/** One approval, on which everybody may vote. */
function createFakeApprovals(): ApprovalDesk {
  const one = approval(APPROVAL_ID);
  const find = (id: string) => (id === APPROVAL_ID ? one : undefined);
  return {
    list: async () => [one],
    inspect: async (id) =>
      find(id) && { approval: one, arguments: '{"path":"/etc/passwd"}', editedArguments: undefined, recent: [] },
    vote: async ({ id }) =>
      find(id) ? { type: 'counted', approval: one } : { type: 'refused', refusal: 'unknown', approval: undefined },
    onChange: () => () => undefined,
  };
}
