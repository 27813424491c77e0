/** The scenarios of load, start and size, in the order in which they run. */

import type { Scenario } from '../scenario.ts';
import { loadChat } from './chat.ts';
import { loadIdle } from './idle.ts';
import { loadMixed } from './mixed.ts';
import { loadReplicas } from './replicas.ts';
import { start } from './start.ts';
import { loadStores } from './stores.ts';

export const LOAD_SCENARIOS: readonly Scenario[] = [loadChat, loadIdle, loadMixed, loadStores, loadReplicas, start];
