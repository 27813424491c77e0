/** Where secrets are kept outside the configuration, as the configuration names them; and the ports of fetching them. */

import type { Secret } from './secret.ts';

/** How the gateway proves to Vault who it is. */
export type VaultAuth =
  | { readonly type: 'token'; readonly token: Secret }
  | { readonly type: 'appRole'; readonly mount: string; readonly roleId: Secret; readonly secretId: Secret | undefined }
  /** `tokenFile`: absolute; read at each login, because the platform renews it. */
  | { readonly type: 'kubernetes'; readonly mount: string; readonly role: string; readonly tokenFile: string };

export type AwsAuth =
  | {
      readonly type: 'static';
      readonly accessKeyId: Secret;
      readonly secretAccessKey: Secret;
      readonly sessionToken: Secret | undefined;
    }
  | {
      readonly type: 'webIdentity';
      readonly roleArn: string;
      readonly tokenFile: string;
      readonly sessionName: string;
      /** Undefined: the STS of the region. */
      readonly endpoint: string | undefined;
    }
  | {
      readonly type: 'container';
      readonly url: string;
      readonly token: Secret | undefined;
      readonly tokenFile: string | undefined;
    };

export type GcpAuth =
  /** Text of the account's JSON key. */
  { readonly type: 'serviceAccount'; readonly key: Secret } | { readonly type: 'metadata'; readonly url: string };

export type AzureAuth =
  | {
      readonly type: 'clientSecret';
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly authority: string;
    }
  | {
      readonly type: 'workloadIdentity';
      readonly tenantId: string;
      readonly clientId: string;
      readonly tokenFile: string;
      readonly authority: string;
    }
  | {
      readonly type: 'managedIdentity';
      /** Undefined: the identity the machine has. */
      readonly clientId: string | undefined;
      readonly url: string;
      /** Of App Service and Container Apps; undefined: the metadata service of a virtual machine. */
      readonly header: Secret | undefined;
    };

interface Kept {
  /** A fetched value is taken for good this long, and then looked at again. */
  readonly cacheMs: number;
  /** Limit for fetching one value, sign-in and further tries included. */
  readonly timeoutMs: number;
  /** Of everything that decides what a path stands for, credentials included. Never shown. */
  readonly fingerprint: string;
}

export interface VaultConfig extends Kept {
  readonly type: 'vault';
  readonly address: string;
  readonly namespace: string | undefined;
  readonly kvVersion: 'auto' | 1 | 2;
  readonly auth: VaultAuth;
  /** PEM of the authority that signed its certificate. Undefined: those Node.js knows. */
  readonly ca: string | undefined;
}

export interface AwsConfig extends Kept {
  readonly type: 'aws';
  readonly region: string;
  /** Undefined: that of the region, or of the ARN's. */
  readonly endpoint: string | undefined;
  readonly auth: AwsAuth;
}

export interface GcpConfig extends Kept {
  readonly type: 'gcp';
  readonly endpoint: string;
  readonly auth: GcpAuth;
}

export interface AzureConfig extends Kept {
  readonly type: 'azure';
  /** `{vault}` stands for the vault's name. */
  readonly vaultUrl: string;
  /** What tokens are asked for: `https://vault.azure.net`. */
  readonly resource: string;
  readonly auth: AzureAuth;
}

export interface FileSourceConfig extends Kept {
  readonly type: 'file';
}

export type SecretManagerConfig = VaultConfig | AwsConfig | GcpConfig | AzureConfig;
export type SecretSourceConfig = SecretManagerConfig | FileSourceConfig;

/** One value that a configuration asks for. */
export interface SecretRequest {
  readonly source: SecretSourceConfig;
  /** What the source calls it, without a field: `secret/openai`. Of a file: its absolute name. */
  readonly path: string;
}

export interface FetchedSecret {
  readonly value: string;
  readonly version?: string | undefined;
  /** Epoch milliseconds; it is fetched again before. Undefined: not told. */
  readonly expiresAtMs?: number | undefined;
}

/** One place that keeps secrets. */
export interface SecretSource extends AsyncDisposable {
  readonly name: SecretSourceConfig['type'];
  /** Reads anew each time. Rejects with SecretFailure; ends when the signal does. */
  read(path: string, signal: AbortSignal): Promise<FetchedSecret>;
}

/** The first four may pass by themselves. `misused`: the path cannot be one. */
export type SecretFailureKind =
  | 'unreachable'
  | 'timeout'
  | 'throttled'
  | 'failed'
  | 'refused'
  | 'missing'
  | 'malformed'
  | 'misused';

/** Why a value could not be fetched. The message is for operators: never a value, never what the manager answered. */
export class SecretFailure extends Error {
  override readonly name = 'SecretFailure';
  readonly kind: SecretFailureKind;
  readonly remedy: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: SecretFailureKind,
    message: string,
    more: { readonly remedy?: string | undefined; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message);
    this.kind = kind;
    this.remedy = more.remedy;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** What became of a request. */
export type SecretFinding =
  | { readonly type: 'value'; readonly value: string }
  | { readonly type: 'failed'; readonly message: string; readonly remedy: string | undefined }
  /** Not fetched yet: whoever reads the configuration fetches, and reads it again. */
  | { readonly type: 'pending' };

/** Fetches and keeps values for a short while. */
export interface SecretFetcher {
  /** One finding per request, in their order; never rejects, bounded by the timeouts of the sources. */
  fetchAll(requests: readonly SecretRequest[]): Promise<readonly SecretFinding[]>;
}
