/** Sections of a configuration that few parts look at. */

import type { Secret } from './secret.ts';

/** Redis, in which gateways that share a database count limits together. */
export interface RedisConfig {
  /** `redis://…` or `rediss://…`. */
  readonly url: Secret;
  /** Longest wait of a call for it. Default 1,000. */
  readonly timeoutMs: number;
  /** In front of every key. Default `portcullis:`. */
  readonly keyPrefix: string;
}

/** PostgreSQL, which several gateways may share. */
export interface DatabaseConfig {
  /** `postgres://…`; TLS by its `sslmode`. */
  readonly url: Secret;
  /** Default `portcullis`. */
  readonly schema: string;
  /** Connections at most. Default 10. */
  readonly poolSize: number;
  /** Default 10,000. */
  readonly statementTimeoutMs: number;
}

export interface SealingConfig {
  /** Base64 of 32 bytes each. The first seals; the others open what they sealed. May be empty. */
  readonly masterKeys: readonly Secret[];
  /** The key file of the data folder does not count as a master key: without one, no secret is stored. */
  readonly requireMasterKey: boolean;
}

export interface MetricsConfig {
  /** Who presents it as bearer token may read the metrics. */
  readonly token: Secret;
  /** So many tools are told apart; calls of others count as `other`. */
  readonly maxTools: number;
}

/** What the admin API and stored objects may do; read at the start. */
export interface AdminConfig {
  /** References that stored objects may hold, as patterns: `env:GITHUB_*`, `vault:teams/*`. Default none. */
  readonly references: readonly string[];
  /** Programs that stored servers may start: exactly this command, arguments by pattern, `**` for all that follow. Default none. */
  readonly stdioCommands: readonly { readonly command: string; readonly args: readonly string[] }[];
}

export interface AuditConfig {
  /** fsync each write-ahead record: survives power loss, costs one disk flush per side-effecting call (grouped). */
  readonly sync: boolean;
  /** Keep call arguments at all. */
  readonly arguments: boolean;
  readonly maxAgeDays: number;
  readonly maxSizeMb: number;
}

export interface ListenConfig {
  readonly host: string;
  readonly port: number;
  /** Where browsers reach the gateway, without a path. Undefined: at the address it listens on. */
  readonly publicUrl?: string | undefined;
  /** Extra Host header values accepted besides loopback names and the bound address. */
  readonly allowedHosts: readonly string[];
  /** Extra browser origins accepted besides our own. */
  readonly allowedOrigins: readonly string[];
  /** CIDR blocks of proxies whose `X-Forwarded-For` is believed. Undefined: of none. */
  readonly trustedProxies?: readonly string[] | undefined;
}
