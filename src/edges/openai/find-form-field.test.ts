import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findFormField } from './find-form-field.ts';

async function encode(form: FormData): Promise<{ readonly body: Buffer; readonly type: string }> {
  const response = new Response(form);
  return { body: Buffer.from(await response.arrayBuffer()), type: response.headers.get('content-type') ?? '' };
}

test('the field of any form is found where it stands, and replacing it changes nothing else', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replace(/\r\n?|\n/g, ' '));
  const others = fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), text, fc.boolean()), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(others, fc.nat(4), text, text, async (fields, at, before, after) => {
      const build = (model: string): FormData => {
        const form = new FormData();
        const add = () => form.append('model', model);
        for (const [i, [name, value, isFile]] of fields.entries()) {
          if (i === at) add();
          // Names with line breaks and quotes are written percent-encoded; a backslash is nobody's field.
          if (name === 'model' || name.includes('\\')) continue;
          form.append(name, isFile ? new Blob([value]) : value);
        }
        if (at >= fields.length) add();
        return form;
      };
      const { body, type } = await encode(build(before));
      const found = findFormField(body, type, 'model');
      assert.ok(found !== undefined);
      assert.equal(found.value, Buffer.from(before).toString());
      const changed = Buffer.concat([body.subarray(0, found.start), Buffer.from(after), body.subarray(found.end)]);
      const read = await new Response(changed, { headers: { 'content-type': type } }).formData();
      const wanted = await new Response(...(await again(build(after)))).formData();
      assert.deepEqual(await entriesOf(read), await entriesOf(wanted));
    }),
    { numRuns: 60 },
  );
});

async function again(form: FormData): Promise<[Buffer, { headers: { 'content-type': string } }]> {
  const { body, type } = await encode(form);
  return [body, { headers: { 'content-type': type } }];
}

async function entriesOf(form: FormData): Promise<readonly (readonly [string, string])[]> {
  const entries: [string, string][] = [];
  for (const [name, value] of form) entries.push([name, typeof value === 'string' ? value : await value.text()]);
  return entries;
}

const TYPE = 'multipart/form-data; boundary=b';
const part = (head: string, value = 'x'): string => `--b\r\n${head}\r\n\r\n${value}\r\n`;
const END = '--b--\r\n';

test('what two readers could read differently is refused', () => {
  const name = 'Content-Disposition: form-data; name="model"';
  const odd = [
    ...['', 'x', `x\r\n${part(name)}${END}`, part(name), `${part(name)}--b`, `${part(name)}${part(name)}${END}`],
    part(`${name}; name="other"`) + END,
    part(`${name}; filename="model"`) + END,
    part(`${name}\r\nContent-Disposition: form-data; name="x"`) + END,
    part(`${name}\r\nContent-Transfer-Encoding: base64`) + END,
    part("Content-Disposition: form-data; name*=utf-8''model") + END,
    part('Content-Disposition: form-data; name="mod\\el"') + END,
    part('Content-Disposition: attachment; name="model"') + END,
    part('Content-Disposition: form-data') + END,
    part('Content-Type: text/plain') + END,
    part(`${name}\n; x="y"`) + END,
    part(`X: ${'y'.repeat(20_000)}\r\n${name}`) + END,
    part(`${name};${' '.repeat(12_000)}!`) + END,
    `${part('Content-Disposition: form-data; name="a"').repeat(1_001)}${END}`,
  ];
  for (const body of odd)
    assert.throws(() => findFormField(Buffer.from(body), TYPE, 'model'), { code: 'invalid_params' }, body.slice(0, 99));
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary="a\tb"'])
    assert.throws(() => findFormField(Buffer.from(END), type, 'model'), { code: 'invalid_params' }, type);
});

test('a form without the field, or without any, has none', () => {
  assert.equal(findFormField(Buffer.from(END), TYPE, 'model'), undefined);
  const other = part('Content-Disposition: form-data; name=other; filename="a; name=model"') + END;
  assert.equal(findFormField(Buffer.from(other), TYPE, 'model'), undefined);
});
