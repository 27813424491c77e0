/** The claim about slow models: a thousand chats a second of a second each, so a thousand under way, and nobody notices. */

import type { Report } from '../../generator.ts';
import { chatCall, type Shape } from '../../harness/requests.ts';
import { median } from '../../harness/statistics.ts';
import { memoryMb, settledMicros } from '../../harness/usage.ts';
import type { Scenario } from '../scenario.ts';
import type { Percentiles } from './figures.ts';
import { countTrail, governed, MODEL, NAMED_MODEL, rowsOf } from './governed.ts';

const RATE = 1_000;
const MODEL_MS = 1_000;
/** Half more than are under way, so that none has to wait for a free one. */
const CONNECTIONS = 1_500;
const SECONDS = { short: 8, long: 20 };
/** Opens the connections on both sides of the gateway before each window; the first time it compiles, too. */
const WARM_SECONDS = 3;
const FIRST_WARM_SECONDS = 12;
const GRACE_SECONDS = 5;

export const loadChat: Scenario = {
  name: 'load-chat',
  title: `Load: ${RATE.toLocaleString('en')} chats a second with a model that takes ${MODEL_MS} ms, everything on`,
  inShort: true,
  async run(lab) {
    const seconds = lab.options.isShort ? SECONDS.short : SECONDS.long;
    const rounds = lab.options.plan.rateRounds;
    const mock = await lab.startStreamMock(['--delay', String(MODEL_MS)]);
    const [gateway] = await lab.startGateways(governed({ model: mock }));
    if (gateway?.key === undefined) throw new Error('no gateway');
    let made = 0;
    const load = async (shape: Shape, forSeconds: number): Promise<Report> => {
      const size = { rate: RATE, requests: RATE * forSeconds, connections: CONNECTIONS };
      return lab.load.run({ ...shape, ...size, maxSeconds: forSeconds + GRACE_SECONDS });
    };
    const direct = chatCall({ port: mock }, MODEL);
    const through = chatCall({ port: gateway.port, key: gateway.key }, NAMED_MODEL);
    const windows: { readonly direct: Report; readonly gateway: Report; readonly us: number }[] = [];
    const warmups: Report[] = [];
    for (let round = 0; round < rounds; round++) {
      const warmSeconds = round === 0 ? FIRST_WARM_SECONDS : WARM_SECONDS;
      await load(direct, WARM_SECONDS);
      const plain = await load(direct, seconds);
      warmups.push(await load(through, warmSeconds));
      const before = await settledMicros(gateway.pids);
      const report = await load(through, seconds);
      const us = ((await settledMicros(gateway.pids)) - before) / (RATE * seconds);
      windows.push({ direct: plain, gateway: report, us });
      made += RATE * (warmSeconds + seconds);
    }
    const memory = memoryMb(gateway.pids);
    await gateway.stop();
    const of = (pick: (window: (typeof windows)[number]) => Percentiles): Percentiles => ({
      p50: median(windows.map((window) => pick(window).p50)),
      p99: median(windows.map((window) => pick(window).p99)),
    });
    const all = [...warmups, ...windows.map((window) => window.gateway)];
    return {
      load: {
        chat: {
          ...{ rate: RATE, modelMs: MODEL_MS, seconds: seconds * rounds, made, memory },
          directMs: of((window) => window.direct.latencyMs),
          addedMs: of(({ gateway: { latencyMs }, direct: { latencyMs: zero } }) => ({
            p50: latencyMs.p50 - zero.p50,
            p99: latencyMs.p99 - zero.p99,
          })),
          failed: all.reduce((sum, { failed }) => sum + failed, 0),
          unanswered: all.reduce((sum, { unanswered }) => sum + unanswered, 0),
          firstFailure: all.find(({ firstFailure }) => firstFailure !== undefined)?.firstFailure,
          usPerCall: median(windows.map(({ us }) => us)),
          lateP99Ms: Math.max(...windows.flatMap((window) => [window.direct.lateP99Ms, window.gateway.lateP99Ms])),
          trailRows: rowsOf(countTrail(gateway.dataDir), 'chat').rows,
        },
      },
    };
  },
};
