import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exposedUri, parseExposedUri, uriSlug } from './exposed-uri.ts';

const part = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,8}[A-Za-z0-9]$/);
const serverId = fc
  .array(part, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('_'))
  .filter((id) => /^[A-Za-z]/.test(id));
const uri = fc.oneof(
  fc.string({ minLength: 1 }).filter((text) => !/[\x00-\x20]/.test(text)),
  fc.webUrl(),
  fc
    .tuple(
      fc.constantFrom('ui://', 'skill://', 'memo:', 'file:///', 'a+b:', 'x+ui://', 'UI://', '{scheme}://'),
      fc.webPath(),
    )
    .map(([a, b]) => a + b),
);

test('every server and own URI have one exposed URI, and it leads back to exactly them', () => {
  fc.assert(
    fc.property(serverId, uri, (id, own) => {
      assert.deepEqual(parseExposedUri(exposedUri(id, own)), { slug: uriSlug(id), uri: own });
    }),
  );
});

test('two servers never share an exposed URI', () => {
  fc.assert(
    fc.property(serverId, uri, serverId, uri, (a, x, b, y) => {
      fc.pre(a.toLowerCase() !== b.toLowerCase());
      assert.notEqual(exposedUri(a, x).toLowerCase(), exposedUri(b, y).toLowerCase());
    }),
  );
});

test('exposed URIs are URIs that strict clients can parse, with the server unharmed', () => {
  for (const id of ['github', 'my_server', 's-7zip', 'Git-Hub']) {
    for (const own of ['memo:x', 'file:///a/b', 'ui://w/x.html', 'https://example.com/a?b#c']) {
      const parsed = parseExposedUri(new URL(exposedUri(id, own)).href);
      assert.deepEqual([parsed?.slug.toLowerCase(), parsed?.uri], [uriSlug(id).toLowerCase(), own]);
    }
  }
});

test('schemes that hosts look at stay in front', () => {
  assert.equal(exposedUri('github', 'ui://widget/main.html'), 'ui://github/widget/main.html');
  assert.equal(exposedUri('my_docs', 'skill://pdf/SKILL.md'), 'skill://my.docs/pdf/SKILL.md');
  assert.equal(exposedUri('notes', 'note://{id}/{+rest}'), 'notes+note://{id}/{+rest}');
});
