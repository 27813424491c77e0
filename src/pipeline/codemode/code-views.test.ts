import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compileGrant } from '../../domain/access/compile-grant.ts';
import { buildCatalog, catalogServer } from '../../domain/tools/catalog.ts';
import { offerOf } from '../fixtures/harness.ts';
import type { CodeView } from './code-view.ts';
import { createCodeViews } from './code-views.ts';
import { createLearntShapes } from './learnt-shapes.ts';

const WORDS = ['issue', 'list', 'create', 'file', 'send', 'mail', 'search', 'user', 'deploy', 'secret'];
const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 });

interface Tool {
  readonly name: string;
  readonly description: string;
}

function viewOf(tools: readonly Tool[], deny: readonly string[]): CodeView {
  const offer = offerOf({
    tools: tools.map(({ name, description }) => ({ name, text: JSON.stringify({ name, description }) })),
  });
  const catalog = buildCatalog([catalogServer('desk', offer)], { get: () => undefined });
  const views = createCodeViews({ catalog: () => catalog, dialect: () => 'python', learnt: createLearntShapes() });
  return views.viewOf({ type: 'all' }, compileGrant({ allow: ['*'], deny }));
}

test('a caller searches as if what is hidden from it were not there at all', () => {
  const tools = fc.uniqueArray(fc.record({ name: words, description: words, hidden: fc.boolean() }), {
    ...{ minLength: 1, maxLength: 30, selector: ({ name }) => name.join('_') },
  });
  fc.assert(
    fc.property(tools, words, (given, query) => {
      const all = given.map(({ name, description, hidden }) => ({
        ...{ name: name.join('_'), description: description.join(' '), hidden },
      }));
      const hidden = all.filter((tool) => tool.hidden);
      const shown = viewOf(
        all,
        hidden.map(({ name }) => `desk/${name}`),
      );
      const alone = viewOf(
        all.filter((tool) => !tool.hidden),
        [],
      );
      const wish = { query: query.join(' '), names: [], server: undefined, limit: 50 };
      assert.equal(shown.search(wish), alone.search(wish));
      assert.equal(shown.index(), alone.index());
      for (const { name } of hidden) {
        assert.equal(shown.findNamed(`desk.${name}`), undefined);
        assert.equal(
          shown.search({ ...wish, names: [`desk.${name}`] }),
          alone.search({ ...wish, names: [`desk.${name}`] }),
        );
      }
    }),
  );
});

test('help is found by whatever name a tool goes by', () => {
  const view = viewOf(
    [
      { name: 'get-sum', description: 'adds' },
      { name: 'echo', description: 'says it again' },
    ],
    [],
  );
  const helpOf = (name: string): string =>
    view.search({ query: undefined, names: [name], server: undefined, limit: 8 });
  const help = helpOf('desk.get_sum');
  assert.match(help, /^desk\.get_sum\(\)/);
  for (const name of ['desk.get-sum', 'desk__get-sum', 'desk/get-sum', 'get-sum', 'get_sum'])
    assert.equal(helpOf(name), help, name);
  assert.equal(helpOf('desk.get_sun'), 'desk.get_sun: no such tool; did you mean desk.get_sum?');
});
