/** An HTTP API as a source of tools: keeps its document current, lists its operations, makes their calls. */

import { createHash } from 'node:crypto';
import type { OpenApiTransport, ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { ToolSource, ToolSourceCall } from '../../contracts/tool-source.ts';
import { parseExactly } from '../../lib/exact-numbers.ts';
import { isObject } from '../../lib/is-object.ts';
import type { HttpClient } from '../http/client.ts';
import { findBase, openCredentials, secretTexts } from './api-target.ts';
import { buildRequest } from './build-request.ts';
import { ArgumentError, DocumentUnavailableError } from './document-error.ts';
import { encodeAnswer, encodeRefusal } from './encode-answer.ts';
import { type ApiDocument, parseApiDocument } from './parse-document.ts';
import { type PlannedTools, planTools } from './plan-tools.ts';
import { readDocument, readStamp } from './read-document.ts';
import { sendRequest } from './send-request.ts';
import { sendForUser, userSecrets, withUserHeaders } from './user-credential.ts';

/** A file is looked at this often while anybody is connected; addresses are asked with every listing. */
const FILE_POLL_MS = 2_000;
const MAX_INSTRUCTIONS_CHARS = 2_000;

export interface OpenApiSourcesDeps {
  readonly http: HttpClient;
  readonly identity: { readonly name: string; readonly version: string };
  readonly log: Log;
}

/** One source for each configuration of a server, however many links ask for it; gone with the configuration. */
export function createOpenApiSources(
  deps: OpenApiSourcesDeps,
): (config: ServerConfig, transport: OpenApiTransport) => ToolSource {
  const sources = new WeakMap<ServerConfig, ToolSource>();
  return (config, transport) => {
    const source = sources.get(config) ?? createOpenApiSource(deps, config, transport);
    sources.set(config, source);
    return source;
  };
}

/** The document as last read. */
interface Loaded extends PlannedTools {
  /** All that is kept of the document besides the tools: it may be large. */
  readonly about: Pick<ApiDocument, 'title' | 'version' | 'description'>;
  readonly hash: string;
  readonly etag: string | undefined;
}

export function createOpenApiSource(
  deps: OpenApiSourcesDeps,
  config: ServerConfig,
  transport: OpenApiTransport,
): ToolSource {
  const { http, log } = deps;
  const userAgent = `${deps.identity.name}/${deps.identity.version}`;
  const credentials = withUserHeaders(openCredentials(transport), config);
  const secrets = secretTexts(transport);
  const documentUrl = /^https?:/i.test(transport.document) ? new URL(transport.document) : undefined;
  const place = documentUrl ?? transport.document;
  const { baseUrl } = transport;
  // The document may be behind the same credential as the API, but the credential goes nowhere else for it.
  const isAtHome =
    baseUrl === undefined ||
    findBase({ baseUrl, documentUrl, servers: undefined, hasCredentials: true }).origin === documentUrl?.origin;
  const reading = { http, userAgent, credentials: isAtHome ? credentials : undefined };
  let loaded: Loaded | undefined;
  let loading: Promise<Loaded> | undefined;

  const loadOnce = async (): Promise<Loaded> => {
    const read = await readDocument(reading, place, loaded?.etag);
    if (read === undefined && loaded !== undefined) return loaded;
    const { text, etag } = read ?? { text: '', etag: undefined };
    const hash = createHash('sha256').update(text).digest('hex');
    if (loaded?.hash === hash) {
      loaded = { ...loaded, etag };
      return loaded;
    }
    const document = parseApiDocument(text);
    const planned = await planTools(document, { transport, credentials, documentUrl });
    const { title, version, description } = document;
    loaded = { ...planned, about: { title, version, description }, hash, etag };
    log.info('OpenAPI document read', { server: config.id, tools: planned.tools.size });
    const { faults } = planned;
    if (faults.length > 0)
      log.warn('some of the document is left out', {
        server: config.id,
        count: faults.length,
        faults: faults.slice(0, 5),
      });
    return loaded;
  };

  /** One reading at a time, for all who ask: its own time limit ends it, not the first of them to leave. */
  const load = (signal: AbortSignal): Promise<Loaded> => {
    loading ??= loadOnce().finally(() => {
      loading = undefined;
    });
    return untilAborted(loading, signal);
  };

  return {
    async open(signal) {
      const { about } = loaded ?? (await load(signal).catch(asTransient));
      return {
        name: about.title,
        version: about.version,
        instructions: about.description?.slice(0, MAX_INSTRUCTIONS_CHARS),
      };
    },
    async list(signal) {
      return [...(await load(signal)).tools.values()].map(({ definition }) => definition);
    },
    call: (request) => callTool(request),
    watch: (onChange) => (typeof place === 'string' ? watchFile(place, () => loaded?.etag, onChange) : () => {}),
  };

  async function callTool({
    name,
    arguments: given,
    traceparent,
    credential,
    signal,
  }: ToolSourceCall): Promise<JsonText | undefined> {
    // Nobody can know a tool before there was a document.
    const tool = loaded?.tools.get(name);
    if (tool === undefined) return undefined;
    try {
      const args = parseExactly(given);
      if (!isObject(args)) throw new ArgumentError('the arguments must be an object');
      const { operation, base, input, output, describedHeaders } = tool;
      const request = buildRequest({ operation, base, input, credentials, userAgent }, args, traceparent);
      const options = { maxBytes: transport.maxResponseBytes, signal };
      const answer = await (config.credentials === 'per-user'
        ? sendForUser(http, request, credential, options)
        : sendRequest(http, request, options));
      const resourceUri = `openapi://${config.id}/${name}`;
      const hidden =
        credential === undefined
          ? secrets
          : [...secrets, ...userSecrets(credential)].sort((a, b) => b.length - a.length);
      const isHead = operation.method === 'head';
      return encodeAnswer({ output, describedHeaders, secrets: hidden, resourceUri, isHead }, answer);
    } catch (error) {
      if (error instanceof ArgumentError) return encodeRefusal(error.message);
      throw error;
    }
  }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new DocumentUnavailableError('given up'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** A document that is away for the moment is like a server that is: worth trying again soon. */
function asTransient(error: unknown): never {
  if (error instanceof DocumentUnavailableError)
    throw new GatewayError('upstream_unavailable', undefined, { cause: error });
  throw error;
}

/** By looking, since watching loses files that are replaced. A file that is gone for a moment is no change. */
function watchFile(file: string, read: () => string | undefined, onChange: () => void): () => void {
  let told: string | undefined;
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const stamp = await readStamp(file);
    isLooking = false;
    const last = read();
    if (stamp === undefined || last === undefined || stamp === last || stamp === told) return;
    told = stamp;
    onChange();
  };
  const timer = setInterval(() => void look(), FILE_POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
