/** The scenarios of requests to models, in the order in which they run. */

import type { Scenario } from '../scenario.ts';
import { agentRound } from './agent.ts';
import { chat } from './chat.ts';
import { codeModeRun } from './code-mode.ts';
import { execute } from './execute.ts';
import { chatLarge, chatTranslated, OTHER_DIALECTS } from './plain.ts';
import { chatStream, chatStreamTranslated } from './stream.ts';
import { chatTools } from './tools.ts';

export const MODEL_SCENARIOS: readonly Scenario[] = [
  ...[chat, chatLarge, chatTools, chatStream, chatTranslated, chatStreamTranslated],
  ...OTHER_DIALECTS,
  execute,
  agentRound,
  codeModeRun,
];
