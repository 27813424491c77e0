/** The claim about injected tools: what a chat costs to which the gateway adds a hundred. The reference sends it as it is. */

import { OURS } from '../../harness/lab.ts';
import { askChat } from '../../harness/model-requests.ts';
import { runRounds } from '../../harness/rounds.ts';
import { httpServer, type Scenario } from '../scenario.ts';
import { MODEL, modelSetup, NAMED_MODEL, targetOf } from './setup.ts';

const TOOLS = 100;
/** One more, which the key may not use. */
const OFFERED = TOOLS + 1;

async function readTools(mockPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${mockPort}/last`, { signal: AbortSignal.timeout(5_000) });
  const { tools = [] } = (await response.json()) as { readonly tools?: readonly object[] };
  return tools.length;
}

export const chatTools: Scenario = {
  name: 'chat-100-tools',
  title: `Chat completions, OpenAI in and out, ${TOOLS} tools added by the gateway, everything on`,
  inShort: true,
  async run(lab) {
    // The gateway's mock is one of its own, so that the last request it had is the gateway's.
    const plainPort = await lab.startModelMock();
    const mockPort = await lab.startModelMock();
    const toolsPort = await lab.startMock(['--tools', String(OFFERED)]);
    const reference = await lab.startReference(plainPort);
    const ofKeys = { toolMode: 'classic', deny: [`*/tool_${OFFERED - 1}`] };
    const gateways = await lab.startGateways(
      modelSetup({ mockPort, servers: { mock: httpServer(toolsPort) }, ofKeys }),
    );
    const contenders = [
      { subject: reference, shape: askChat(reference, MODEL) },
      ...gateways.map((gateway) => ({ subject: gateway, shape: askChat(targetOf(gateway), NAMED_MODEL) })),
    ];
    const rows = await runRounds(lab, contenders, OURS);
    const arrived = await readTools(mockPort);
    if (arrived !== TOOLS) throw new Error(`${arrived} tools arrived at the model instead of ${TOOLS}`);
    return { rows, notes: ["the reference's requests have no tools, the gateway's reach the model with all of them"] };
  },
};
