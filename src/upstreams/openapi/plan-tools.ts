/** From a document to its tools: for each operation a definition to list and a plan to call it by. */

import { setImmediate } from 'node:timers/promises';
import type { OpenApiTransport } from '../../contracts/config.ts';
import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { type ApiBase, type Credentials, findBase, readServerUrl } from './api-target.ts';
import { DocumentError, UnsupportedError } from './document-error.ts';
import { listOperations, type Operation } from './list-operations.ts';
import type { ApiDocument } from './parse-document.ts';
import { type InputPlan, planInputs } from './plan-inputs.ts';
import { type OutputPlan, planOutput } from './plan-output.ts';
import { createReferences, type References } from './references.ts';
import { writeSchemas } from './write-schema.ts';

export interface ApiTool {
  readonly operation: Operation;
  readonly definition: JsonText;
  readonly base: ApiBase;
  readonly input: InputPlan;
  readonly output: OutputPlan | undefined;
  /** In lower case. */
  readonly describedHeaders: readonly string[];
}

export interface PlannedTools {
  readonly tools: ReadonlyMap<string, ApiTool>;
  /** What is left out, and why: for the log. */
  readonly faults: readonly string[];
}

const MAX_DESCRIPTION_CHARS = 2_000;
const MAX_TITLE_CHARS = 120;
/** Of all definitions together. */
const MAX_DEFINITION_CHARS = 33_554_432;

/** A large document takes seconds; nobody else waits longer than this for it. */
const TURN_MS = 20;

export interface PlanToolsOptions {
  readonly transport: OpenApiTransport;
  readonly credentials: Credentials;
  /** Where the document came from, if from an address. */
  readonly documentUrl: URL | undefined;
}

/** Lets others have their turn in between. Rejects with DocumentError if nothing can be offered. */
export async function planTools(document: ApiDocument, options: PlanToolsOptions): Promise<PlannedTools> {
  const { root } = document;
  const { transport, credentials, documentUrl } = options;
  const faults: string[] = [];
  const references = createReferences(root);
  const { baseUrl } = transport;
  const hasCredentials = !credentials.isEmpty;
  const base = findBase({ baseUrl, documentUrl, servers: root.servers, hasCredentials });
  const operations = listOperations(root, references, transport.operations, (fault) => faults.push(fault));
  const tools = new Map<string, ApiTool>();
  let chars = 0;
  let turnMs = performance.now();
  for (const operation of operations) {
    if (performance.now() - turnMs > TURN_MS) {
      await setImmediate();
      turnMs = performance.now();
    }
    try {
      const tool = planTool({ document, references, credentials, base, documentUrl }, operation);
      chars += tool.definition.length;
      if (chars > MAX_DEFINITION_CHARS)
        throw new DocumentError(
          'the definitions of its operations are too large; choose with "operations": { "include": […] }',
        );
      tools.set(operation.name, tool);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      faults.push(`${operation.method.toUpperCase()} ${operation.path}: ${error.message}`);
    }
  }
  if (tools.size === 0)
    throw new DocumentError(
      faults[0] === undefined ? 'the document has no operations' : `no operation is left: ${faults[0]}`,
    );
  return { tools, faults };
}

interface PlanToolDeps {
  readonly document: ApiDocument;
  readonly references: References;
  readonly credentials: Credentials;
  readonly base: ApiBase;
  readonly documentUrl: URL | undefined;
}

function planTool(deps: PlanToolDeps, operation: Operation): ApiTool {
  const { document, references, credentials } = deps;
  const { dialect } = document;
  const base = findOwnBase(deps, operation);
  const input = writeSchemas({ references, dialect, purpose: 'input' }, (writer) =>
    planInputs({ references, writer, reserved: credentials.reserved }, operation),
  );
  const output = planOutput({ references, dialect }, operation.value.responses);
  const definition = JSON.stringify({
    name: operation.name,
    ...describe(operation),
    inputSchema: input.inputSchema,
    ...(output === undefined ? {} : { outputSchema: output.schema }),
    annotations: annotate(operation.method),
  });
  return { operation, definition, base, input, output, describedHeaders: findHeaders(references, operation) };
}

/** Servers of their own are followed only within the one origin that is called. */
function findOwnBase({ base, documentUrl }: PlanToolDeps, { item, value }: Operation): ApiBase {
  const servers = [value.servers, item.servers].find((list) => Array.isArray(list) && list.length > 0);
  if (servers === undefined) return base;
  const url = readServerUrl(servers, documentUrl ?? new URL(base.origin));
  if (url?.origin !== base.origin)
    throw new UnsupportedError('it is on a server of its own, and only one server is called');
  return { origin: base.origin, path: url.pathname.replace(/\/+$/, '') };
}

function describe({ value, method, path }: Operation): { readonly title?: string; readonly description: string } {
  const summary = textOf(value.summary);
  const description = textOf(value.description);
  const parts = [summary, description === summary ? '' : description, value.deprecated === true ? 'Deprecated.' : ''];
  const joined = parts.filter((part) => part !== '').join('\n\n') || `${method.toUpperCase()} ${path}`;
  return {
    ...(summary === '' ? {} : { title: cut(summary, MAX_TITLE_CHARS) }),
    description: cut(joined, MAX_DESCRIPTION_CHARS),
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');
const cut = (text: string, maxChars: number): string =>
  text.length > maxChars ? `${text.slice(0, maxChars - 1).toWellFormed()}…` : text;

/** What HTTP says about its methods (RFC 9110, 9.2). */
function annotate(method: Operation['method']): { readonly [hint: string]: boolean } {
  switch (method) {
    case 'get':
    case 'head':
    case 'options':
      return { readOnlyHint: true, openWorldHint: true };
    case 'put':
    case 'delete':
      return { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true };
    // These may do anything, which is also what a client assumes that is told nothing.
    case 'post':
    case 'patch':
      return { readOnlyHint: false, idempotentHint: false, openWorldHint: true };
  }
}

function findHeaders(references: References, { value }: Operation): string[] {
  const names: string[] = [];
  for (const [status, given] of Object.entries(isObject(value.responses) ? value.responses : {})) {
    if (!/^2/.test(status)) continue;
    const headers = references.follow(given)?.headers;
    names.push(...Object.keys(isObject(headers) ? headers : {}).map((name) => name.toLowerCase()));
  }
  return names.slice(0, 50);
}
