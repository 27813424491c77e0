/** The section `providers`: each entry made whole from what is written and what is known of its vendor. */

import type { z } from 'zod';
import type { CloudCredentials, ProviderConfig, ProviderKey } from '../../contracts/models-config.ts';
import { Secret } from '../../contracts/secret.ts';
import { closest } from '../../lib/closest.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import { PROVIDER_PRESETS, type ProviderPreset } from './provider-presets.ts';
import { Provider } from './providers-schema.ts';
import { nodeAt, type Path } from './report.ts';

type Entry = z.output<typeof Provider>;

const ID = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** Undefined if there is no such section. Faults are reported. */
export function readProviders(document: Document): readonly ProviderConfig[] | undefined {
  const { root, report } = document;
  const section = nodeAt(root, ['providers']);
  if (section === undefined) return undefined;
  if (section.type !== 'object') {
    report.problem(
      ['providers'],
      `expected an object {…}, got ${describeKind(section)}`,
      'write { "openai": { "apiKey": "$' + '{env:OPENAI_API_KEY}" } }',
    );
    return undefined;
  }
  const providers: ProviderConfig[] = [];
  for (const { key: id, value: node } of section.members) {
    const path = ['providers', id];
    if (!ID.test(id))
      report.problem(path, 'is no name for a provider', 'use small letters, digits, "_" and "-", at most 32');
    const enabled = nodeAt(node, ['enabled']);
    const off = enabled?.type === 'scalar' && enabled.value === false;
    const entry = readPart(document, path, node, Provider, Object.keys(Provider.shape), { off });
    if (entry === undefined) continue;
    const provider = complete(document, path, id, entry);
    if (provider !== undefined) providers.push(provider);
  }
  return providers;
}

function complete(document: Document, path: Path, id: string, entry: Entry): ProviderConfig | undefined {
  const { report } = document;
  const preset: ProviderPreset | undefined = PROVIDER_PRESETS[id];
  const type = entry.type ?? preset?.type;
  if (type === undefined) {
    const near = closest(id, Object.keys(PROVIDER_PRESETS));
    report.problem(
      [...path, 'type'],
      'is missing, and no vendor of this name is known',
      near === undefined ? 'write "type": "openai" if it is compatible, and its "baseUrl"' : `did you mean "${near}"?`,
    );
    return undefined;
  }
  // A preset of the wire itself (`anthropic`, `gemini`, …) tells where its vendor is; `openai` stands for anybody.
  const row = preset?.type === type ? preset : type === 'openai' ? undefined : PROVIDER_PRESETS[type];
  const cloud = readCloud(document, path, type, entry);
  const baseUrl = entry.baseUrl ?? row?.baseUrl ?? (cloud && cloudUrl(cloud));
  if (baseUrl === undefined) report.problem([...path, 'baseUrl'], 'is missing', 'write where its API is');
  else if (type !== 'fake') checkUrl(document, path, baseUrl);
  const keys = readProviderKeys(document, path, entry);
  if (keys.length === 0 && entry.enabled && row?.keyless !== true && entry.baseUrl === undefined)
    report.problem([...path, 'apiKey'], 'is missing', 'write "apiKey": "$' + '{env:NAME}"');
  return {
    ...{ id, type, enabled: entry.enabled, preset: preset === undefined ? undefined : id, keys, cloud },
    baseUrl: (baseUrl ?? '').replace(/\/+$/, ''),
    headers: Object.fromEntries(Object.entries(entry.headers).map(([name, value]) => [name, new Secret(value)])),
    ...{ apiVersion: entry.apiVersion, models: entry.models },
    quirks: {
      refuses: [...(row?.quirks?.refuses ?? []), ...entry.refuses],
      renames: { ...row?.quirks?.renames, ...entry.renames },
      takes: row?.quirks?.takes,
      streamUsage: row?.quirks?.streamUsage ?? true,
      has: row?.quirks?.has ?? [
        'responses',
        'embeddings',
        'models',
        'audio',
        'images',
        'moderations',
        'files',
        'rerank',
      ],
    },
    ...{ timeoutMs: entry.timeoutMs, firstByteTimeoutMs: entry.firstByteTimeoutMs, idleTimeoutMs: entry.idleTimeoutMs },
    ...{ maxRetries: entry.maxRetries, maxAnswerBytes: entry.maxAnswerBytes, circuitBreaker: entry.circuitBreaker },
  };
}

function checkUrl({ report }: Document, path: Path, baseUrl: string): void {
  const url = URL.parse(baseUrl);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    report.problem([...path, 'baseUrl'], 'is no http or https URL', 'write e.g. "https://api.example.com/v1"');
  else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    report.problem(
      [...path, 'baseUrl'],
      'holds more than scheme, host and path',
      'put credentials into "apiKey" or "headers"',
    );
}

function readProviderKeys({ report }: Document, path: Path, entry: Entry): readonly ProviderKey[] {
  if (entry.apiKey !== undefined && entry.keys.length > 0)
    report.problem([...path, 'keys'], 'stands beside "apiKey"', 'put all keys into "keys"');
  const written =
    entry.apiKey === undefined ? entry.keys : [{ name: 'key1', value: entry.apiKey, weight: 1, models: ['*'] }];
  const names = new Set<string>();
  return written.map(({ name: given, value, weight, models }, i) => {
    const name = given ?? `key${i + 1}`;
    const at: Path = entry.apiKey === undefined ? [...path, 'keys', i, 'value'] : [...path, 'apiKey'];
    if (value.trim() === '') report.problem(at, 'is empty', 'set the variable it refers to');
    if (/[\x00-\x1f\x7f]/.test(value.trim())) report.problem(at, 'holds a control character');
    if (names.has(name)) report.problem([...path, 'keys', i, 'name'], 'stands twice', 'give each key its own name');
    names.add(name);
    return { name, value: new Secret(value.trim()), weight, models };
  });
}

function readCloud({ report }: Document, path: Path, type: string, entry: Entry): CloudCredentials | undefined {
  const missing = (field: string, remedy: string): void => report.problem([...path, field], 'is missing', remedy);
  const secret = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text));
  if (type === 'bedrock') {
    if (entry.region === undefined) missing('region', 'write the AWS region, e.g. "eu-central-1"');
    if ((entry.accessKeyId === undefined) !== (entry.secretAccessKey === undefined))
      missing(entry.accessKeyId === undefined ? 'accessKeyId' : 'secretAccessKey', 'the two belong together');
    const hasKey = entry.apiKey !== undefined || entry.keys.length > 0;
    if (entry.enabled && entry.accessKeyId === undefined && !hasKey)
      missing('accessKeyId', 'write "accessKeyId" and "secretAccessKey", or a Bedrock API key as "apiKey"');
    return {
      ...{ type: 'aws', region: entry.region ?? '', accessKeyId: secret(entry.accessKeyId) },
      ...{ secretAccessKey: secret(entry.secretAccessKey), sessionToken: secret(entry.sessionToken) },
    };
  }
  if (type !== 'vertex') return undefined;
  if (entry.project === undefined) missing('project', 'write the Google Cloud project');
  const location = entry.location ?? 'global';
  return { type: 'google', project: entry.project ?? '', location, serviceAccount: secret(entry.serviceAccount) };
}

function cloudUrl(cloud: CloudCredentials): string {
  if (cloud.type === 'aws') return `https://bedrock-runtime.${cloud.region}.amazonaws.com`;
  const host = cloud.location === 'global' ? '' : `${cloud.location}-`;
  return `https://${host}aiplatform.googleapis.com`;
}
