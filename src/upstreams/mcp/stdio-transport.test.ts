import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { PeerReply } from '../../contracts/peer.ts';
import { Secret } from '../../contracts/secret.ts';
import {
  callTool,
  createPeer,
  FIXTURES,
  linkRequest,
  type OpenedLink,
  openTestLink,
  stdioConfig,
} from './fixtures/link-testing.ts';
import { LinkOpenError } from './link.ts';

const ODD = `${FIXTURES}odd-stdio-server.mjs`;
const MAX_MESSAGE_BYTES = 1_000_000;

async function openOdd(start = '', env: { [name: string]: string } = {}): Promise<OpenedLink & AsyncDisposable> {
  const opened = await openTestLink(stdioConfig([ODD, start], env), { maxMessageBytes: MAX_MESSAGE_BYTES });
  return { ...opened, [Symbol.asyncDispose]: () => opened.link.close() };
}
const text = (value: unknown): string => JSON.stringify({ content: [{ type: 'text', text: String(value) }] });
const isError = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function pidOf(opened: OpenedLink): Promise<number> {
  const reply = await opened.link.request(callTool('pid'));
  return Number(/"text":"(\d+)"/.exec(reply.text)?.[1]);
}

describe('a stdio server that misbehaves', { timeout: 60_000 }, () => {
  it('may print banners to stdout before it speaks', async (t) => {
    const odd = await openOdd('banner');
    t.after(() => odd[Symbol.asyncDispose]());
    assert.equal((await odd.link.request(callTool('echo', { text: 'hi' }))).text, text('hi'));
    const banner = odd.log.lines.find((line) => String(line.fields?.line).includes('Welcome'));
    assert.equal(banner?.fields?.line, 'Welcome to MY SERVER v1', 'without its colours');
  });

  it('may send garbage between its messages', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    assert.equal((await odd.link.request(callTool('garbage'))).text, text('after garbage'));
  });

  it('fails only the call whose answer has neither result nor error, or one twice', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    await assert.rejects(odd.link.request(callTool('no-result')), isError('upstream_failed'));
    await assert.rejects(odd.link.request(callTool('twice-member')), isError('upstream_failed'));
    assert.equal((await odd.link.request(callTool('echo', { text: 'on' }))).text, text('on'));
  });

  it('fails only the call whose answer is too large, wherever the id stands', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const waiting = odd.link.request(callTool('late'));
    await assert.rejects(odd.link.request(callTool('huge-id-first')), isError('upstream_failed'));
    await assert.rejects(odd.link.request(callTool('huge-id-last')), isError('upstream_failed'));
    assert.equal((await odd.link.request(callTool('huge-notification'))).text, text('still here'));
    await odd.link.request(callTool('send-late'));
    assert.equal((await waiting).text, text('too late'), 'the other call in flight was not touched');
  });

  it('is given up when a message is too large and nobody can tell whose it is', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    await assert.rejects(odd.link.request(callTool('huge-nameless')), isError('outcome_unknown'));
    assert.match((await odd.lost).message, /larger than/);
    await assert.rejects(odd.link.request(callTool('echo')), isError('upstream_unavailable'));
  });

  it('may flood stderr: few lines reach the log, without control characters and without our secrets', async (t) => {
    const odd = await openOdd('', { API_KEY: 's3cret-value-1' });
    t.after(() => odd[Symbol.asyncDispose]());
    assert.equal((await odd.link.request(callTool('flood'))).text, text('flooded'));
    const lines = odd.log.lines.filter((line) => line.fields?.stream === 'stderr');
    assert.ok(lines.length > 0 && lines.length <= 100, `${lines.length} lines`);
    assert.match(lines[0]?.message ?? '', /^flood 0 \[redacted\] red$/);
    assert.ok(!JSON.stringify(odd.log.lines).includes('s3cret-value-1'));
  });

  it('may never answer: the call ends at its deadline and the server is told', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    await assert.rejects(odd.link.request(callTool('late', {}, { timeoutMs: 30 })), isError('upstream_timeout'));
    const reply = await odd.link.request(callTool('send-late'));
    assert.match(reply.text, /"text":"\d+"/, 'its cancelled request ids, and the late answer went nowhere');
    assert.equal(odd.link.inFlight, 0);
  });

  it('may answer twice or for other ids', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    assert.equal((await odd.link.request(callTool('twice'))).text, text('first'));
    assert.equal((await odd.link.request(callTool('other-id'))).text, text('mine'));
    assert.ok(odd.log.lines.some((line) => line.level === 'debug' && line.message.startsWith('answer to no request')));
  });

  it('may exit in the middle of a call: its outcome is unknown, and the loss says why', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    await assert.rejects(odd.link.request(callTool('exit')), isError('outcome_unknown'));
    assert.deepEqual(await odd.lost, {
      stage: 'transport',
      message: 'the server exited with code 7: segmentation fault, probably',
    });
    await assert.rejects(odd.link.request(callTool('echo')), isError('upstream_unavailable'));
  });

  it('may exit right after its answer: the answer counts', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    assert.equal((await odd.link.request(callTool('answer-and-exit'))).text, '{"content":[]}');
    await odd.lost;
  });

  it('killed from outside says so', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const call = odd.link.request(callTool('never'));
    process.kill(await pidOf(odd), 'SIGKILL');
    await assert.rejects(call, isError('outcome_unknown'));
    assert.match((await odd.lost).message, /was ended by SIGKILL/);
  });

  it('is not lost because somebody who was told something failed', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const notify = (): never => {
      throw new Error('broken client');
    };
    const peer = createPeer({ notify });
    assert.equal((await odd.link.request(callTool('log', {}, { peer, keyId: 'a' }))).text, text('logged'));
    assert.ok(odd.log.lines.some(({ level }) => level === 'error'));
  });

  it('may answer with a batch', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    assert.equal((await odd.link.request(callTool('batch'))).text, '{"content":[],"batched":true}');
    assert.equal(odd.messages[0]?.method, 'notifications/message');
  });
});

describe('what passes through a stdio link', { timeout: 60_000 }, () => {
  it('results and errors come verbatim, but for keys of ours that a server may not use', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const reply = await odd.link.request(callTool('verbatim'));
    assert.equal(reply.text, '{"content":[],"n": 12345678901234567890.50,"é":"\\u00e9","_meta":{"keep":true}}');
    const error = await odd.link.request(callTool('rpc-error'));
    assert.equal(error.type, 'rpc-error');
    assert.equal(error.text, '{"code":-32602,"message":"no","data":{"big":"12345678901234567890"}}');
  });

  it('a cancelled call is told to the server and is over at once', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const aborter = new AbortController();
    const call = odd.link.request(callTool('late', {}, { signal: aborter.signal }));
    aborter.abort();
    await assert.rejects(call, isError('cancelled'));
    assert.match((await odd.link.request(callTool('send-late'))).text, /"text":"2"/);
    await assert.rejects(odd.link.request(callTool('echo', {}, { signal: aborter.signal })), isError('cancelled'));
  });

  it('log messages go to the one caller in flight, and to nobody when there are two', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const one = createPeer();
    const other = createPeer();
    await odd.link.request(callTool('log', {}, { peer: one, keyId: 'a' }));
    assert.deepEqual(one.notifications, [
      { method: 'notifications/message', params: '{"level":"info","data":"hello"}' },
    ]);
    assert.deepEqual(
      odd.messages.map((message) => message.method),
      ['notifications/resources/updated'],
      'what concerns the server as a whole goes to the keeper',
    );
    const waiting = odd.link.request(callTool('late', {}, { peer: other, keyId: 'b' }));
    await odd.link.request(callTool('log', {}, { peer: one, keyId: 'a' }));
    assert.equal(one.notifications.length, 1);
    assert.equal(other.notifications.length, 0);
    assert.ok(
      !odd.messages.some((message) => message.method === 'notifications/message'),
      'what may be about somebody’s call is not told to everybody',
    );
    await odd.link.request(callTool('send-late'));
    await waiting;
  });

  it('a modern client gets log messages only at the level it asked for', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const silent = createPeer({ era: 'modern' });
    const strict = createPeer({ era: 'modern', logLevel: 'error' });
    const curious = createPeer({ era: 'modern', logLevel: 'debug' });
    for (const peer of [silent, strict, curious]) await odd.link.request(callTool('log', {}, { peer, keyId: 'a' }));
    assert.deepEqual(
      [silent, strict, curious].map((peer) => peer.notifications.length),
      [0, 0, 1],
    );
  });
});

describe('questions of a stdio server', { timeout: 60_000 }, () => {
  it('go to the client of the call and come back under the id of the server', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const asked: unknown[] = [];
    const ask = async (method: string, params: string | undefined): Promise<PeerReply> => {
      asked.push({ method, params });
      return { result: '{"action":"accept","content":{"n":1.0}}' };
    };
    const peer = createPeer({ ask });
    for (const numberId of [false, true]) {
      const reply = await odd.link.request(callTool('ask', { numberId }, { peer, keyId: 'a' }));
      assert.equal(reply.text, text('{"result":{"action":"accept","content":{"n":1}}}'));
    }
    assert.deepEqual(asked[0], { method: 'elicitation/create', params: '{"message":"Who?"}' });
  });

  it('are refused when the client cannot be asked, so that the server never hangs', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const reply = await odd.link.request(callTool('ask', {}, { peer: createPeer(), keyId: 'a' }));
    assert.match(reply.text, /-32601.*does not support elicitation/);
  });

  it('are refused when asking fails', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const peer = createPeer({ ask: () => Promise.reject(new GatewayError('upstream_timeout')) });
    const reply = await odd.link.request(callTool('ask', {}, { peer, keyId: 'a' }));
    assert.match(reply.text, /-32603/);
  });

  it('without an owner go to the keeper, whose first answer counts', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    const call = odd.link.request(callTool('ask', { method: 'roots/list' }));
    while (odd.messages.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [question] = odd.messages;
    assert.ok(question?.type === 'request' && question.method === 'roots/list');
    question.answer({ error: '{"code":-32601,"message":"nobody"}' });
    question.answer({ result: '{"roots":[]}' });
    assert.match((await call).text, /nobody/);
  });

  it('are answered by us if they are pings', async (t) => {
    const odd = await openOdd();
    t.after(() => odd[Symbol.asyncDispose]());
    assert.equal((await odd.link.request(callTool('ask', { method: 'ping' }))).text, text('{"result":{}}'));
  });

  for (const [how, args] of [
    ['the server withdraws them', { withdraw: true }],
    ['the call is answered without them', { answerAnyway: true }],
    ['the call is cancelled', {}],
  ] as const)
    it(`are taken back from the client when ${how}`, async (t) => {
      const odd = await openOdd();
      t.after(() => odd[Symbol.asyncDispose]());
      const aborter = new AbortController();
      const asked = Promise.withResolvers<CallSignal>();
      const ask = (_method: string, _params: string | undefined, signal: CallSignal): Promise<PeerReply> => {
        asked.resolve(signal);
        return new Promise(() => {});
      };
      const peer = createPeer({ ask });
      const call = odd.link.request(callTool('ask', args, { peer, keyId: 'a', signal: aborter.signal }));
      const settled = call.catch(() => undefined);
      const signal = await asked.promise;
      if (how === 'the call is cancelled') aborter.abort();
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
      aborter.abort();
      await settled;
    });
});

describe('the process of a stdio server', { timeout: 60_000 }, () => {
  it('gets the default environment and its own, nothing else of ours', async (t) => {
    const odd = await openOdd('', { TOKEN: 'abc' });
    t.after(() => odd[Symbol.asyncDispose]());
    const reply = await odd.link.request(callTool('env'));
    const env = JSON.parse(JSON.parse(reply.text).content[0].text);
    assert.deepEqual(env, { TOKEN: 'abc' }, 'the test gives an empty base environment');
  });

  it('ends when its stdin closes', async () => {
    const odd = await openOdd();
    const pid = await pidOf(odd);
    await odd.link.close();
    assert.ok(!isAlive(pid));
  });

  it('is killed when it ignores stdin and SIGTERM', async () => {
    const odd = await openOdd('ignores-end');
    const pid = await pidOf(odd);
    const call = odd.link.request(callTool('never'));
    const closing = odd.link.close();
    await assert.rejects(call, isError('outcome_unknown'));
    await closing;
    assert.ok(!isAlive(pid));
  });

  it('takes its children along', async () => {
    const watcher = createServer().listen(0, '127.0.0.1');
    await once(watcher, 'listening');
    const { port } = watcher.address() as AddressInfo;
    const odd = await openOdd('orphan', { PORT: String(port) });
    const [child] = (await once(watcher, 'connection')) as [Socket];
    child.resume().on('error', () => {});
    process.kill(await pidOf(odd), 'SIGKILL');
    await odd.lost;
    if (!child.closed) await once(child, 'close');
    watcher.close();
  });

  it('that cannot be started is no reason to try again', async () => {
    const config = { type: 'stdio', command: '/nowhere/server', args: [], env: {}, cwd: undefined } as const;
    await assert.rejects(openTestLink(config), (error: unknown) => {
      assert.ok(error instanceof LinkOpenError);
      assert.deepEqual([error.stage, error.transient], ['start', false]);
      assert.match(error.message, /\/nowhere\/server: command or working folder not found/);
      return true;
    });
    const odd = { type: 'stdio', command: 'a\0b', args: [], env: {}, cwd: undefined } as const;
    await assert.rejects(openTestLink(odd), LinkOpenError);
  });

  it('that exits at once is worth another try, and its last words are kept without our secrets', async () => {
    const env = { KEY: new Secret('s3cret-value-1') };
    const config = { ...stdioConfig([ODD, 'crash']), env } as ReturnType<typeof stdioConfig>;
    await assert.rejects(openTestLink(config), (error: unknown) => {
      assert.ok(error instanceof LinkOpenError);
      assert.deepEqual([error.stage, error.transient], ['start', true]);
      assert.equal(error.message, 'the server exited with code 3: missing API key [redacted] in environment');
      return true;
    });
  });

  it('is ended when opening is given up', async () => {
    const aborter = new AbortController();
    const opening = openTestLink(stdioConfig(['-e', 'process.stdin.resume()']), { signal: aborter.signal });
    aborter.abort();
    await assert.rejects(opening, LinkOpenError);
  });

  it('that never answers initialize is given up after the start time', async () => {
    const opening = openTestLink(stdioConfig(['-e', 'process.stdin.resume()']), { config: { startTimeoutMs: 300 } });
    await assert.rejects(opening, (error: unknown) => error instanceof LinkOpenError && error.transient);
  });
});

describe('the era of a stdio server', { timeout: 60_000 }, () => {
  it('is legacy in the version it answers with', async (t) => {
    const odd = await openOdd('version-2024');
    t.after(() => odd[Symbol.asyncDispose]());
    assert.deepEqual([odd.link.era, odd.link.protocolVersion], ['legacy', '2024-11-05']);
  });

  it('is refused if neither handshake succeeds', async () => {
    for (const start of ['modern-only-strict', 'old-version'])
      await assert.rejects(openOdd(start), (error: unknown) => {
        assert.ok(error instanceof LinkOpenError);
        assert.match(error.message, /initialize: .*; server\/discover: /);
        return !error.transient;
      });
  });

  it('is found anew when a hint was wrong, even if the server dies of the probe', async () => {
    for (const start of ['', 'dies-on-discover']) {
      const { link } = await openTestLink(stdioConfig([ODD, start]), { eraHint: 'modern' });
      assert.equal(link.era, 'legacy');
      assert.match(
        (await link.request(linkRequest('tools/call', { name: 'echo', arguments: { text: 'x' } }))).text,
        /x/,
      );
      await link.close();
    }
  });
});
