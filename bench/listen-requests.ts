/** The HTTP side of the mocks that are to cost next to nothing: node:net, requests cut by Content-Length. */

import { createServer, type Socket } from 'node:net';

/** `onRequest` gets the head without its empty line, and the body; both as Latin-1. Prints the port it listens on. */
export function listenForRequests(onRequest: (socket: Socket, head: string, body: string) => void): void {
  const server = createServer({ noDelay: true }, (socket) => {
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      text = text === '' ? chunk : text + chunk;
      for (;;) {
        const headEnd = text.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        const head = text.slice(0, headEnd);
        const end = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (text.length < end) return;
        const body = text.slice(headEnd + 4, end);
        text = text.slice(end);
        onRequest(socket, head, body);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
  });
}
