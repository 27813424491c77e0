import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ParamsScan } from '../../contracts/json.ts';
import { scanMembers } from '../../lib/json-text.ts';
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

describe('params that were scanned, or carry the name a client knows', () => {
  const scanOf = (text: string): ParamsScan => {
    const members = scanMembers(text);
    const meta = members.find((member) => member.key === '_meta');
    return { members, meta: meta === undefined ? undefined : scanMembers(text, meta.valueStart) };
  };

  it('get the name of the server in the same pass, wherever it stands', () => {
    const hints = { name: 'own "x"' };
    assert.equal(
      writeLegacyMeta('{ "name" : "a__x", "arguments": {"name": 1.0}}', nothing, hints),
      '{ "name" : "own \\"x\\"", "arguments": {"name": 1.0}}',
    );
    assert.equal(
      writeLegacyMeta('{"_meta":{ "progressToken":1, "k": 2 } ,"name":"a__x"}', nothing, hints),
      '{"_meta":{ "k": 2 } ,"name":"own \\"x\\""}',
    );
    assert.equal(
      writeLegacyMeta('{"n":1,"name":"a__x","z":{},"_meta":{}}', { ...nothing, progressToken: 3 }, hints),
      '{"n":1,"name":"own \\"x\\"","z":{},"_meta":{"progressToken":3}}',
    );
    assert.equal(
      writeLegacyMeta('{"name":"a__x"}', { ...nothing, progressToken: 3 }, hints),
      '{"_meta":{"progressToken":3},"name":"own \\"x\\""}',
    );
  });

  it('keep a _meta to the byte that says already what the server is to hear', () => {
    const own = `"${M}protocolVersion": "2026-07-28" , "${M}clientInfo":{"name":"c"},"${M}clientCapabilities":{}, "a/b":1.0`;
    assert.equal(writeModernMeta(`{"_meta": { ${own} }}`, modern), `{"_meta": { ${own} }}`);
    assert.equal(
      writeModernMeta(`{"_meta": { ${own} }}`, { ...modern, traceparent: '00-x' }),
      `{"_meta": { ${own},"traceparent":"00-x" }}`,
    );
  });

  it('come out the same whoever scanned them, and as JSON that says the same', () => {
    const keys = fc.constantFrom(
      ...['progressToken', 'traceparent', 'portcullis.dev/a', 'x/y', `${M}logLevel`, `${M}clientInfo`, '\\u0061', 'q"'],
    );
    const metas = fc.option(fc.oneof(fc.dictionary(keys, fc.jsonValue()), fc.jsonValue()));
    const hops = fc.record({
      progressToken: fc.constantFrom(undefined, 4),
      traceparent: fc.constantFrom(undefined, '00-x'),
    });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        metas,
        hops,
        fc.boolean(),
        (rest, meta, hop, isModern) => {
          const params = { ...rest, ...(meta === null ? {} : { _meta: meta }), name: 'a__x' };
          const text = JSON.stringify(params, null, isModern ? 1 : 0);
          const write = (scan: ParamsScan | undefined): string =>
            isModern
              ? writeModernMeta(text, { ...modern, ...hop }, { scan, name: 'x' })
              : writeLegacyMeta(text, hop, { scan, name: 'x' });
          const written = write(undefined);
          assert.equal(write(scanOf(text)), written);
          const { _meta, ...others } = JSON.parse(written);
          const { _meta: _, ...othersBefore } = JSON.parse(text);
          assert.deepEqual(others, { ...othersBefore, name: 'x' });
          const before = meta !== null && typeof meta === 'object' && !Array.isArray(meta) ? meta : {};
          if (typeof _meta !== 'object' || _meta === null || Array.isArray(_meta)) {
            assert.deepEqual(
              [_meta, hop.progressToken, hop.traceparent],
              [JSON.parse(text)._meta, undefined, undefined],
            );
            return;
          }
          assert.equal(_meta.progressToken, hop.progressToken);
          assert.deepEqual(_meta.traceparent, hop.traceparent ?? JSON.parse(JSON.stringify(before)).traceparent);
          assert.ok(!Object.hasOwn(_meta, 'portcullis.dev/a'));
          assert.equal(Object.hasOwn(_meta, 'x/y'), Object.hasOwn(before, 'x/y'));
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
