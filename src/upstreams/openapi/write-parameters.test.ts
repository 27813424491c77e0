/** Whatever a caller gives arrives at the API as it was given: over a real connection, for every place and style. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ApiRequest, createTestSource, documentOf, startApi } from './fixtures/test-api.ts';

const any = {};
const parameter = (name: string, place: string, more: object = {}): object => ({
  name,
  in: place,
  required: place === 'path',
  schema: any,
  ...more,
});

/** Values as an API reads them that follows OpenAPI's table of styles, written without our code. */
const read = {
  path: (request: ApiRequest, at: number): string => request.url.split('?')[0]?.split('/')[at] ?? '',
  query: (request: ApiRequest): [string, string][] =>
    (request.url.split('?')[1] ?? '')
      .split('&')
      .filter(Boolean)
      .map((pair) => pair.split('=').map(decodeURIComponent) as [string, string]),
  rawQuery: (request: ApiRequest, name: string): string | undefined =>
    (request.url.split('?')[1] ?? '')
      .split('&')
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1),
};

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const hasStep = (text: string): boolean => text.split(/[/\\]/).some((part) => part === '.' || part === '..');
const pathWord = word.filter((text) => !hasStep(text));
const plain = fc.oneof(word, fc.integer(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const record = (value: fc.Arbitrary<unknown>): fc.Arbitrary<{ [name: string]: unknown }> =>
  fc.dictionary(word, value, { minKeys: 1, maxKeys: 5 });

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

test('path parameters of every style arrive exactly, and reach no other path', async (t) => {
  const api = await startApi(t);
  const { call } = await createTestSource(
    t,
    documentOf(`${api.origin}/v1`, {
      '/a/{plain}/b/{list}/c/{label}/d/{matrix}/e': {
        get: {
          operationId: 'go',
          parameters: [
            parameter('plain', 'path'),
            parameter('list', 'path'),
            parameter('label', 'path', { style: 'label', explode: true }),
            parameter('matrix', 'path', { style: 'matrix' }),
          ],
        },
      },
    }),
  );
  const list = fc.array(pathWord, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(pathWord, list, list, pathWord, async (one, many, label, matrix) => {
      const result = await call('go', { plain: one, list: many, label, matrix });
      assert.equal(result.isError, undefined, JSON.stringify(result));
      const request = api.requests.at(-1);
      assert.ok(request);
      const parts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((at) => read.path(request, at));
      assert.deepEqual([parts[1], parts[2], parts[4], parts[6], parts[8], parts[10]], ['v1', 'a', 'b', 'c', 'd', 'e']);
      assert.equal(decodeURIComponent(parts[3] ?? ''), one);
      assert.deepEqual((parts[5] ?? '').split(',').map(decodeURIComponent), many);
      const labels = (parts[7] ?? '').slice(1);
      assert.equal(decodeURIComponent(labels), label.join('.'));
      assert.equal(decodeURIComponent((parts[9] ?? '').slice(';matrix='.length)), matrix);
      assert.equal(new URL(request.url, api.origin).pathname, request.url, 'no reader shortens it');
    }),
    { numRuns: 150 },
  );
});

test('a path parameter that could step to another path is not sent', async (t) => {
  const api = await startApi(t);
  const paths = {
    '/files/{name}': { get: { operationId: 'get', parameters: [parameter('name', 'path')] } },
    '/x/{a}{b}/y': { get: { operationId: 'two', parameters: [parameter('a', 'path'), parameter('b', 'path')] } },
  };
  const { call } = await createTestSource(t, documentOf(api.origin, paths));
  for (const name of ['..', '.', '../admin', 'a/../../admin', '..\\admin', 'a\\..', '', null, ['..'], { a: '..' }]) {
    const result = await call('get', { name });
    assert.equal(result.isError, true, JSON.stringify(name));
    assert.match(result.content[0]?.text ?? '', /^Not sent: /);
  }
  assert.equal((await call('two', { a: '.', b: '.' })).isError, true);
  assert.equal((await call('get', {})).isError, true, 'and neither is a call without it');
  assert.equal(api.requests.length, 0);
  await call('get', { name: 'a/b..c/%2e%2e' });
  assert.equal(api.requests[0]?.url, '/files/a%2Fb..c%2F%252e%252e');
});

test('query parameters of every style arrive exactly', async (t) => {
  const api = await startApi(t);
  const { call } = await createTestSource(
    t,
    documentOf(api.origin, {
      '/q': {
        get: {
          operationId: 'go',
          parameters: [
            parameter('one[]', 'query'),
            parameter('many', 'query'),
            parameter('joined', 'query', { explode: false }),
            parameter('spaces', 'query', { style: 'spaceDelimited', explode: false }),
            parameter('pipes', 'query', { style: 'pipeDelimited', explode: false }),
            parameter('deep', 'query', { style: 'deepObject', explode: true }),
            { name: 'json', in: 'query', content: { 'application/json': { schema: any } } },
          ],
        },
      },
    }),
  );
  const words = fc.array(plain, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(plain, words, words, record(plain), fc.jsonValue(), async (one, many, joined, deep, json) => {
      const args = { 'one[]': one, many, joined, spaces: joined, pipes: joined, deep, json };
      const result = await call('go', args);
      assert.equal(result.isError, undefined, JSON.stringify(result));
      const request = api.requests.at(-1);
      assert.ok(request);
      const pairs = read.query(request);
      const all = (name: string): string[] => pairs.filter(([own]) => own === name).map(([, value]) => value);
      assert.deepEqual(all('one[]'), [textOf(one)]);
      assert.deepEqual(all('many'), many.map(textOf));
      for (const [name, separator] of [
        ['joined', ','],
        ['spaces', '%20'],
        ['pipes', '%7C'],
      ] as const) {
        const raw: string = read.rawQuery(request, name) ?? '';
        assert.equal(raw, joined.map((each) => encodeURIComponent(textOf(each))).join(separator), name);
      }
      for (const [name, value] of Object.entries(deep)) assert.deepEqual(all(`deep[${name}]`), [textOf(value)]);
      assert.deepEqual(JSON.parse(all('json')[0] ?? ''), JSON.parse(JSON.stringify(json)));
    }),
    { numRuns: 150 },
  );
});

test('headers and cookies arrive exactly, and what would break out of them is not sent', async (t) => {
  const api = await startApi(t);
  const parameters = [
    parameter('X-One', 'header'),
    parameter('X-Many', 'header'),
    parameter('sid', 'cookie'),
    ...['Authorization', 'Host', 'Cookie', 'Content-Length', 'accept'].map((name) => parameter(name, 'header')),
  ];
  const { call, definitions } = await createTestSource(
    t,
    documentOf(api.origin, { '/': { get: { operationId: 'go', parameters } } }),
  );
  const [definition] = await definitions();
  assert.deepEqual(Object.keys(definition?.inputSchema.properties ?? {}), ['X-One', 'X-Many', 'sid']);
  const visible = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(visible, fc.array(visible, { minLength: 1 }), word, async (one, many, sid) => {
      await call('go', { 'X-One': one, 'X-Many': many, sid });
      const headers = api.requests.at(-1)?.headers;
      assert.equal(headers?.['x-one'], one);
      assert.equal(headers?.['x-many'], many.join(','));
      assert.equal(decodeURIComponent(headers?.cookie?.slice('sid='.length) ?? ''), sid);
    }),
    { numRuns: 100 },
  );
  const before = api.requests.length;
  for (const bad of ['a\r\nX-Evil: 1', 'a\nb', '\0', '€']) {
    const result = await call('go', { 'X-One': bad });
    assert.match(result.content[0]?.text ?? '', /no HTTP header can/);
  }
  assert.match((await call('go', { authorization: 'x' })).content[0]?.text ?? '', /there is no argument/);
  assert.equal(api.requests.length, before);
});

test('bodies arrive exactly: JSON, form and multipart', async (t) => {
  const api = await startApi(t);
  const post = (type: string, schema: object, more: object = {}): object => ({
    post: { requestBody: { required: true, content: { [type]: { schema, ...more } } } },
  });
  const members = { type: 'object', properties: { a: any, b: any, file: { type: 'string', format: 'binary' } } };
  const { call } = await createTestSource(
    t,
    documentOf(api.origin, {
      '/json': post('application/json', any),
      '/form': post('application/x-www-form-urlencoded', members),
      '/parts': post('multipart/form-data', members),
    }),
  );
  const bytes = fc.uint8Array({ maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), word, fc.array(word, { minLength: 1 }), bytes, async (json, a, b, content) => {
      await call('post_json', { body: json });
      assert.equal(api.requests.at(-1)?.body.toString(), JSON.stringify(json));

      await call('post_form', { a, b });
      const form = new URLSearchParams(api.requests.at(-1)?.body.toString());
      assert.deepEqual(
        [form.getAll('a'), form.getAll('b')],
        [[a.toWellFormed()], b.map((each) => each.toWellFormed())],
      );

      await call('post_parts', { a, b, file: Buffer.from(content).toString('base64') });
      const request = api.requests.at(-1);
      const parts = await new Response(new Uint8Array(request?.body ?? []), {
        headers: { 'content-type': request?.headers['content-type'] ?? '' },
      }).formData();
      assert.deepEqual([parts.getAll('a'), parts.getAll('b')], [[a], b]);
      const file = parts.get('file');
      assert.ok(file instanceof File);
      assert.deepEqual(new Uint8Array(await file.arrayBuffer()), content);
    }),
    { numRuns: 100 },
  );
});

test('ids of 64 bits keep their digits on the way there and back', async (t) => {
  const api = await startApi(t);
  const { call } = await createTestSource(
    t,
    documentOf(api.origin, {
      '/x/{id}': {
        post: {
          operationId: 'go',
          parameters: [parameter('id', 'path')],
          requestBody: { content: { 'application/json': { schema: { type: 'object', properties: { parent: any } } } } },
        },
      },
    }),
  );
  api.answer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":9223372036854775807,"n":1.50}');
  });
  const text = await call('go', '{"id":1234567890123456789,"parent":[-9007199254740993]}');
  assert.equal(api.requests[0]?.url, '/x/1234567890123456789');
  assert.equal(api.requests[0]?.body.toString(), '{"parent":[-9007199254740993]}');
  assert.equal(text.content[0]?.text, '{"id":9223372036854775807,"n":1.50}');
});
