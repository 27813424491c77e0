/** The question of agent mode: what a chat costs in which the gateway itself runs one tool and asks the model again. */

import { OURS } from '../../harness/lab.ts';
import { askChat } from '../../harness/model-requests.ts';
import { runRounds } from '../../harness/rounds.ts';
import { EXPOSED_TOOL, httpServer, type Scenario } from '../scenario.ts';
import { MODEL, modelSetup, NAMED_MODEL, targetOf } from './setup.ts';

export const agentRound: Scenario = {
  name: 'agent-round',
  title:
    'Agent mode: a chat in which the gateway runs one tool and asks again, everything on; the reference passes one chat on',
  inShort: false,
  async run(lab) {
    const plainPort = await lab.startModelMock();
    const mockPort = await lab.startModelMock(['--calls', EXPOSED_TOOL]);
    const toolsPort = await lab.startMock();
    const reference = await lab.startReference(plainPort);
    const ofKeys = { toolMode: 'classic', agent: { mode: 'on', auto: ['*'] } };
    const servers = { mock: httpServer(toolsPort) };
    const gateways = await lab.startGateways(modelSetup({ mockPort, servers, ofKeys }));
    const contenders = [
      { subject: reference, shape: askChat(reference, MODEL) },
      ...gateways.map((gateway) => ({ subject: gateway, shape: askChat(targetOf(gateway), NAMED_MODEL) })),
    ];
    const rows = await runRounds(lab, contenders, OURS);
    const ratio = rows.find(({ name }) => name === OURS)?.ratio?.median ?? Number.NaN;
    const notes = [
      "a request of ours is three upstream (model, tool, model) and four calls in the trail; the reference's is one",
      `for each request upstream it takes ${(ratio / 3).toFixed(1)} × the CPU of the reference`,
      'whatever has no text of the second answer counts as failed, so each one counted ran the tool',
    ];
    return { rows, notes };
  },
};
