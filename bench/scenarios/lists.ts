/** The claim about tools/list: served ready-made, whatever its length. */

import { OURS } from '../harness/lab.ts';
import { modernList } from '../harness/requests.ts';
import { runRounds } from '../harness/rounds.ts';
import { httpServer, type Scenario } from './scenario.ts';

function listing(tools: number, inShort: boolean): Scenario {
  return {
    name: `list-${tools}`,
    title: `tools/list, 2026-07-28, ${tools.toLocaleString('en')} tools in one answer`,
    inShort,
    async run(lab) {
      const mock = await lab.startMock(['--tools', String(tools)]);
      const reference = await lab.startReference(mock);
      // Both answer with the whole list.
      const limits = { pageItems: 100_000 };
      const gateways = await lab.startGateways({ servers: { mock: httpServer(mock) }, limits });
      const contenders = [
        { subject: reference, shape: modernList({ port: reference.port }) },
        ...gateways.map((gateway) => ({
          subject: gateway,
          shape: modernList({ port: gateway.port, ...(gateway.key === undefined ? {} : { key: gateway.key }) }),
        })),
      ];
      return { rows: await runRounds(lab, contenders, OURS) };
    },
  };
}

export const LIST_SCENARIOS: readonly Scenario[] = [listing(10, false), listing(500, true), listing(2_000, false)];
