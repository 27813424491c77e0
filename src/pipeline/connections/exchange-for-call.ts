/** What a caller's own access token does for calls of a server where tokens are got by exchange; it stays with the call. */

import type { Call } from '../../contracts/call.ts';
import type { ConnectionGate } from '../../contracts/connections.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ExchangeSubject } from '../../contracts/token-exchange.ts';
import { callerOf } from '../grants.ts';

/**
 * `connected`: there is a token. `by-themselves`: the caller came without what could be exchanged, and has to have connected.
 * Rejects with GatewayError.
 */
export async function exchangeForCall(
  { exchanges }: Pick<ConnectionGate, 'exchanges'>,
  call: Call,
  { serverId, userId }: { readonly serverId: string; readonly userId: string },
  refused?: string,
): Promise<'connected' | 'by-themselves'> {
  const wanted = exchanges?.exchangeOf(serverId);
  if (exchanges === undefined || wanted === undefined) return 'by-themselves';
  const subject = subjectOf(call, userId, wanted.issuer);
  if (subject !== undefined) {
    await exchanges.exchange(serverId, { ...subject, tool: toolOf(call) }, refused);
    return 'connected';
  }
  if (wanted.signIn) return 'by-themselves';
  const remedy = `call with an access token of ${wanted.issuer}, in place of a key or a token of another issuer`;
  throw exchangeRefused(call, serverId, remedy);
}

/** Whoever lists is about to call, and a server that lists to nobody else can be listed then. True: the caller has what it takes. */
export function exchangeAhead(
  { exchanges }: Pick<ConnectionGate, 'exchanges'>,
  call: Call,
  { serverId, userId }: { readonly serverId: string; readonly userId: string },
): boolean {
  const wanted = exchanges?.exchangeOf(serverId);
  const subject = wanted && subjectOf(call, userId, wanted.issuer);
  if (exchanges === undefined || subject === undefined) return false;
  // What goes wrong is in the log, and is told to the first call.
  exchanges.exchange(serverId, { ...subject, tool: undefined }).catch(() => undefined);
  return true;
}

export function exchangeRefused(call: Call, serverId: string, reason: string): GatewayError {
  const tool = toolOf(call);
  return new GatewayError('exchange_refused', `server "${serverId}": ${reason}`, {
    data: { server: serverId, ...(tool !== undefined && { tool }) },
  });
}

const toolOf = (call: Call): string | undefined => (call.kind === 'tools.call' ? call.name : undefined);

function subjectOf(call: Call, userId: string, issuer: string): Omit<ExchangeSubject, 'tool'> | undefined {
  const { credential } = call;
  if (credential?.admitted?.issuer !== issuer) return undefined;
  return { userId, keyId: callerOf(call).keyId, issuer, token: credential.token };
}
