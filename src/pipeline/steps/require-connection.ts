/**
 * Step: a call of a server at which each user has an account goes on once its user has connected one. Whoever has not is asked to,
 * in the way their client understands, before the call leaves, and again if the server refuses what was connected.
 */

import type { Call, McpOutcome, Next, Step } from '../../contracts/call.ts';
import type { GatewayConfig } from '../../contracts/config.ts';
import type { ConnectionGate } from '../../contracts/connections.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import type { RareStep } from '../compile.ts';
import {
  actionOf,
  CONNECT_QUESTION,
  connectionRequired,
  questionFor,
  renderQuestion,
  renderUrlRequired,
  userRequired,
  wayToAsk,
} from '../connections/ask-to-connect.ts';
import { exchangeForCall, exchangeRefused } from '../connections/exchange-for-call.ts';
import { waitUntilConnected } from '../connections/wait-until-connected.ts';
import type { Continuations } from '../continuations.ts';
import { callerOf, userOf } from '../grants.ts';
import { paramsOf } from '../intent.ts';
import { withoutAnswers } from '../without-answers.ts';

/** A modern client that is back too early is not sent away at once; shorter than any client's own patience. */
const EARLY_MS = 20_000;

export interface RequireConnectionDeps {
  readonly connections: ConnectionGate;
  /** Ids of servers that are called with accounts of users. */
  readonly perUser: ReadonlySet<string>;
  readonly continuations: Pick<Continuations, 'seal'>;
  /** A client has this long to have its person connect. */
  readonly limits: Pick<GatewayConfig['limits'], 'questionTimeoutMs'>;
}

interface Parties {
  readonly serverId: string;
  readonly userId: string;
  /** The connection that is there and does not do; undefined: there is none. */
  readonly before: string | undefined;
}

export function createRequireConnection(deps: RequireConnectionDeps): RareStep<Step> {
  const { connections, perUser } = deps;

  const partiesOf = (call: Call): Parties => {
    const { serverId = '' } = call.facts;
    const userId = userOf(callerOf(call));
    if (userId === undefined) throw userRequired(call, serverId);
    return { serverId, userId, before: connections.connectionOf(serverId, userId) };
  };

  const enter = async (call: Call, next: Next, mayAsk: boolean): Promise<McpOutcome> => {
    const { serverId, userId } = partiesOf(call);
    const came = await exchangeForCall(connections, call, { serverId, userId });
    const parties = partiesOf(call);
    // What came of an exchange is not for calls that could not have made it.
    const isForeign = came === 'by-themselves' && connections.exchanges?.isExchanged(serverId, userId) === true;
    if (parties.before === undefined || isForeign) return ask(call, next, parties, mayAsk, false);
    await connections.freshen(serverId, userId);
    try {
      return await next();
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'connection_required') throw error;
      if (connections.exchanges?.isExchanged(serverId, userId) === true) {
        await exchangeForCall(connections, call, { serverId, userId }, parties.before);
        return refusedTwice(call, serverId, next);
      }
      // 401 says that nothing was done.
      const present = connections.connectionOf(serverId, userId);
      const isAnother = present !== undefined && present !== parties.before;
      if (isAnother && mayAsk) return enter(call, next, false);
      return ask(call, next, parties, mayAsk, true);
    }
  };

  /** With a token that has just been got: another one like it would not help. */
  const refusedTwice = async (call: Call, serverId: string, next: Next): Promise<McpOutcome> => {
    try {
      return await next();
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'connection_required') throw error;
      throw exchangeRefused(call, serverId, 'the server refuses what the exchange brought');
    }
  };

  const ask = async (
    call: Call,
    next: Next,
    parties: Parties,
    mayAsk: boolean,
    wasSent: boolean,
  ): Promise<McpOutcome> => {
    const { serverId, userId } = parties;
    const way = mayAsk ? wayToAsk(call) : undefined;
    const url = await connections.linkFor(serverId, userId);
    // The server was not called.
    if (!wasSent) call.facts.cached = true;
    switch (way) {
      case 'questions': {
        const state = deps.continuations.seal(call, { type: 'connection', before: parties.before });
        return { type: 'result', text: renderQuestion(serverId, url, state), isError: false };
      }
      case 'error':
        return { type: 'rpc-error', text: renderUrlRequired(serverId, url, call.id) };
      case 'request': {
        if (!(await askByRequest(call, url, parties))) throw connectionRequired(call, serverId, url);
        delete call.facts.cached;
        return enter(call, next, false);
      }
      case undefined:
        throw connectionRequired(call, serverId, url);
    }
  };

  /** Whoever says that the page was opened has not connected yet; whoever has connected need not say anything. */
  const askByRequest = async (call: Call, url: string, parties: Parties): Promise<boolean> => {
    const { peer, signal } = call;
    const elicitationId = call.id;
    const done = new AbortController();
    const stop = (): void => done.abort();
    signal.addEventListener('abort', stop);
    const params = questionFor(parties.serverId, url, elicitationId);
    const connected = waitUntilConnected(connections, parties, {
      timeoutMs: deps.limits.questionTimeoutMs,
      signal: done.signal,
    });
    const refused = peer.ask?.('elicitation/create', params, done.signal).then(
      (reply) => 'error' in reply || actionOf(JSON.parse(reply.result)) !== 'accept',
      () => true,
    );
    try {
      const isRefused = await Promise.race([refused, connected.then(() => false)]);
      if (isRefused !== false) return false;
      const isConnected = await connected;
      if (signal.aborted) throw new GatewayError('cancelled');
      if (isConnected) peer.notify('notifications/elicitation/complete', JSON.stringify({ elicitationId }));
      return isConnected;
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  };

  /** A modern client comes back with what its person did. */
  const takeUp = async (call: Call, next: Next, before: string | undefined): Promise<McpOutcome> => {
    const given = call.params.value.inputResponses;
    const action = actionOf(isObject(given) ? given[CONNECT_QUESTION] : undefined);
    delete call.facts.continues;
    call.facts.params = withoutAnswers(paramsOf(call).text);
    const { serverId } = call.facts;
    if (serverId === undefined || !perUser.has(serverId)) return next();
    const parties = { ...partiesOf(call), before };
    const isRefused = action === 'decline' || action === 'cancel';
    const patience = { timeoutMs: isRefused ? 0 : EARLY_MS, signal: call.signal };
    if (await waitUntilConnected(connections, parties, patience)) return enter(call, next, true);
    if (call.signal.aborted) throw new GatewayError('cancelled');
    return ask(call, next, parties, !isRefused, false);
  };

  return {
    concerns: ({ facts: { serverId, continues } }) =>
      (serverId !== undefined && perUser.has(serverId)) || continues?.type === 'connection',
    step(call, next) {
      const { continues } = call.facts;
      return continues?.type === 'connection' ? takeUp(call, next, continues.before) : enter(call, next, true);
    },
  };
}
