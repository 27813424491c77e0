/** Whether tokens for a server can be got by exchange, as far as that shows without the token of a caller. */

import type { TokenExchangeConfig } from '../../contracts/token-exchange.ts';
import { findExchangeEndpoint, offersIdJag, TOKEN_EXCHANGE } from './exchange-token.ts';
import type { Members, Say } from './finding.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { describeFailure } from './refresh-tokens.ts';
import { ExchangeFailure, requestToken } from './request-token.ts';

const EXAMINE_MS = 20_000;

/** `metadata`: of the authorization server that the server names; undefined: it could not be read. */
export async function examineExchange(
  config: TokenExchangeConfig,
  metadata: Members | undefined,
  say: Say,
): Promise<void> {
  const step = 'token exchange';
  const fetchFn = createGuardedFetch(config.tokenEndpoint ?? config.issuer, AbortSignal.timeout(EXAMINE_MS));
  try {
    const { endpoint, authMethods } = await findExchangeEndpoint(config, fetchFn);
    // Without a subject: no issuer gives anything for that, and those that do not know the client say so.
    const form = { grant_type: TOKEN_EXCHANGE, subject_token: '', subject_token_type: '' };
    const failure = await requestToken(fetchFn, { client: config, endpoint, authMethods, form }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const text = failure instanceof ExchangeFailure ? failure.message : `${endpoint} answered`;
    if (failure instanceof ExchangeFailure && failure.kind === 'unavailable')
      say(step, 'wrong', text, 'Is the token endpoint reachable from here?');
    else if (/ (?:invalid_client|unauthorized_client|unsupported_grant_type|401|404)$/.test(text))
      say(
        step,
        'wrong',
        text,
        'Register the gateway there as a client that may exchange tokens; look at clientId, clientSecret.',
      );
    else say(step, 'ok', `${endpoint} answers; callers come with access tokens of ${config.issuer}`);
  } catch (error) {
    say(step, 'wrong', describeFailure(error), 'Look at tokenExchange.issuer, or set tokenExchange.tokenEndpoint.');
  }
  if (config.idJag === undefined) return;
  const { issuer } = config.idJag;
  if (metadata === undefined) say(step, 'skipped', `whether ${issuer} takes assertions (ID-JAG) cannot be found out`);
  else if (metadata.issuer !== issuer)
    say(
      step,
      'wrong',
      `the server names another authorization server than ${issuer}`,
      'Mend tokenExchange.idJag.issuer.',
    );
  else if (!offersIdJag(metadata))
    say(
      step,
      'wrong',
      `${issuer} does not say that it takes assertions (ID-JAG)`,
      'Leave idJag out, or switch it on there.',
    );
  else say(step, 'ok', `${issuer} takes assertions (ID-JAG)`);
}
