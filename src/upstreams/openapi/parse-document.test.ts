import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DocumentError } from './document-error.ts';
import { MAX_YAML_CHARS, parseApiDocument } from './parse-document.ts';

const refuses = (text: string, reason: RegExp): void =>
  assert.throws(
    () => parseApiDocument(text),
    (error: unknown) => {
      assert.ok(error instanceof DocumentError, String(error));
      assert.match(error.message, reason);
      return true;
    },
  );

test('JSON and YAML are read alike, merge keys and anchors included', () => {
  const json = parseApiDocument('{"openapi":"3.0.3","info":{"title":"A","version":"2"},"paths":{}}');
  const yaml = parseApiDocument("openapi: 3.0.3\ninfo: {title: A, version: '2'}\npaths: {}\n");
  assert.deepEqual(json, yaml);
  assert.equal(json.dialect, '3.0');
  const merged = parseApiDocument('openapi: 3.1.0\nx-a: &a {b: 1}\npaths: {}\nx-c: {<<: *a, d: 2}\n');
  assert.deepEqual(merged.root['x-c'], { b: 1, d: 2 });
  assert.equal(merged.dialect, '3.1');
});

test('what is no OpenAPI 3 document is refused by its name', () => {
  refuses('{"swagger":"2.0","paths":{}}', /Swagger 2\.0; convert it to OpenAPI 3/);
  refuses('swagger: "2.0"\npaths: {}\n', /Swagger 2\.0/);
  refuses('{"openapi":"4.0.0"}', /OpenAPI 4\.0\.0/);
  refuses('{"info":{}}', /no "openapi" member/);
  refuses('[]', /no object/);
  refuses('<html>\n<p>: not found', /no object|neither JSON nor YAML/);
  refuses('openapi: [3.0\n', /neither JSON nor YAML.*line/);
});

test('a bomb of aliases is refused before it goes off', () => {
  let bomb = 'openapi: 3.0.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n';
  for (let i = 1; i < 10; i++)
    bomb += `a${i}: &a${i} [${Array(10)
      .fill(`*a${i - 1}`)
      .join(', ')}]\n`;
  refuses(bomb, /alias|more than \d+ values/i);
});

test('an alias that stands for itself, deep nesting and too much of anything are refused', () => {
  refuses('openapi: 3.0.0\na: &a [*a]\n', /nested deeper|alias|neither JSON nor YAML/i);
  refuses(`{"openapi":"3.0.0","a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, /nested deeper/);
  refuses(`openapi: 3.0.0\na: ${'['.repeat(200)}${']'.repeat(200)}\n`, /nested deeper/);
  refuses(`{"openapi":"3.0.0","a":[${'0,'.repeat(1_000_001)}0]}`, /more than 1000000 values/);
  refuses(`openapi: 3.0.0\na: ${'x'.repeat(MAX_YAML_CHARS)}\n`, /give it as JSON/);
});

test('a member called __proto__ changes nothing', () => {
  const { root } = parseApiDocument('openapi: 3.0.0\n__proto__: {polluted: true}\npaths: {}\n');
  assert.equal((root as { polluted?: unknown }).polluted, undefined);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});
