/** The claim about tools/call: CPU, added latency and memory per call against the reference and peers, on each path. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gateway } from '../harness/gateway.ts';
import { type Lab, OURS, type Subject } from '../harness/lab.ts';
import { hubCall, legacyCall, modernCall, openSession, type Shape } from '../harness/requests.ts';
import { type Contender, runRates, runRounds } from '../harness/rounds.ts';
import { direct, EXPOSED_TOOL, httpServer, type Result, type Scenario, TOOL } from './scenario.ts';

/** The mock does not look at it. */
const MOCK_SESSION = 'mock-session-0123456789';

const modern = (subject: Subject, tool: string, key?: string): Contender => ({
  subject,
  shape: modernCall({ port: subject.port, ...(key === undefined ? {} : { key }) }, tool),
});

async function legacy(subject: Subject, tool: string, key?: string): Promise<Contender> {
  const target = { port: subject.port, ...(key === undefined ? {} : { key }) };
  return { subject, shape: legacyCall(target, tool, await openSession(target)) };
}

const viaMock = (subject: Subject, shape: (target: { port: number }) => Shape): Contender => ({
  subject,
  shape: shape({ port: subject.port }),
});

/** Full load in alternation, then all at a rate that the slowest can hold. */
async function compare(
  lab: Lab,
  zero: Contender,
  contenders: readonly Contender[],
): Promise<Pick<Result, 'rows' | 'rates'>> {
  const rows = await runRounds(lab, contenders, OURS);
  const rates = await runRates(lab, [zero, ...contenders], [lab.options.plan.peerRate]);
  return { rows, rates };
}

const PEERS_LEFT_OUT = 'peers left out (--no-peers)';

const callModern: Scenario = {
  name: 'call-modern',
  title: 'tools/call, client and server of 2026-07-28, HTTP, 200 B result',
  inShort: true,
  inGuard: true,
  async run(lab) {
    const mock = await lab.startMock();
    const reference = await lab.startReference(mock);
    const gateways = await lab.startGateways({ servers: { mock: httpServer(mock) } });
    const peers = lab.options.withPeers ? [modern(await lab.startSdkGateway('sdk-v2', mock), TOOL)] : [];
    const call = (target: { port: number }): Shape => modernCall(target, TOOL);
    const contenders = [
      viaMock(reference, call),
      ...gateways.map((gateway) => modern(gateway, EXPOSED_TOOL, gateway.key)),
      ...peers,
    ];
    const notes = lab.options.withPeers ? [] : [PEERS_LEFT_OUT];
    return { ...(await compare(lab, viaMock(direct(mock), call), contenders)), notes };
  },
};

const callLegacy: Scenario = {
  name: 'call-legacy',
  title: 'tools/call in a session of 2025-11-25, server of the same era, HTTP, 200 B result',
  inShort: true,
  inGuard: true,
  async run(lab) {
    const mock = await lab.startMock(['--legacy-only']);
    const reference = await lab.startReference(mock);
    const gateways = await lab.startGateways({ servers: { mock: httpServer(mock) } });
    const call = (target: { port: number }): Shape => legacyCall(target, TOOL, MOCK_SESSION);
    const contenders = [viaMock(reference, call), ...(await legacyGateways(gateways))];
    const notes: string[] = [];
    if (lab.options.withPeers) {
      contenders.push(await legacy(await lab.startSdkGateway('sdk-v1', mock), TOOL));
      contenders.push(await hub(lab, mock));
      notes.push('mcp-hub is called over its own REST interface, the only one it has for single calls');
    } else notes.push(PEERS_LEFT_OUT);
    return { ...(await compare(lab, viaMock(direct(mock), call), contenders)), notes };
  },
};

const legacyGateways = (gateways: readonly Gateway[]): Promise<Contender[]> =>
  Promise.all(gateways.map((gateway) => legacy(gateway, EXPOSED_TOOL, gateway.key)));

async function hub(lab: Lab, mockPort: number): Promise<Contender> {
  const file = join(lab.folder(), 'mcp-hub.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { mock: { url: `http://127.0.0.1:${mockPort}/mcp` } } }));
  const subject = await lab.startHub(file);
  return { subject, shape: hubCall(subject.port, 'mock', TOOL) };
}

const callStdio: Scenario = {
  name: 'call-stdio',
  title: 'tools/call in a session of 2025-11-25, server on stdio, 200 B result',
  inShort: true,
  inGuard: true,
  async run(lab) {
    const mock = await lab.startMock(['--legacy-only']);
    const reference = await lab.startReference(mock);
    const [command, args] = lab.stdioMock();
    const gateways = await lab.startGateways({ servers: { mock: { command, args } } });
    const call = (target: { port: number }): Shape => legacyCall(target, TOOL, MOCK_SESSION);
    const contenders = [viaMock(reference, call), ...(await legacyGateways(gateways))];
    const notes = ['reference and direct speak HTTP to the mock: no plainer bridge to stdio exists'];
    if (lab.options.withPeers)
      for (const name of ['mcp-proxy', 'supergateway'] as const)
        contenders.push(await legacy(await lab.startBridge(name), TOOL));
    else notes.push(PEERS_LEFT_OUT);
    return { ...(await compare(lab, viaMock(direct(mock), call), contenders)), notes };
  },
};

/** The modern path with one thing changed, without peers. */
function variant(
  name: string,
  title: string,
  inShort: boolean,
  mockFlags: readonly string[],
  everythingOn: boolean,
): Scenario {
  return {
    name,
    title,
    inShort,
    async run(lab) {
      const mock = await lab.startMock(mockFlags);
      const reference = await lab.startReference(mock);
      const gateways = await lab.startGateways({ servers: { mock: httpServer(mock) }, everythingOn });
      const contenders = [
        modern(reference, TOOL),
        ...gateways.map((gateway) => modern(gateway, EXPOSED_TOOL, gateway.key)),
      ];
      return { rows: await runRounds(lab, contenders, OURS) };
    },
  };
}

/** One process at rates up to 5,000 calls a second. */
const rates: Scenario = {
  name: 'rates',
  title: 'Added latency of tools/call (2026-07-28) at constant rates, one process, everything on',
  inShort: true,
  async run(lab) {
    const mock = await lab.startMock();
    const reference = await lab.startReference(mock);
    const gateways = await lab.startGateways({ servers: { mock: httpServer(mock) } });
    const contenders = [
      modern(direct(mock), TOOL),
      modern(reference, TOOL),
      ...gateways.map((gateway) => modern(gateway, EXPOSED_TOOL, gateway.key)),
    ];
    const { warmRequests, warmSeconds } = lab.options.plan;
    for (const { shape } of contenders)
      await lab.load.run({ ...shape, connections: 32, rate: 0, requests: warmRequests, maxSeconds: warmSeconds });
    return { rates: await runRates(lab, contenders, lab.options.plan.rates) };
  },
};

const LARGE = ['--result-bytes', '102400'];

export const CALL_SCENARIOS: readonly Scenario[] = [
  callModern,
  callLegacy,
  callStdio,
  variant('call-100kb', 'tools/call, 2026-07-28, HTTP, 100 KB result', true, LARGE, true),
  variant(
    'call-bare',
    'tools/call, 2026-07-28, HTTP, what can be off is off: no key, no hidden tool, no write-ahead (read-only tool), no arguments kept',
    false,
    ['--read-only'],
    false,
  ),
  rates,
];
