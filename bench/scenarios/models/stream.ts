/** The claim about streams: what a piece costs on its way through. Paced, so that no piece waits for another and travels with it. */

import { OURS } from '../../harness/lab.ts';
import { askChatStream } from '../../harness/model-requests.ts';
import { runRounds } from '../../harness/rounds.ts';
import { streamEvents } from '../../model-answers.ts';
import type { Scenario } from '../scenario.ts';
import { MODEL, type ModelSetup, modelSetup, NAMED_MODEL, targetOf } from './setup.ts';

/** So many that what a request costs besides its pieces hardly counts. */
const PIECES = 200;
const EVERY_MS = 4;

const PACE = `streams of ${PIECES} pieces, one each ${EVERY_MS} ms, 32 at once, everything on`;

/** Asked alike in front of the reference, which passes OpenAI's stream on, and of the gateway. */
function stream(name: string, title: string, wire: NonNullable<ModelSetup['wire']>, inShort: boolean): Scenario {
  return {
    ...{ name, title, inShort },
    async run(lab) {
      const mockPort = await lab.startModelMock(['--pieces', String(PIECES), '--every', String(EVERY_MS)]);
      const reference = await lab.startReference(mockPort);
      const gateways = await lab.startGateways(modelSetup({ mockPort, wire }));
      const contenders = [
        { subject: reference, shape: askChatStream(reference, MODEL) },
        ...gateways.map((gateway) => ({ subject: gateway, shape: askChatStream(targetOf(gateway), NAMED_MODEL) })),
      ];
      const rows = await runRounds(lab, contenders, OURS);
      const events = streamEvents(PIECES).length;
      return {
        rows,
        notes: rows.map(
          ({ name, us }) => `${name}: ${(us.median / events).toFixed(2)} µs of CPU per event of a stream`,
        ),
      };
    },
  };
}

export const chatStream = stream('chat-stream', `Chat completions as ${PACE}`, 'openai', true);

export const chatStreamTranslated = stream(
  'chat-translated-stream',
  `Chat completions as ${PACE}; OpenAI in, Anthropic upstream, the reference passes OpenAI through`,
  'anthropic',
  false,
);
