/** What a client that registers itself (RFC 7591) is taken to have said. */

import { displayNameOf } from './display-name.ts';
import { applicationTypeOf, judgeRedirectUris } from './redirect-uris.ts';

/** As RFC 7591, section 3.2.2, has it. */
export interface RegistrationProblem {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata';
  readonly problem: string;
}

const METHODS: readonly unknown[] = ['none', 'client_secret_basic', 'client_secret_post'];
const GRANT_TYPES: readonly unknown[] = ['authorization_code', 'refresh_token'];

/** Only what we go by; the rest is not kept. */
export function readRegistration(body: unknown): { readonly metadata: object } | RegistrationProblem {
  const invalid = (problem: string): RegistrationProblem => ({ error: 'invalid_client_metadata', problem });
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return invalid('the body is no JSON object');
  const said = body as { readonly [member: string]: unknown };
  const problem = judgeRedirectUris(said.redirect_uris);
  if (problem !== undefined) return { error: 'invalid_redirect_uri', problem };
  const uris = said.redirect_uris as readonly string[];
  const method = said.token_endpoint_auth_method ?? 'client_secret_basic';
  if (!METHODS.includes(method)) return invalid(`token_endpoint_auth_method has to be one of ${METHODS.join(', ')}`);
  const asked = said.grant_types ?? GRANT_TYPES;
  if (!Array.isArray(asked) || !asked.includes('authorization_code'))
    return invalid('grant_types has to hold authorization_code');
  const types = said.response_types ?? ['code'];
  if (!Array.isArray(types) || !types.includes('code')) return invalid('response_types has to hold code');
  if (said.client_name !== undefined && typeof said.client_name !== 'string') return invalid('client_name is no text');
  const name = displayNameOf(said.client_name ?? '');
  return {
    metadata: {
      client_name: name === '' ? 'A client without a name' : name,
      redirect_uris: uris,
      application_type: applicationTypeOf(uris),
      token_endpoint_auth_method: method,
      // What we do not have is left out, and the answer says so.
      grant_types: GRANT_TYPES.filter((type) => asked.includes(type)),
      response_types: ['code'],
    },
  };
}
