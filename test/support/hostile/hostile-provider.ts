/** A provider that answers whatever a test wants, down to the bytes, whichever wire it is taken for. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProviderReply {
  readonly contentType: string;
  readonly body: string | Buffer | Iterable<string | Buffer>;
}

export interface HostileProvider extends AsyncDisposable {
  readonly origin: string;
  /** Requests that were answered. */
  readonly asked: number;
  /** Name of a new model that answers so, each time it is asked. */
  add(reply: ProviderReply): string;
}

const NAME = /hostile-\d+-model/;

export async function startHostileProvider(): Promise<HostileProvider> {
  const replies = new Map<string, ProviderReply>();
  let asked = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      // Some wires name the model in the path, others in the body.
      const [name = ''] = NAME.exec(`${request.url} ${Buffer.concat(chunks)}`) ?? [];
      const reply = replies.get(name);
      if (reply === undefined) return void response.writeHead(599).end();
      asked++;
      response.writeHead(200, { 'content-type': reply.contentType });
      const { body } = reply;
      const pieces = typeof body === 'string' || Buffer.isBuffer(body) ? [body] : body;
      void write(pieces[Symbol.iterator]());
    });
    /** Each piece in a packet of its own. */
    const write = async (pieces: Iterator<string | Buffer>): Promise<void> => {
      for (let piece = pieces.next(); piece.done !== true; piece = pieces.next()) {
        if (response.destroyed) return;
        const isTaken = response.write(piece.value);
        await new Promise((go) => (isTaken ? setImmediate(go) : response.once('drain', go).once('close', go)));
      }
      response.end();
    };
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    get asked() {
      return asked;
    },
    add(reply) {
      const name = `hostile-${replies.size}-model`;
      replies.set(name, reply);
      return name;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
