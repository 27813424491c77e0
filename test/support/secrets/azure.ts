/** A pretended Azure: Entra ID's token endpoint, the metadata service of machines, and Key Vault. */

import type { Cleanup } from '../temp-dir.ts';
import { type FakeManager, type ManagerCall, type ManagerReply, startFakeManager } from './fake-manager.ts';

export interface FakeAzure extends FakeManager {
  /** Values by `vault/secret`, oldest version first. */
  readonly secrets: Map<string, string[]>;
  readonly tokens: Set<string>;
}

export const AZURE_CLIENT = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: '66666666-7777-8888-9999-000000000000',
  clientSecret: 'fake~client~secret',
} as const;
const RESOURCE = 'https://vault.azure.net';

export interface FakeAzureOptions {
  /** The federated token that is believed. */
  readonly federated?: () => string;
  /** Of App Service. Undefined: it is the metadata service of a virtual machine. */
  readonly identityHeader?: string;
}

export async function startFakeAzure(cleanup: Cleanup, options: FakeAzureOptions = {}): Promise<FakeAzure> {
  const secrets: FakeAzure['secrets'] = new Map();
  const tokens = new Set<string>();
  let count = 0;
  const issue = (expires: number | string): ManagerReply => {
    const token = `eyJ0.fake.${++count}`;
    tokens.add(token);
    return { status: 200, body: { access_token: token, expires_in: expires, token_type: 'Bearer' } };
  };
  const error = (status: number, code: string): ManagerReply => ({ status, body: { error: { code } } });

  const answer = (call: ManagerCall): ManagerReply => {
    const url = new URL(call.path, 'http://fake');
    if (call.path === `/${AZURE_CLIENT.tenantId}/oauth2/v2.0/token`) {
      const form = new URLSearchParams(call.body);
      const isProven =
        form.get('client_secret') === AZURE_CLIENT.clientSecret ||
        (options.federated !== undefined &&
          form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' &&
          form.get('client_assertion') === options.federated());
      return isProven &&
        form.get('grant_type') === 'client_credentials' &&
        form.get('client_id') === AZURE_CLIENT.clientId &&
        form.get('scope') === `${RESOURCE}/.default`
        ? issue(3_599)
        : { status: 401, body: { error: 'invalid_client' } };
    }
    if (url.pathname === '/metadata/identity/oauth2/token') {
      const isRight =
        options.identityHeader === undefined
          ? call.headers.metadata === 'true' && url.searchParams.get('api-version') === '2018-02-01'
          : call.headers['x-identity-header'] === options.identityHeader &&
            url.searchParams.get('api-version') === '2019-08-01';
      return isRight && url.searchParams.get('resource') === RESOURCE ? issue('3599') : error(400, 'invalid_request');
    }
    const [, vault = '', secret = '', version] = /^\/([^/]+)\/secrets\/([^/]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (!tokens.has((call.headers.authorization ?? '').replace('Bearer ', ''))) return error(401, 'Unauthorized');
    if (url.searchParams.get('api-version') !== '7.4') return error(400, 'BadParameter');
    const versions = secrets.get(`${vault}/${secret}`) ?? [];
    const number = version === undefined ? versions.length : Number(version.replace('v', ''));
    const value = versions[number - 1];
    if (value === undefined) return error(404, 'SecretNotFound');
    const id = `https://${vault}.vault.azure.net/secrets/${secret}/v${number}`;
    return { status: 200, body: { value, id, attributes: { enabled: true } } };
  };
  return Object.assign(await startFakeManager(cleanup, answer), { secrets, tokens });
}
