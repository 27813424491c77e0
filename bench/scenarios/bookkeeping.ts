/** The claim about bookkeeping: what the governed part of a call costs by itself, without HTTP and without JSON of messages. */

import type { BookkeepingFigures } from '../bookkeeping.ts';
import type { ModelBookkeepingFigures } from '../model-bookkeeping.ts';
import type { Scenario } from './scenario.ts';

export const bookkeeping: Scenario = {
  name: 'bookkeeping',
  title: 'Bookkeeping of a tool call: identify, authorize, find the tool, write ahead, record, measure',
  inShort: true,
  inGuard: true,
  async run(lab) {
    const line = await lab.runScript('bookkeeping.ts', [lab.folder()]);
    return {
      bookkeeping: JSON.parse(line) as BookkeepingFigures,
      notes: [
        'time on the main thread of the process, from `gateway.call` to its outcome, before a server that answers at once; from the sources',
        'journal writes and garbage collection are in it; the folding of the journal runs beside it on the same core and shows in p99 and mean',
      ],
    };
  },
};

export const modelBookkeeping: Scenario = {
  name: 'model-bookkeeping',
  title: 'Bookkeeping of a chat: identify, authorize, route, rate, budget, price, record, measure',
  inShort: true,
  async run(lab) {
    const line = await lab.runScript('model-bookkeeping.ts', [lab.folder()]);
    return {
      modelBookkeeping: JSON.parse(line) as ModelBookkeepingFigures,
      notes: [
        'time on the main thread of the process, from `gateway.call` to its outcome, before a provider that answers at once; from the sources',
        'requests and answers are read and written outside of it; the trail is written, and folded beside it on the same core',
      ],
    };
  },
};
