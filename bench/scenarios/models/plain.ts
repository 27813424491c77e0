/** The claim about requests to models that are answered whole: CPU per request in each dialect, against the reference. */

import { OURS } from '../../harness/lab.ts';
import { askChat, askGemini, askMessages, askResponses } from '../../harness/model-requests.ts';
import type { Shape, Target } from '../../harness/requests.ts';
import { runRounds } from '../../harness/rounds.ts';
import type { Scenario } from '../scenario.ts';
import { MODEL, type ModelSetup, modelSetup, NAMED_MODEL, targetOf } from './setup.ts';

type Ask = (target: Target, model: string) => Shape;

/** Asked alike in front of the reference and of the gateway. */
function plain(
  name: string,
  title: string,
  ask: Ask,
  wire: NonNullable<ModelSetup['wire']>,
  inShort = false,
): Scenario {
  return {
    ...{ name, title, inShort },
    async run(lab) {
      const mockPort = await lab.startModelMock();
      const reference = await lab.startReference(mockPort);
      const gateways = await lab.startGateways(modelSetup({ mockPort, wire }));
      const contenders = [
        { subject: reference, shape: ask({ port: reference.port }, MODEL) },
        ...gateways.map((gateway) => ({ subject: gateway, shape: ask(targetOf(gateway), NAMED_MODEL) })),
      ];
      return { rows: await runRounds(lab, contenders, OURS) };
    },
  };
}

const KB_51 = 51 * 1_024;

export const chatLarge = plain(
  'chat-51kb',
  'Chat completions, OpenAI in and out, 51 KB request, everything on',
  (target, model) => askChat(target, model, KB_51),
  'openai',
  true,
);

export const chatTranslated = plain(
  'chat-translated',
  'Chat completions, OpenAI in, Anthropic upstream, everything on; the reference passes OpenAI through',
  askChat,
  'anthropic',
);

export const OTHER_DIALECTS: readonly Scenario[] = [
  plain('messages', 'Messages, Anthropic in and out, everything on', askMessages, 'anthropic'),
  plain('responses', 'Responses, OpenAI in and out, everything on', askResponses, 'openai'),
  plain('gemini', 'generateContent, Gemini in and out, everything on', askGemini, 'gemini'),
];
