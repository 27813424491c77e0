// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** From the text of `portcullis.json` to a configuration, or to everything that is wrong with it. Reads nothing else. */

import type { z } from 'zod';
import type { ConfigProblem, ConfigResult } from '../../contracts/config.ts';
import { JsoncError, type JsoncNode, parseJsonc } from '../../lib/jsonc.ts';
import { Admin } from './admin-schema.ts';
import { ApprovalsSection } from './approvals-schema.ts';
import { Audit } from './audit-schema.ts';
import { CodeModeSection } from './codemode-schema.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import type { Environment } from './environment.ts';
import { type AskForSecret, SECRET_MANAGERS } from './find-secret.ts';
import { openDocument } from './open-document.ts';
import { readAuthorization } from './read-authorization.ts';
import { readCodeMode } from './read-codemode.ts';
import { readDatabase } from './read-database.ts';
import { readAnonymous, readKeys } from './read-keys.ts';
import { readListen } from './read-listen.ts';
import { readLogin } from './read-login.ts';
import { readMetrics } from './read-metrics.ts';
import { readModels } from './read-models.ts';
import { readPeople } from './read-people.ts';
import { readPolicy } from './read-policy.ts';
import { readProviders } from './read-providers.ts';
import { readRedis } from './read-redis.ts';
import { readSealing } from './read-sealing.ts';
import { readServers } from './read-servers.ts';
import { readRuled } from './read-tool-rules.ts';
import { readToolsets } from './read-toolsets.ts';
import { readWebhooks } from './read-webhooks.ts';
import { createReport, nodeAt, type Path, type Report } from './report.ts';
import { ConfigFile, Limits, LogSection } from './schema.ts';
import { knownFields, suggestField } from './suggest-field.ts';
import { Cache, Prices, Results } from './tool-rule-schema.ts';

export interface ParseOptions {
  /** Where the text came from: stands in messages, and its folder is what relative paths are relative to. */
  readonly file: string;
  readonly env: Environment;
  /** Reads an `envFile`; throws if it cannot. Left out: such files are not read, with a warning. */
  readonly readFile?: ((file: string) => string) | undefined;
  /** Puts more into the tree than the file holds. */
  readonly extend?: ((root: JsoncNode) => JsoncNode) | undefined;
  /** What references to files and secret managers stand for. Left out: they are not looked up, with a warning. */
  readonly ask?: AskForSecret | undefined;
}

/** Largest configuration accepted; a real one has a few thousand characters. */
const MAX_CONFIG_CHARS = 1_048_576;

/** Never throws: whatever is wrong is in the result, all of it, in the order of the file. */
export function parseConfig(text: string, options: ParseOptions): ConfigResult {
  const written = readText(text);
  if (!('type' in written)) return { ok: false, problems: written.problems };
  const root = options.extend === undefined || written.type !== 'object' ? written : options.extend(written);
  const report = createReport(text, root);
  if (root.type !== 'object') {
    report.problem([], `expected an object {…}, got ${describeKind(root)}`, 'write { "mcpServers": { … } }');
    return { ok: false, problems: report.problems };
  }
  const document = openDocument(root, report, options);
  checkNames(root, [], report);
  checkSections(root, report);
  const sealing = readSealing(document);
  const { servers, known } = readServers(document);
  const toolsets = readToolsets(document, known);
  const providers = readProviders(document);
  const providerIds = (providers ?? []).map(({ id }) => id);
  const people = readPeople(document, known, providerIds);
  const keys = readKeys(document, known, toolsets, providerIds, people ?? []);
  const policy = readPolicy(document, known);
  const models = readModels(document, providers);
  const listen = readListen(document);
  const anonymous = readAnonymous(document, known, listen?.host, providerIds);
  const limits = readSection(document, 'limits', Limits);
  const audit = readSection(document, 'audit', Audit);
  const log = readSection(document, 'log', LogSection);
  const results = readRuled(document, 'results', Results, known);
  const cache = readRuled(document, 'cache', Cache, known);
  const prices = readRuled(document, 'prices', Prices, known);
  const metrics = readMetrics(document);
  const admin = readSection(document, 'admin', Admin);
  const database = readDatabase(document);
  const redis = readRedis(document);
  const approvals = readSection(document, 'approvals', ApprovalsSection);
  const codeMode = readCodeMode(document, readSection(document, 'codeMode', CodeModeSection), known);
  const webhooks = readWebhooks(document);
  const login = readLogin(document, listen?.publicUrl);
  const { authorization, authorizationServer } = readAuthorization(document, {
    ...{ servers: known, toolsets, providers: providerIds, listen },
  });
  if (report.problems.length > 0 || !listen || !limits || !audit || !log)
    return { ok: false, problems: inOrder(report.problems) };
  if (servers.length === 0 && providers === undefined)
    report.warning([], 'there are no servers yet', 'add them under "mcpServers", as other MCP clients have them');
  const config = {
    file: options.file,
    servers,
    keys,
    toolsets,
    anonymous,
    listen,
    limits,
    audit,
    log,
    ...(people && { people }),
    ...(metrics && { metrics }),
    ...(admin && nodeAt(root, ['admin']) && { admin }),
    ...(database && { database }),
    ...(redis && { redis }),
    ...(approvals && nodeAt(root, ['approvals']) && { approvals }),
    ...(codeMode && { codeMode }),
    ...(webhooks && { webhooks }),
    ...(login && { login }),
    ...(authorization && { authorization }),
    ...(authorizationServer && { authorizationServer }),
    ...(policy && { policy }),
    ...(providers && { providers }),
    ...(models && { models }),
    ...(results && { results }),
    ...(cache && { cache }),
    ...(prices && { prices }),
    ...(sealing && { sealing }),
  };
  return { ok: true, config, warnings: inOrder(report.warnings) };
}

function readText(text: string): JsoncNode | { readonly problems: readonly ConfigProblem[] } {
  const report = createReport(text, undefined);
  const remedy = 'write { "mcpServers": { … } }, or make one with: portcullis init';
  if (text.length > MAX_CONFIG_CHARS) report.problem([], `the file is larger than ${MAX_CONFIG_CHARS} characters`);
  else if (/^\uFEFF?\s*$/.test(text)) report.problem([], 'the file is empty', remedy);
  else
    try {
      return parseJsonc(text);
    } catch (error) {
      if (!(error instanceof JsoncError)) throw error;
      report.problem([], error.message, error.remedy, error.at);
    }
  return { problems: report.problems };
}

/** Names that stand twice: two readers could see two values. */
function checkNames(node: JsoncNode, path: Path, report: Report): void {
  if (node.type === 'array') for (const [i, each] of node.elements.entries()) checkNames(each, [...path, i], report);
  if (node.type !== 'object') return;
  const seen = new Set<string>();
  for (const { key, keyStart, value } of node.members) {
    const at = [...path, key];
    if (seen.has(key)) report.problem(at, 'stands twice', 'keep one of them', keyStart);
    if (key === '__proto__') report.problem(at, 'this name cannot be used', 'choose another', keyStart);
    seen.add(key);
    checkNames(value, at, report);
  }
}

/** What stands at the top that no other part looks at. */
function checkSections(root: JsoncNode & { type: 'object' }, report: Report): void {
  const known = Object.keys(ConfigFile.shape);
  const check = (node: JsoncNode & { type: 'object' }, path: Path, fields: readonly string[]): void => {
    for (const { key, keyStart, value } of node.members) {
      if (report.isFull()) return;
      const at = [...path, key];
      if (!fields.includes(key) && key !== '__proto__')
        report.problem(
          at,
          `unknown field; known here: ${knownFields(fields)}`,
          suggestField(at, fields, value),
          keyStart,
        );
      if (key === 'inputs' && !(value.type === 'array' && value.elements.length === 0))
        report.warning(
          at,
          'has no effect here: a gateway has nobody to ask',
          'set environment variables and write ${env:NAME}',
        );
    }
  };
  check(root, [], known);
  const schema = nodeAt(root, ['$schema']);
  if (schema !== undefined && !(schema.type === 'scalar' && typeof schema.value === 'string'))
    report.problem(['$schema'], `expected a string, got ${describeKind(schema)}`);
  const secrets = nodeAt(root, ['secrets']);
  if (secrets?.type === 'object') check(secrets, ['secrets'], SECRET_MANAGERS);
  else if (secrets !== undefined)
    report.problem(['secrets'], `expected an object {…}, got ${describeKind(secrets)}`, 'write { "vault": { … } }');
  const mcp = nodeAt(root, ['mcp']);
  if (mcp?.type === 'object') check(mcp, ['mcp'], ['servers', 'inputs']);
  else if (mcp !== undefined)
    report.problem(['mcp'], `expected an object {…}, got ${describeKind(mcp)}`, 'did you mean "mcpServers"?');
}

function readSection<T extends z.ZodObject>(document: Document, name: string, schema: T): z.output<T> | undefined {
  return readPart(document, [name], nodeAt(document.root, [name]), schema, Object.keys(schema.shape)) as
    | z.output<T>
    | undefined;
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
