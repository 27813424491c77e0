/** The one way of every admin request: authenticate, permit, check, do once, answer. */

import { randomUUID } from 'node:crypto';
import type { AdminActor, AdminSessions, IdempotencyStore, KeptAnswer } from '../../contracts/admin.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import { ObjectConflict } from '../../contracts/objects.ts';
import type { Sealer } from '../../contracts/sealing.ts';
import type { ErrorDialect, Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import type { AdminDeps } from './admin-deps.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import type { Operation } from './define-operation.ts';
import { isKnown, readIfMatch, renderEtag } from './etag.ts';
import { once } from './once.ts';
import { faulty, sendProblem } from './problem.ts';
import { readRequest } from './read-request.ts';

export interface ServeAdminDeps extends AdminDeps {
  /** Undefined: people cannot sign in; tokens can be used all the same. */
  readonly sessions: AdminSessions | undefined;
  readonly idempotency: IdempotencyStore;
  readonly sealer: Sealer;
  readonly log: Log;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** Where browsers reach the gateway, if that is not what they write into `Host`. */
  readonly publicUrl: () => string | undefined;
}

const MAX_BODY_BYTES = 1_048_576;
const BASE = '/api/v1';

interface Match {
  readonly operation: Operation;
  readonly params: { readonly [name: string]: string };
}

/** What is no request yet - a path that cannot be read, a strange Host - is a problem here, too. */
export const adminErrors: ErrorDialect = { under: BASE, send: sendProblem };

export function createAdminRoute(deps: ServeAdminDeps, operations: readonly Operation[]): Route {
  const authenticate = createAuthenticate(deps);
  const inOrder = createQueue();
  const serve = createServe(deps, operations, authenticate, inOrder);
  return (exchange) => {
    const [first, second] = exchange.segments;
    if (first !== 'api' || second !== 'v1') return false;
    return serve(exchange).catch((error: unknown) => sendProblem(exchange, knownError(error, deps.log)));
  };
}

function createServe(
  deps: ServeAdminDeps,
  operations: readonly Operation[],
  authenticate: Authenticate,
  inOrder: <T>(work: () => Promise<T>) => Promise<T>,
): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    checkOrigin(exchange, deps.publicUrl());
    const path = exchange.segments.slice(2);
    const matches = operations.flatMap((operation) => matchPath(operation, path));
    const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
    const match = matches.find(({ operation }) => operation.method === method);
    // Before anything else is said: strangers hear only that they are strangers.
    const actor = match?.operation.permission === 'public' ? undefined : await authenticate(exchange);
    if (matches.length === 0) throw new GatewayError('unknown_server', `there is no ${BASE}/${path.join('/')}`);
    if (match === undefined) throw methodNotAllowed(matches.map(({ operation }) => operation.method).join(', '));
    checkPermission(deps, match.operation, actor);

    const body = await readBody(exchange, match.operation);
    const ifVersion = readIfMatch(exchange.header('if-match'), match.operation.precondition);
    const request = readRequest(match.operation, { params: match.params, query: exchange.query, body });
    const run = (): Promise<KeptAnswer> =>
      perform(deps, match.operation, { ...request, ifVersion }, actor ?? NOBODY, exchange.header('if-none-match'));
    // Rules that look at several objects hold only if nobody changes them in between.
    const inTurn = (): Promise<KeptAnswer> => (method === 'GET' ? run() : inOrder(run));

    const key = exchange.header('idempotency-key');
    if (key === undefined || method === 'GET') return send(exchange, await inTurn());
    if (method !== 'POST')
      throw faulty([
        {
          in: 'header',
          pointer: 'Idempotency-Key',
          detail: 'only POST takes one: PUT and DELETE may be repeated anyway',
        },
      ]);
    const fingerprint = JSON.stringify([method, exchange.segments, [...exchange.query], body ?? '']);
    const { answer, isRepeated } = await once(
      { ...deps, store: deps.idempotency },
      { key, actorId: actor?.id ?? '', request: fingerprint },
      inTurn,
    );
    send(exchange, isRepeated ? { ...answer, headers: { ...answer.headers, 'Idempotency-Replayed': 'true' } } : answer);
  };
}

const NOBODY: AdminActor = { type: 'admin-token', id: '', name: '', role: 'member' };

/** A browser's page of another origin has no business here, whatever CORS allows elsewhere. */
function checkOrigin(exchange: Exchange, publicUrl: string | undefined): void {
  const origin = exchange.header('origin');
  if (origin === undefined) return;
  const own = /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase() === exchange.header('host')?.toLowerCase();
  if (!own && origin !== publicUrl) throw new GatewayError('forbidden_origin');
}

/** `{id}` takes one segment that is not empty. */
function matchPath(operation: Operation, path: readonly string[]): readonly Match[] {
  const steps = operation.path.slice(1).split('/');
  if (steps.length !== path.length) return [];
  const params: { [name: string]: string } = {};
  for (const [i, step] of steps.entries()) {
    const name = /^\{(\w+)\}$/.exec(step)?.[1];
    const segment = path[i] ?? '';
    if (name === undefined ? step !== segment : segment === '') return [];
    if (name !== undefined) params[name] = segment;
  }
  return [{ operation, params }];
}

function checkPermission({ rules }: AdminDeps, { permission }: Operation, actor: AdminActor | undefined): void {
  if (permission === 'public' || permission === 'anyone') return;
  if (actor === undefined || !rules.allows(actor.role, permission))
    throw new GatewayError(
      'forbidden',
      `it takes the permission ${permission}, which the role ${actor?.role} does not have`,
      {
        data: { permission },
      },
    );
}

/** Undefined: none was sent. */
async function readBody(exchange: Exchange, operation: Operation): Promise<string | undefined> {
  if (Number(exchange.header('content-length') ?? 0) > MAX_BODY_BYTES)
    throw new GatewayError('body_too_large', `at most ${MAX_BODY_BYTES} bytes`);
  const isSent = exchange.header('content-length') !== undefined || exchange.header('transfer-encoding') !== undefined;
  if (!isSent || (operation.body === undefined && exchange.header('content-length') === '0')) return undefined;
  const text = await exchange.body();
  if (Buffer.byteLength(text) > MAX_BODY_BYTES)
    throw new GatewayError('body_too_large', `at most ${MAX_BODY_BYTES} bytes`);
  return text;
}

async function perform(
  deps: ServeAdminDeps,
  operation: Operation,
  request: {
    readonly params: unknown;
    readonly query: unknown;
    readonly body: unknown;
    readonly ifVersion: number | undefined;
  },
  actor: AdminActor,
  ifNoneMatch: string | undefined,
): Promise<KeptAnswer> {
  const { type, id, name } = actor;
  const via = type === 'user' ? 'console' : 'api';
  const origin = { actor: { type, id, name }, via } as const;
  const done = await operation.handle(deps, { ...request, actor, origin, nowMs: deps.now() });
  const headers = {
    'Cache-Control': 'no-store',
    ...(done.version !== undefined && { ETag: renderEtag(done.version) }),
    ...(done.location !== undefined && { Location: `${BASE}${done.location}` }),
    ...(done.nextCursor !== undefined && {
      Link: `<?${new URLSearchParams({ ...(request.query as object), cursor: done.nextCursor })}>; rel="next"`,
    }),
  };
  if (operation.method === 'GET' && done.version !== undefined && isKnown(ifNoneMatch, done.version))
    return { status: 304, headers, body: '' };
  return { status: operation.status, headers, body: JSON.stringify(operation.answer.parse(done.body)) };
}

function send(exchange: Exchange, { status, headers, body }: KeptAnswer): void {
  if (body === '') exchange.sendEmpty(status, headers);
  else exchange.sendJson(status, body, headers);
}

/** What the store says, as the API says it; what nobody foresaw is logged, and told as nothing more than that. */
function knownError(error: unknown, log: Log): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof ObjectConflict) {
    const { kind, id } = error.write;
    if (error.reason === 'missing') return new GatewayError('unknown_object', `${kind} ${id}`);
    if (error.reason === 'others')
      return new GatewayError('changed_meanwhile', 'somebody else changed roles just now; try again');
    if (error.reason === 'version') return new GatewayError('changed_meanwhile', `${kind} ${id}`);
    return new GatewayError('conflict', `there is another ${kind} of this name or id`);
  }
  const correlationId = randomUUID();
  log.error('an admin request failed for an unexpected reason', { correlationId, error });
  return new GatewayError('internal', undefined, { data: { correlationId } });
}

const MAX_WAITING = 1_000;

/** One after the other, whatever becomes of those before. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (work) => {
    if (waiting >= MAX_WAITING) throw new GatewayError('too_many', 'too many changes wait their turn');
    waiting++;
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      waiting--;
    }
  };
}
