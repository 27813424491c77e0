/** The claim about explicit execution: a call as a model would have suggested it. The reference passes on the call of the tool itself. */

import { OURS } from '../../harness/lab.ts';
import { executeCall, modernCall } from '../../harness/requests.ts';
import { runRounds } from '../../harness/rounds.ts';
import { EXPOSED_TOOL, httpServer, type Scenario, TOOL } from '../scenario.ts';
import { modelSetup, targetOf } from './setup.ts';

export const execute: Scenario = {
  name: 'execute',
  title: 'Explicit execution of a tool in the form of chat completions, everything on',
  inShort: false,
  async run(lab) {
    const mockPort = await lab.startModelMock();
    const toolsPort = await lab.startMock();
    const reference = await lab.startReference(toolsPort);
    const servers = { mock: httpServer(toolsPort) };
    const gateways = await lab.startGateways(modelSetup({ mockPort, servers, ofKeys: { execute: 'any' } }));
    const contenders = [
      { subject: reference, shape: modernCall(reference, TOOL) },
      ...gateways.map((gateway) => ({ subject: gateway, shape: executeCall(targetOf(gateway), EXPOSED_TOOL) })),
    ];
    return { rows: await runRounds(lab, contenders, OURS) };
  },
};
