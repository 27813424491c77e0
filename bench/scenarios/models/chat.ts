/** The claim about chats: CPU and added latency per request against the reference and a peer. */

import { OURS } from '../../harness/lab.ts';
import { askChat } from '../../harness/model-requests.ts';
import { runRates, runRounds } from '../../harness/rounds.ts';
import { direct, type Scenario } from '../scenario.ts';
import { MODEL, modelSetup, NAMED_MODEL, targetOf } from './setup.ts';

export const chat: Scenario = {
  name: 'chat-plain',
  title: 'Chat completions, OpenAI in and out, answered whole, everything on',
  inShort: true,
  async run(lab) {
    const mockPort = await lab.startModelMock();
    const reference = await lab.startReference(mockPort);
    const gateways = await lab.startGateways(modelSetup({ mockPort }));
    const contenders = [
      { subject: reference, shape: askChat(reference, MODEL) },
      ...gateways.map((gateway) => ({ subject: gateway, shape: askChat(targetOf(gateway), NAMED_MODEL) })),
    ];
    const notes: string[] = [];
    if (lab.options.withPeers) {
      const subject = await lab.startPortkey();
      const headers = ['x-portkey-provider: openai', `x-portkey-custom-host: http://127.0.0.1:${mockPort}/v1`];
      contenders.push({ subject, shape: askChat(subject, MODEL, 0, headers) });
    } else notes.push('peers left out (--no-peers)');
    const rows = await runRounds(lab, contenders, OURS);
    const zero = direct(mockPort);
    const all = [{ subject: zero, shape: askChat(zero, MODEL) }, ...contenders];
    return { rows, rates: await runRates(lab, all, [lab.options.plan.peerRate]), notes };
  },
};
