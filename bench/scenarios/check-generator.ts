/** Our generator against `wrk`, where it is installed: both must find the same ceiling, or the figures are the generator's. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decidePlacement, pinned } from '../harness/processes.ts';
import { modernCall, type Shape } from '../harness/requests.ts';
import { runRounds } from '../harness/rounds.ts';
import { cpuMicros } from '../harness/usage.ts';
import { EXPOSED_TOOL, httpServer, type Scenario, TOOL } from './scenario.ts';

export interface WrkCheck {
  readonly name: string;
  readonly wrkRps: number;
  readonly wrkUs: number;
  readonly ownRps: number;
  readonly ownUs: number;
}

const SECONDS = 5;

/** wrk's script: the same request, each with an id of its own. */
function script({ head, body }: Shape): string {
  // wrk writes the Host header itself.
  const [, ...all] = head.trim().split('\r\n');
  const lines = all.filter((line) => !line.startsWith('host:'));
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return `wrk.headers[${JSON.stringify(line.slice(0, colon))}] = ${JSON.stringify(line.slice(colon + 1).trim())}`;
  });
  return [
    'wrk.method = "POST"',
    ...headers,
    `local parts = ${JSON.stringify(body)}`,
    'local id = 0',
    'request = function()',
    '  id = id + 1',
    '  return wrk.format(nil, nil, nil, (parts:gsub("@ID@", tostring(id))))',
    'end',
  ].join('\n');
}

export const checkGenerator: Scenario = {
  name: 'check-generator',
  title: 'Our load generator against wrk at full load (2026-07-28)',
  inShort: false,
  async run(lab) {
    if (spawnSync('wrk', ['-v']).error !== undefined) return { notes: ['wrk is not installed'] };
    const mock = await lab.startMock();
    const reference = await lab.startReference(mock);
    const [gateway] = await lab.startGateways({ servers: { mock: httpServer(mock) } });
    if (gateway?.key === undefined) throw new Error('no gateway');
    const contenders = [
      { subject: reference, shape: modernCall(reference, TOOL) },
      { subject: gateway, shape: modernCall({ port: gateway.port, key: gateway.key }, EXPOSED_TOOL) },
    ];
    const rows = await runRounds(lab, contenders, gateway.name);
    const { generator } = decidePlacement();
    const wrk = contenders.map(({ subject, shape }, i): WrkCheck => {
      const file = join(lab.folder(), 'request.lua');
      writeFileSync(file, script(shape));
      const url = `http://127.0.0.1:${subject.port}/mcp`;
      const [command, args] = pinned(generator, 'wrk', ['-t1', '-c32', `-d${SECONDS}s`, '-s', file, url]);
      const before = cpuMicros(subject.pids);
      const { stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: (SECONDS + 10) * 1_000 });
      const micros = cpuMicros(subject.pids) - before;
      const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? Number.NaN);
      if (/Non-2xx/.test(stdout)) throw new Error(`wrk saw errors: ${stdout.slice(0, 500)}`);
      const row = rows[i];
      return {
        name: subject.name,
        wrkRps: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN),
        wrkUs: micros / requests,
        ownRps: row?.maxRps ?? Number.NaN,
        ownUs: row?.us.median ?? Number.NaN,
      };
    });
    return { wrk };
  },
};
