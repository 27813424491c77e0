/** Plain JavaScript and JSON Schema, nothing imported: tells its progress, and stops when it is cancelled. */

import { setTimeout as sleep } from 'node:timers/promises';

export default {
  description: 'Counts down to zero, one step each 100 ms.',
  input: {
    type: 'object',
    properties: { from: { type: 'integer', minimum: 1, maximum: 100 } },
    required: ['from'],
    additionalProperties: false,
  },
  async handler({ from }, { progress, log, signal }) {
    log('info', `counting down from ${from}`);
    for (let step = 1; step <= from; step++) {
      await sleep(100, undefined, { signal });
      progress(step, from, `${from - step} to go`);
    }
    return 'Lift-off!';
  },
};
