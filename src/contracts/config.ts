/** The configuration as a value: what `platform/config` produces and everything else is built from. */

import type { ApprovalsConfig } from './approvals.ts';
import type { AuthorizationConfig } from './authorization-config.ts';
import type { AuthorizationServerConfig } from './authorization-server.ts';
import type { Grant } from './caller.ts';
import type { CodeModeConfig, ShownMode } from './codemode.ts';
import type { ConfigKey, FileLevel } from './config-people.ts';
import type {
  AdminConfig,
  AuditConfig,
  DatabaseConfig,
  ListenConfig,
  MetricsConfig,
  RedisConfig,
  SealingConfig,
} from './config-sections.ts';
import type { UserHeader } from './connections.ts';
import type { DefinitionPolicy } from './definitions.ts';
import type { LoginConfig } from './login-config.ts';
import type { ModelsConfig, ProviderConfig } from './models-config.ts';
import type { PolicyConfig } from './policy.ts';
import type { Secret } from './secret.ts';
import type { SecretRequest } from './secret-managers.ts';
import type { TokenExchangeConfig } from './token-exchange.ts';
import type { WebhookConfig } from './webhooks.ts';

export type TransportConfig =
  | {
      readonly type: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /** Only these, on top of a small default set (PATH, HOME, …), reach the server. */
      readonly env: { readonly [name: string]: Secret };
      readonly cwd: string | undefined;
    }
  | { readonly type: 'http'; readonly url: string; readonly headers: { readonly [name: string]: Secret } }
  | { readonly type: 'sse'; readonly url: string; readonly headers: { readonly [name: string]: Secret } }
  /** Served by code inside this process, registered under `module` at the composition root. */
  | { readonly type: 'in-process'; readonly module: string }
  | {
      /** Hosted tools: files the operator wrote, run by us in a process of their own. */
      readonly type: 'folder';
      /** Absolute path. */
      readonly folder: string;
      /** Only these, on top of a small default set (PATH, HOME, …), reach the tools. */
      readonly env: { readonly [name: string]: Secret };
      /** Heap of the process, in MiB; beyond it the process ends. Default 512. */
      readonly maxMemoryMb: number;
      /** A tool that keeps the process from doing anything else for longer has it ended. Default 10,000 ms. */
      readonly maxBlockMs: number;
    }
  | OpenApiTransport;

/** An HTTP API that an OpenAPI document describes: each operation is a tool. */
export interface OpenApiTransport {
  readonly type: 'openapi';
  /** An absolute file name, or a URL (http or https). */
  readonly document: string;
  /** Where the API is. Undefined: where the document says. */
  readonly baseUrl: string | undefined;
  /** Sent with every call. */
  readonly headers: { readonly [name: string]: Secret };
  readonly auth: OpenApiAuth | undefined;
  /** Patterns: `operationId`, `tag:NAME`, `/path`, `METHOD /path`. Empty `include`: all. Exclude wins. */
  readonly operations: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  /** Of one answer; the rest is cut off. Default 1,048,576. */
  readonly maxResponseBytes: number;
}

export type OpenApiAuth =
  | { readonly type: 'header' | 'query' | 'cookie'; readonly name: string; readonly value: Secret }
  | { readonly type: 'bearer'; readonly token: Secret }
  | { readonly type: 'basic'; readonly username: Secret; readonly password: Secret };

/** Bounds on the calls under way to one server. */
export interface CallLimits {
  readonly maxConcurrent: number;
  /** Calls that may wait for a place; one more is refused. Default 100. */
  readonly maxQueued: number;
  /** A call that waited this long is refused. Default 30,000 ms. */
  readonly queueTimeoutMs: number;
}

/** How the gateway is known to the authorization server of an MCP server. */
export interface OAuthClientConfig {
  /** Registered beforehand. Undefined: the metadata document where it is understood, else registration on the spot. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: Secret | undefined;
  /** Asked for where the server names none. */
  readonly scopes?: readonly string[] | undefined;
  /** Public https address of a client ID metadata document. */
  readonly clientMetadataUrl?: string | undefined;
  /** Where users sign in, for an API that does not say so itself. Undefined: the server is asked. */
  readonly issuer?: string | undefined;
  /** The gateway gets tokens by itself, of this issuer only. Undefined: somebody signs in. */
  readonly clientCredentials?: { readonly issuer: string; readonly privateKey?: Secret | undefined } | undefined;
}

/** When a server that keeps failing is not called any more. */
export interface CircuitBreakerConfig {
  /** So many in a row open it: timeouts, lost connections, answers that are none. Default 5. */
  readonly failures: number;
  /** How long calls are refused before one tries again. Default 30,000 ms. */
  readonly openMs: number;
}

export interface ServerConfig {
  /** `[A-Za-z0-9_-]`, at most 32 characters, no `__`, not ending in `_`; derived from the name in the file. */
  readonly id: string;
  /** As written in the file. */
  readonly name: string;
  readonly enabled: boolean;
  readonly transport: TransportConfig;
  /** Era to speak; `auto` detects. Default auto. */
  readonly protocol: 'auto' | 'legacy' | 'modern';
  /** Limit for one call. Default 300,000 ms. */
  readonly callTimeoutMs: number;
  /** Limit for start plus handshake; generous because npx may install first. Default 120,000 ms. */
  readonly startTimeoutMs: number;
  /** Lists are refreshed this often even without a notification. Default 600,000 ms. */
  readonly refreshIntervalMs: number;
  /** Also lists what a legacy server shows only to clients that can be asked, over a second link. Default false. */
  readonly listAskingTools: boolean;
  /** Argument paths (`a.b`, `*` for all) whose values never reach the trail. */
  readonly redactArguments: readonly string[];
  /** Undefined (default): as many calls at once as clients make. */
  readonly limits?: CallLimits | undefined;
  /** Undefined (default): a failing server is called all the same. */
  readonly circuitBreaker?: CircuitBreakerConfig | undefined;
  /** `per-user`: each person's calls carry what that person connected. Undefined (default): one credential for all. */
  readonly credentials?: 'per-user' | undefined;
  /** What a person fills in to connect, with `per-user`. Undefined: they sign in. */
  readonly userHeaders?: readonly UserHeader[] | undefined;
  /** With `per-user`: tokens are got with those that callers present. Undefined: users connect. */
  readonly tokenExchange?: TokenExchangeConfig | undefined;
  /** How the gateway signs in at it; undefined: as a client that registers itself. */
  readonly oauth?: OAuthClientConfig | undefined;
  /** What is done about new and changed definitions; undefined: the defaults. A change of it needs no restart. */
  readonly definitions?: DefinitionPolicy | undefined;
  /** Fingerprint of everything above but `definitions`, secrets included; equal means "need not restart". */
  readonly fingerprint: string;
}

/** One entry of a toolset. */
export interface ToolsetEntry {
  /** As written, for messages: `github/create_issue`. */
  readonly source: string;
  /** Server id and own name or URI; `*` in either stands for any run of characters. */
  readonly server: string;
  readonly name: string;
  /** What the toolset says in place of the server. Empty where `server` or `name` holds a `*`. */
  readonly own: {
    readonly name?: string | undefined;
    readonly title?: string | undefined;
    readonly description?: string | undefined;
  };
}

/** A named bundle of what several servers offer, at `/mcp/t/{name}`. */
export interface ToolsetConfig {
  /** `[A-Za-z0-9_-]{1,64}`. */
  readonly name: string;
  readonly description: string | undefined;
  /** In place of the servers' own instructions. */
  readonly instructions: string | undefined;
  /** How its tools are shown; undefined: as the key or section `codeMode` says. */
  readonly mode?: ShownMode | undefined;
  readonly tools: readonly ToolsetEntry[];
  readonly prompts: readonly ToolsetEntry[];
  readonly resources: readonly ToolsetEntry[];
}

/** What the configuration says of the tools a pattern fits. */
export interface ToolRule<T> {
  /** As written, for messages: `github/get_*`. */
  readonly source: string;
  /** Server id and own tool name; `*` in either stands for any run of characters. */
  readonly server: string;
  readonly tool: string;
  readonly value: T;
}

/** Bounds on results, and what becomes of the rest. */
export interface ResultsConfig {
  readonly tools: readonly ToolRule<{ readonly maxBytes: number }>[];
  /** How long a whole result can be read. Default 600,000 ms. */
  readonly keepMs: number;
  /** Memory for whole results; the oldest make room. Default 67,108,864 bytes. */
  readonly maxKeptBytes: number;
}

/** Which tools' results may serve further calls. */
export interface CacheConfig {
  readonly tools: readonly ToolRule<{
    readonly ttlMs: number;
    /** `caller` (default): each key has its own; `public`: one for all who may call the tool. */
    readonly scope: 'caller' | 'public';
    /** Cached even if the server does not mark the tool as read-only. */
    readonly readOnly: boolean;
  }>[];
  /** Memory for results. Default 33,554,432 bytes. */
  readonly maxBytes: number;
}

/** What calls of tools cost. */
export interface PricesConfig {
  readonly tools: readonly ToolRule<{ readonly perCallMicroUsd: number }>[];
}

export interface GatewayConfig {
  /** Where it came from, for messages. */
  readonly file: string;
  readonly servers: readonly ServerConfig[];
  readonly keys: readonly ConfigKey[];
  /** Teams and organisations of the file; undefined: none. */
  readonly people?: readonly FileLevel[] | undefined;
  /** Undefined: none. */
  readonly toolsets?: readonly ToolsetConfig[] | undefined;
  /** Rules on calls; undefined (default): whatever a grant allows may be called. */
  readonly policy?: PolicyConfig | undefined;
  /** Suggestions of models and approvals of people; undefined: the defaults. */
  readonly approvals?: ApprovalsConfig | undefined;
  /** Undefined: the defaults. */
  readonly codeMode?: CodeModeConfig | undefined;
  /** Undefined (default): results go out as they came. */
  readonly results?: ResultsConfig | undefined;
  /** Undefined (default): every call is made. */
  readonly cache?: CacheConfig | undefined;
  /** Undefined (default): no call has a price. */
  readonly prices?: PricesConfig | undefined;
  /** Undefined (default): no models; the paths of model APIs do not exist. */
  readonly providers?: readonly ProviderConfig[] | undefined;
  /** Undefined: the defaults. */
  readonly models?: ModelsConfig | undefined;
  /** What callers without any credential may reach; undefined (default): nothing, 401. Refused unless bound to loopback. */
  readonly anonymous: Grant | undefined;
  readonly listen: ListenConfig;
  readonly limits: {
    readonly maxBodyBytes: number;
    readonly maxJsonDepth: number;
    /** Largest single message accepted from an upstream. */
    readonly maxMessageBytes: number;
    readonly maxSessions: number;
    readonly sessionIdleMs: number;
    /** Items on one page of a list. */
    readonly pageItems: number;
    readonly maxToolsPerServer: number;
    /** A client that was asked something in mid-call has this long to answer. Default 600,000 ms. */
    readonly questionTimeoutMs: number;
    /** Upstream calls kept waiting for a modern client's answer, in all and per key. Default 1,000 and 50. */
    readonly maxParkedCalls: number;
    readonly maxParkedCallsPerKey: number;
    /** When the store where replicas count limits together is lost: refuse what they would count, or let each count for itself. Default `refuse`. */
    readonly onStoreLoss?: 'refuse' | 'allow' | undefined;
  };
  readonly audit: AuditConfig;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
  readonly admin?: AdminConfig | undefined;
  /** Undefined: nobody is told of anything. */
  readonly webhooks?: readonly WebhookConfig[] | undefined;
  /** Access tokens in place of keys. Undefined: none are taken. */
  readonly authorization?: AuthorizationConfig | undefined;
  /** How people sign in. Undefined: with passwords, by the defaults. */
  readonly login?: LoginConfig | undefined;
  /** Our own authorization server for MCP clients. Undefined: there is none. */
  readonly authorizationServer?: AuthorizationServerConfig | undefined;
  /** Left out: nothing is measured, and `GET /metrics` does not exist. */
  readonly metrics?: MetricsConfig | undefined;
  /** Left out: SQLite in the data directory. */
  readonly database?: DatabaseConfig | undefined;
  /** Only with a database. Left out: limits are counted in the database, or in memory where there is none. */
  readonly redis?: RedisConfig | undefined;
  /** Undefined: no master key, and the key file of the data folder will do where it can. */
  readonly sealing?: SealingConfig | undefined;
  /** What was fetched for it, to be looked at again. Undefined: nothing. */
  readonly secrets?: readonly SecretRequest[] | undefined;
}

/** One thing wrong with a configuration. */
export interface ConfigProblem {
  /** JSON path, `mcpServers.github.url`. Empty for the file as a whole. */
  readonly path: string;
  /** The same as steps within the part that is being stored; undefined: it is not about one. */
  readonly within?: readonly (string | number)[] | undefined;
  /** 1-based position in the file, where known. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** What is wrong and what was expected. */
  readonly message: string;
  /** What to do about it: a did-you-mean or a remedy. */
  readonly remedy: string | undefined;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: GatewayConfig; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };
