import { testCodeStateStore } from '../../../test/support/code-state-store-suite.ts';
import { createMemoryCodeStates } from './memory-code-states.ts';

testCodeStateStore('memory', async () => {
  const store = createMemoryCodeStates();
  return async () => store;
});
