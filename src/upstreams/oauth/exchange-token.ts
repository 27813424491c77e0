/** The token of a caller for one of theirs at a server: by exchange at their issuer (RFC 8693), alone or with an assertion (ID-JAG). */

import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client';
import { decodeJwt } from 'jose';
import type { TokenExchangeConfig } from '../../contracts/token-exchange.ts';
import { discover } from './discover.ts';
import { createGuardedFetch, type FetchLike } from './guarded-fetch.ts';
import { issuerOf } from './prepare-sign-in.ts';
import { describeFailure } from './refresh-tokens.ts';
import { ExchangeFailure, type IssuedToken, requestToken } from './request-token.ts';
import { askForChallenge } from './server-client.ts';

const TYPES = 'urn:ietf:params:oauth:token-type:';
const ID_JAG = `${TYPES}id-jag`;
const ID_JAG_PROFILE = 'urn:ietf:params:oauth:grant-profile:id-jag';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** All requests together; a call waits. */
const EXCHANGE_MS = 20_000;

/** Rejects with ExchangeFailure. */
export async function exchangeToken(
  config: TokenExchangeConfig,
  { serverUrl, subjectToken }: { readonly serverUrl: string; readonly subjectToken: string },
): Promise<IssuedToken> {
  const signal = AbortSignal.timeout(EXCHANGE_MS);
  const fetchFn = createGuardedFetch(config.tokenEndpoint ?? config.issuer, signal);
  const resource = config.resource ?? serverUrl;
  const { idJag } = config;
  // Where it is not offered, nothing of the caller's leaves.
  const second = idJag && (await findAssertionEndpoint(config, serverUrl, createGuardedFetch(serverUrl, signal)));
  const first = await findExchangeEndpoint(config, fetchFn);
  const issued = await requestToken(fetchFn, {
    ...{ client: config, ...first },
    form: {
      ...{ grant_type: TOKEN_EXCHANGE, subject_token: subjectToken },
      subject_token_type: TYPES + config.subjectTokenType,
      requested_token_type: idJag === undefined ? `${TYPES}access_token` : ID_JAG,
      ...{ audience: config.audience ?? idJag?.issuer, resource, scope: config.scope },
    },
  });
  if (idJag === undefined || second === undefined) return checked(issued, config, resource, subjectToken);
  if (issued.issuedType !== ID_JAG)
    throw new ExchangeFailure('refused', `${config.issuer} gave something else than an identity assertion (ID-JAG)`);
  if (!audienceOf(issued.token)?.includes(idJag.issuer))
    throw new ExchangeFailure('refused', `${config.issuer} gave an assertion that is not for ${idJag.issuer}`);
  const token = await requestToken(createGuardedFetch(serverUrl, signal), {
    ...{ client: idJag, ...second },
    form: { grant_type: JWT_BEARER, assertion: issued.token, scope: config.scope, resource },
  });
  return checked(token, { issuer: idJag.issuer, audience: undefined }, resource, subjectToken);
}

/** What goes to the server is for the server, and is not what the caller came with. */
function checked(
  issued: IssuedToken,
  { issuer, audience }: Pick<TokenExchangeConfig, 'issuer' | 'audience'>,
  resource: string,
  subjectToken: string,
): IssuedToken {
  if (issued.tokenType !== 'bearer')
    throw new ExchangeFailure('refused', `${issuer} gave a token of a type that servers do not take`);
  if (issued.token === subjectToken) throw new ExchangeFailure('refused', `${issuer} gave the caller's own token back`);
  const own = audienceOf(issued.token);
  if (own !== undefined && !own.some((each) => each === resource || each === audience))
    throw new ExchangeFailure('refused', `${issuer} gave a token for another audience than ${audience ?? resource}`);
  return issued;
}

/** Undefined: it cannot be read, which is the server's affair. */
function audienceOf(token: string): readonly string[] | undefined {
  try {
    const { aud } = decodeJwt(token);
    return aud === undefined ? [] : [aud].flat();
  } catch {
    return undefined;
  }
}

interface Endpoint {
  readonly endpoint: string;
  readonly authMethods: readonly string[] | undefined;
}

/** Rejects with ExchangeFailure. */
export async function findExchangeEndpoint(
  { issuer, tokenEndpoint }: TokenExchangeConfig,
  fetchFn: FetchLike,
): Promise<Endpoint> {
  if (tokenEndpoint !== undefined) return { endpoint: tokenEndpoint, authMethods: undefined };
  const { discoverAuthorizationServerMetadata } = await import('@modelcontextprotocol/client');
  const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn }).catch((error: unknown) => {
    throw new ExchangeFailure('unavailable', `the metadata of ${issuer} cannot be read: ${describeFailure(error)}`);
  });
  return endpointOf(issuer, metadata);
}

async function findAssertionEndpoint(
  { idJag }: TokenExchangeConfig,
  serverUrl: string,
  fetchFn: FetchLike,
): Promise<Endpoint> {
  const issuer = idJag?.issuer ?? '';
  const find = async () => {
    const { resourceMetadataUrl } = await askForChallenge(serverUrl, fetchFn);
    return discover({ serverUrl, issuer: undefined }, resourceMetadataUrl, fetchFn);
  };
  const discovery = await find().catch((error: unknown) => {
    throw new ExchangeFailure(
      'unavailable',
      `the server's authorization server is not found: ${describeFailure(error)}`,
    );
  });
  // The server names the issuer, and might name one that only wants the assertion.
  if (issuerOf(discovery) !== issuer)
    throw new ExchangeFailure('refused', `the server names another authorization server than ${issuer}`);
  const metadata = discovery.authorizationServerMetadata;
  if (!offersIdJag(metadata))
    throw new ExchangeFailure('refused', `${issuer} does not say that it takes identity assertions (ID-JAG)`);
  return endpointOf(issuer, metadata);
}

/** By the members of its metadata. */
export function offersIdJag(metadata: object | undefined): boolean {
  const members = metadata as { readonly [member: string]: unknown } | undefined;
  const lists = (member: string, value: string): boolean => {
    const list = members?.[member];
    return Array.isArray(list) && list.includes(value);
  };
  return lists('authorization_grant_profiles_supported', ID_JAG_PROFILE) || lists('grant_types_supported', JWT_BEARER);
}

function endpointOf(issuer: string, metadata: AuthorizationServerMetadata | undefined): Endpoint {
  if (metadata === undefined || metadata.issuer !== issuer)
    throw new ExchangeFailure('unavailable', `the metadata of ${issuer} is missing, or of another issuer`);
  return { endpoint: metadata.token_endpoint, authMethods: metadata.token_endpoint_auth_methods_supported };
}
