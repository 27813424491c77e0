/** Whose access tokens are taken, as the configuration in force says; and who their subjects are here. */

import type { TokenIssuer } from '../contracts/access-tokens.ts';
import type { AuthorizationConfig } from '../contracts/authorization-config.ts';
import type { Caller, KeyDirectory } from '../contracts/caller.ts';
import type { Log } from '../contracts/log.ts';
import type { Trail } from '../contracts/trail.ts';
import { scopesOf } from '../domain/access/scopes.ts';
import type { Route } from '../edges/http/exchange.ts';
import { createProtectedResourceRoute, PROTECTED_RESOURCE } from '../edges/oauth/protected-resource.ts';
import { SERVER_METADATA } from '../edges/oauth/server-routes.ts';
import type { AccessTokens } from '../pipeline/authorization/admission.ts';
import type { OwnTokens } from '../pipeline/authorization/own-tokens.ts';
import { createSubjects, subjectName } from '../pipeline/authorization/subjects.ts';
import { openTokenIssuer } from '../upstreams/oauth/open-token-issuer.ts';

export interface OpenAuthorization {
  readonly tokens: AccessTokens;
  readonly route: Route;
  /** Below these any web page may read. */
  readonly openPaths: readonly string[];
}

export function openAuthorization(deps: {
  readonly directory: KeyDirectory;
  readonly config: () => AuthorizationConfig | undefined;
  /** Of our own authorization server; undefined: there is none. */
  readonly own: () => OwnTokens | undefined;
  /** Where clients reach the gateway, without a slash at the end. */
  readonly baseUrl: () => string;
  readonly trail: Pick<Trail, 'record'>;
  readonly newId: () => string;
  readonly randomHex: (digits: number) => string;
  readonly log: Log;
  readonly now: () => number;
  readonly monotonicMs: () => number;
}): OpenAuthorization {
  const { directory, config, own, log, now, monotonicMs } = deps;
  const baseUrl = canonical(deps.baseUrl);
  /** No call came of it, so that no step writes it down. */
  const noteUnknown = (keyId: string, issuer: string, subject: string): void => {
    const id = deps.newId();
    deps.trail.record(
      {
        ...{
          id,
          parentId: undefined,
          traceId: deps.randomHex(32),
          atMs: now(),
          kind: 'session.open',
          surface: 'oauth',
        },
        ...{ keyId, keyName: subjectName(subject), serverId: undefined, name: issuer, target: undefined },
        ...{ client: undefined, arguments: undefined },
      },
      { id, result: 'refused', error: 'unknown_subject', resultBytes: 0, totalMs: 0, upstreamMs: 0 },
    );
  };
  const subjects = createSubjects({
    ...{ directory, config },
    onUnknown({ issuer, subject }, keyId, reason) {
      log.warn('a good access token was refused: its subject is nobody here', { issuer, subject, reason });
      noteUnknown(keyId, issuer, subject);
    },
  });

  const openIssuers = (section: AuthorizationConfig | undefined): readonly TokenIssuer[] =>
    (section?.issuers ?? []).map((each) =>
      openTokenIssuer(
        {
          ...{ scopesOf, callerOf: subjects.callerOf, refreshed: subjects.refreshed, now, monotonicMs },
          onFailure: (error) =>
            log.warn('the keys of an issuer of access tokens cannot be fetched', { issuer: each.issuer, error }),
        },
        each,
      ),
    );
  let of = config();
  let issuers = openIssuers(of);
  /** Anew where the section is another: what was checked by the old one counts no more. */
  const current = (): readonly TokenIssuer[] => {
    const section = config();
    if (section !== of) {
      if (JSON.stringify(section?.issuers) !== JSON.stringify(of?.issuers)) issuers = openIssuers(section);
      of = section;
    }
    const tokens = own();
    return tokens === undefined ? issuers : [tokens, ...issuers];
  };
  const refreshed = (caller: Caller): Caller | undefined => {
    const tokens = own();
    return tokens?.has(caller) === true ? tokens.refreshed(caller) : subjects.refreshed(caller);
  };
  return {
    tokens: { issuers: current, baseUrl, refreshed },
    route: createProtectedResourceRoute({ issuers: current, baseUrl }),
    openPaths: [PROTECTED_RESOURCE, ...SERVER_METADATA],
  };
}

/** As URL parsers write it, so that it is what clients compare with: name in lower case, no port that goes without saying. */
function canonical(baseUrl: () => string): () => string {
  let of = '';
  let origin = '';
  return () => {
    const url = baseUrl();
    if (url !== of) {
      origin = new URL(url).origin;
      of = url;
    }
    return origin;
  };
}
