/** What clients ask of the authorization server without a person: what it can do, tokens, registration, revocation. */

import { SCOPES } from '../../contracts/access-tokens.ts';
import type {
  AuthorizationEndpoints,
  AuthorizationServerConfig,
  ProtocolAnswer,
} from '../../contracts/authorization-server.ts';
import { readRegistration } from '../../domain/authorization/registration.ts';
import { createRateWindow } from '../../lib/rate-window.ts';
import { PATHS } from './create-provider.ts';
import type { Running } from './protocol.ts';
import { runHeadless } from './run-headless.ts';

const MAX_BODY_BYTES = 32_768;
const JSON_HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } as const;
/** Of the library's answers; cookies are not among them. */
const PASSED_ON: readonly (readonly [string, string])[] = [
  ['content-type', 'Content-Type'],
  ['cache-control', 'Cache-Control'],
  ['www-authenticate', 'WWW-Authenticate'],
];

function problem(status: number, error: string, text: string, more: { [name: string]: string } = {}): ProtocolAnswer {
  const body = JSON.stringify({ error, error_description: text });
  return { status, headers: { ...JSON_HEADERS, ...more }, body };
}

export function createEndpoints(deps: {
  readonly config: () => AuthorizationServerConfig | undefined;
  readonly issuer: () => Promise<string>;
  readonly open: () => Promise<Running | undefined>;
  readonly now: () => number;
}): AuthorizationEndpoints {
  const { config, now } = deps;
  const registrations = createRateWindow(60_000);

  /** What is to be asked in place of what a client asked; or why it is not. */
  const readBody = (endpoint: 'token' | 'register' | 'revoke', type: string, body: Buffer): Buffer | ProtocolAnswer => {
    if (body.byteLength > MAX_BODY_BYTES)
      return problem(413, 'invalid_request', `the body is longer than ${MAX_BODY_BYTES} bytes`);
    const wanted = endpoint === 'register' ? 'application/json' : 'application/x-www-form-urlencoded';
    if (type.split(';')[0]?.trim().toLowerCase() !== wanted)
      return problem(415, 'invalid_request', `the Content-Type has to be ${wanted}`);
    if (endpoint !== 'register') return body;
    const { enabled, maxPerMinute } = config()?.registration ?? { enabled: false, maxPerMinute: 0 };
    if (!enabled) return problem(404, 'invalid_request', 'clients do not register themselves here');
    const waitMs = registrations.waitMs(1, maxPerMinute, now());
    if (waitMs > 0) {
      const retry = { 'Retry-After': String(Math.ceil(waitMs / 1_000)) };
      return problem(429, 'temporarily_unavailable', 'too many clients register at this moment', retry);
    }
    registrations.add(1, now());
    let said: unknown;
    try {
      said = JSON.parse(body.toString('utf8'));
    } catch {
      return problem(400, 'invalid_client_metadata', 'the body is not JSON');
    }
    const read = readRegistration(said);
    return 'problem' in read
      ? problem(400, read.error, read.problem)
      : Buffer.from(JSON.stringify(read.metadata), 'utf8');
  };

  return {
    isOpen: () => config() !== undefined,
    async metadata() {
      const issuer = await deps.issuer();
      const { registration, clientDocuments } = config() ?? {};
      const methods = ['none', 'client_secret_basic', 'client_secret_post'];
      return {
        issuer,
        authorization_endpoint: `${issuer}${PATHS.authorization}`,
        token_endpoint: `${issuer}${PATHS.token}`,
        revocation_endpoint: `${issuer}${PATHS.revocation}`,
        ...(registration?.enabled && { registration_endpoint: `${issuer}${PATHS.registration}` }),
        scopes_supported: SCOPES,
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_methods_supported: methods,
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: clientDocuments?.enabled === true,
        // Every request names the endpoint that its tokens are for (RFC 8707).
        protected_resources: [`${issuer}/mcp`],
      };
    },
    async answer(endpoint, { contentType, authorization, body }) {
      const running = await deps.open();
      if (running === undefined) return problem(404, 'invalid_request', 'there is no authorization server here');
      const read = readBody(endpoint, contentType, body);
      if (!Buffer.isBuffer(read)) return read;
      const path = { token: PATHS.token, register: PATHS.registration, revoke: PATHS.revocation }[endpoint];
      const answer = await runHeadless(running.handle, {
        ...{ method: 'POST', path, body: read },
        headers: {
          ...{ accept: 'application/json', 'content-type': contentType },
          ...(authorization !== undefined && { authorization }),
        },
      });
      const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
      for (const [from, to] of PASSED_ON) {
        const value = answer.headers[from];
        if (typeof value === 'string') headers[to] = value;
      }
      return { status: answer.status, headers, body: answer.body };
    },
  };
}
