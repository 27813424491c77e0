import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stripOwnMeta } from './own-keys.ts';
import { writeLegacyMeta, writeModernMeta } from './request-meta.ts';

const nothing = { progressToken: undefined, traceparent: undefined };
const modern = {
  ...nothing,
  protocolVersion: '2026-07-28',
  clientInfo: '{"name":"c"}',
  capabilities: '{}',
  logLevel: undefined,
};
const M = 'io.modelcontextprotocol/';

describe('_meta for a legacy server', () => {
  it('leaves params alone that have nothing hop-local', () => {
    for (const params of ['{}', '{ "name" : "x" }', '{"_meta":{"a/b": 1.0}}', '{"_meta":5}'])
      assert.equal(writeLegacyMeta(params, nothing), params);
  });

  it('takes out what only a modern server may see and what is ours, and keeps everything else to the byte', () => {
    const params = `{"n": 1.0,"_meta": {"${M}protocolVersion":"x","${M}clientInfo":{},"${M}clientCapabilities":{},"${M}logLevel":"debug","${M}related-task":{"taskId": "1"},"portcullis.dev/a":1,"dev.portcullis.deep/b":2,"progressToken":"p","acme/c": 3.0}, "arguments":{ }}`;
    assert.equal(
      writeLegacyMeta(params, nothing),
      `{"n": 1.0,"_meta": {"${M}related-task":{"taskId": "1"},"acme/c": 3.0}, "arguments":{ }}`,
    );
  });

  it('writes our progress token and trace in place of those of the client', () => {
    const params = '{"name":"x","_meta":{"progressToken":"p","traceparent":"old","tracestate":"s"}}';
    assert.equal(
      writeLegacyMeta(params, { progressToken: 7, traceparent: '00-new' }),
      '{"name":"x","_meta":{"progressToken":7,"traceparent":"00-new","tracestate":"s"}}',
    );
    assert.equal(writeLegacyMeta('{}', { progressToken: 7, traceparent: undefined }), '{"_meta":{"progressToken":7}}');
  });
});

describe('_meta for a modern server', () => {
  it('always says version, client and capabilities', () => {
    assert.equal(
      writeModernMeta('{"a":1}', modern),
      `{"_meta":{"${M}protocolVersion":"2026-07-28","${M}clientInfo":{"name":"c"},"${M}clientCapabilities":{}},"a":1}`,
    );
  });

  it('does not let the client say them itself', () => {
    const params = `{"_meta":{"${M}clientCapabilities":{"sampling":{}},"${M}logLevel":"debug","dev.portcullis/x":1}}`;
    const { _meta } = JSON.parse(writeModernMeta(params, modern));
    assert.deepEqual(_meta, {
      [`${M}protocolVersion`]: '2026-07-28',
      [`${M}clientInfo`]: { name: 'c' },
      [`${M}clientCapabilities`]: {},
    });
  });

  it('changes nothing but _meta, whatever the params are', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
        (rest, meta) => {
          const params = meta === null ? rest : { ...rest, _meta: meta };
          const { _meta: before, ...restBefore } = JSON.parse(JSON.stringify(params));
          const { _meta: after, ...restAfter } = JSON.parse(writeModernMeta(JSON.stringify(params), modern));
          assert.deepEqual(restAfter, restBefore);
          assert.equal(after[`${M}protocolVersion`], '2026-07-28');
          if (meta !== null)
            for (const key of Object.keys(before)) if (key !== 'progressToken') assert.ok(Object.hasOwn(after, key));
        },
      ),
    );
  });
});

describe('keys of ours in what a server says', () => {
  it('are taken out of _meta, which goes when nothing is left in it', () => {
    const strip = (text: string): string => stripOwnMeta(text, JSON.parse(text));
    assert.equal(strip('{"a": 1}'), '{"a": 1}');
    assert.equal(strip('{"_meta":{"x":1}, "a": 1.0}'), '{"_meta":{"x":1}, "a": 1.0}');
    assert.equal(strip('{"a":1.0,"_meta":{"\\u0064ev.portcullis/x":1,"y": 2}}'), '{"a":1.0,"_meta":{"y": 2}}');
    assert.equal(strip('{"a":1.0,"_meta":{"portcullis.dev/x":1}}'), '{"a":1.0}');
    assert.equal(strip('{"_meta":{"dev.portcullisx/y":1}}'), '{"_meta":{"dev.portcullisx/y":1}}');
  });
});
