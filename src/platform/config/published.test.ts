// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configJsonSchema, describeConfigFile, type JsonSchema } from './published.ts';
import { renderConfigReference } from './reference.ts';
import { ConfigFile } from './schema.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('the published schema and the reference page are those of this source: node scripts/write-config-schema.ts', () => {
  assert.equal(read('schema/portcullis.schema.json'), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  assert.equal(read('docs/reference/config.md'), renderConfigReference());
});

test('every field is described, in the schema and on the page', () => {
  const page = renderConfigReference();
  let fields = 0;
  const visit = (schema: JsonSchema): void => {
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      fields++;
      assert.ok(field.description, name);
      assert.ok(page.includes(`| \`${name}\` |`) || page.includes(`.${name}\` |`), name);
      visit(field);
    }
    for (const inner of [schema.items, schema.additionalProperties, ...Object.values(schema.definitions ?? {})])
      if (typeof inner === 'object') visit(inner);
  };
  visit(describeConfigFile());
  assert.ok(fields > 60);
});

test('the schema refuses unknown fields and lets a reference stand for a number', () => {
  const schema = configJsonSchema();
  assert.equal(schema.additionalProperties, false);
  const { port, host } = schema.properties?.listen?.properties ?? {};
  assert.deepEqual(
    [port?.default, port?.anyOf?.map((each) => each.type), host?.type],
    [8484, ['integer', 'string'], 'string'],
  );
  assert.ok(ConfigFile.safeParse({ mcpServers: { a: { command: 'x', trust: true } } }).success);
  assert.ok(!ConfigFile.safeParse({ mcpServers: { a: { comand: 'x' } } }).success);
});
