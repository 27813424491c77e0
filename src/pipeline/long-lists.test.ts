/** What long lists may cost, told by counting: the tools of 46 published servers are put together once, not once per answer. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordedTools } from '../../test/support/recorded-tools.ts';
import type { Offer } from '../contracts/upstream.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';

const { servers, origin } = recordedTools();

/** The recorded offers, counting how often a definition is looked at. */
function countingOffers(): { readonly offers: { [id: string]: Offer }; readonly reads: () => number } {
  let reads = 0;
  const offers = Object.fromEntries(
    [...servers].map(([id, tools]) => {
      const offer = offerOf({ tools: tools.map((tool) => ({ name: tool.name, text: JSON.stringify(tool) })) });
      const counting = offer.tools.map(({ text, ...tool }) =>
        Object.defineProperty({ ...tool, text }, 'text', {
          get() {
            reads += 1;
            return text;
          },
        }),
      );
      return [id, { ...offer, tools: counting }];
    }),
  );
  return { offers, reads: () => reads };
}

describe(`2,054 tools (${origin})`, () => {
  for (const pageItems of [1_000, 100_000]) {
    const { limits } = createHarness({}).config();
    const harness = () => {
      const { offers, reads } = countingOffers();
      return { reads, ...createHarness(offers, { config: { limits: { ...limits, pageItems } } }) };
    };
    const sweep = async ({ call }: Pick<ReturnType<typeof harness>, 'call'>): Promise<object[]> => {
      const answers: object[] = [];
      for (const era of ['legacy', 'modern'] as const) {
        let cursor: string | undefined;
        do {
          const answer = await call('tools.list', { era, params: JSON.stringify({ cursor }) });
          answers.push(answer);
          cursor = JSON.parse(answer.text).nextCursor;
        } while (cursor !== undefined);
      }
      return answers;
    };

    test(`in pages of ${pageItems}, each page is put together once per era, however often it is asked for`, async () => {
      const gateway = harness();
      const first = await sweep(gateway);
      assert.equal(first.length, 2 * Math.ceil(2054 / pageItems));
      const again = await sweep(gateway);
      for (const [i, answer] of again.entries()) assert.ok(answer === first[i], `answer ${i} is the same object`);
    });

    test(`in pages of ${pageItems}, a changed server has its own definitions read, and no other's`, async () => {
      const gateway = harness();
      await sweep(gateway);
      await sweep(gateway);
      assert.equal(gateway.reads(), 2054);
      const [id = '', tools = []] = [...servers].at(-1) ?? [];
      const server = gateway.servers.get(id);
      const offer = server?.offer();
      assert.ok(server !== undefined && offer !== undefined);
      const readBefore = gateway.reads();
      server.setOffer({ ...offer });
      await sweep(gateway);
      assert.equal(gateway.reads() - readBefore, tools.length);
    });
  }
});
