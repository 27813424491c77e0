/** The fixture's catalog: everything it offers, found by name or URI; one per running fixture, since its lists can change. */

import type { FixturePrompt, FixtureTool, JsonObject } from './fixture-content.ts';
import { PNG_BASE64 } from './fixture-content.ts';
import { EXTRA_PROMPT, PROMPTS, QUESTION_TOOLS } from './fixture-questions.ts';
import { TASK_TOOLS } from './fixture-tasks.ts';
import { type Changing, createPlainTools, EXTRA_TOOL } from './fixture-tools.ts';

export const FIXTURE_INFO = { name: 'portcullis-conformance-fixture', version: '1.0.0' };

export const FIXTURE_CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};

const RESOURCES: readonly JsonObject[] = [
  { uri: 'test://static-text', name: 'static-text', description: 'A fixed text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', description: 'A fixed image', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched-resource', description: 'Can be watched', mimeType: 'text/plain' },
];

const TEMPLATES: readonly JsonObject[] = [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'template',
    description: 'Data of one id',
    mimeType: 'application/json',
  },
];

/** Small, so that three resources make two pages. */
const RESOURCES_PER_PAGE = 2;

export interface FixtureCatalog {
  tools(): readonly FixtureTool[];
  prompts(): readonly FixturePrompt[];
  /** The page that this cursor of ours leads to. */
  resources(cursor: unknown): { readonly resources: readonly JsonObject[]; readonly nextCursor?: string };
  readonly templates: readonly JsonObject[];
  /** Contents of a resource, or undefined if there is none. */
  read(uri: string): readonly JsonObject[] | undefined;
  /** Values that begin with what was typed. */
  complete(value: string): JsonObject;
}

export function createCatalog(): FixtureCatalog {
  const changing: Changing = { extraTool: false, extraPrompt: false, givenUp: 0 };
  const tools = [...createPlainTools(changing), ...QUESTION_TOOLS, ...TASK_TOOLS];
  return {
    tools: () => (changing.extraTool ? [...tools, EXTRA_TOOL] : tools),
    prompts: () => (changing.extraPrompt ? [...PROMPTS, EXTRA_PROMPT] : PROMPTS),
    resources(cursor) {
      const start = Number(cursor ?? 0);
      const end = start + RESOURCES_PER_PAGE;
      const resources = RESOURCES.slice(start, end);
      return end < RESOURCES.length ? { resources, nextCursor: String(end) } : { resources };
    },
    templates: TEMPLATES,
    read(uri) {
      if (uri === 'test://static-text')
        return [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }];
      if (uri === 'test://static-binary') return [{ uri, mimeType: 'image/png', blob: PNG_BASE64 }];
      if (uri === 'test://watched-resource') return [{ uri, mimeType: 'text/plain', text: 'Watched.' }];
      const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
      if (id === undefined) return undefined;
      return [
        {
          uri,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ];
    },
    complete(value) {
      const values = ['paris', 'park', 'party', 'test', 'testing'].filter((word) => word.startsWith(value));
      return { completion: { values, total: values.length, hasMore: false } };
    },
  };
}
