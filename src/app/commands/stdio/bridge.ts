/** The stdio bridge: tells the eras apart message by message, and keeps what the client said in order. */

import type { HttpFace } from './http-face.ts';
import { createLegacySide } from './legacy-side.ts';
import { errorText, type Message, parseMessage } from './message.ts';
import { createModernSide } from './modern-side.ts';

export interface Bridge {
  /** Takes one line of the client. Resolves when the next one may follow. */
  receive(line: string): Promise<void>;
  /** Resolves when every request under way is answered. */
  idle(): Promise<void>;
  /** Ends the session, if there is one. */
  close(): Promise<void>;
}

const MAX_PENDING = 1000;

export function createBridge(deps: {
  readonly face: HttpFace;
  /** Writes one message to the client. */
  readonly write: (text: string) => Promise<void>;
  /** A line for whoever reads the log. */
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}): Bridge {
  const legacy = createLegacySide(deps);
  const modern = createModernSide(deps);
  const running = new Set<Promise<void>>();

  const track = (work: Promise<void>): void => {
    const tracked = work.finally(() => running.delete(tracked));
    running.add(tracked);
  };

  const dispatch = async (message: Message): Promise<void> => {
    if (message.kind === 'request' && message.modernVersion !== undefined) {
      const work = modern.send(message);
      // A listen stream has no end, so nobody waits for it.
      if (message.method !== 'subscriptions/listen') track(work);
      return;
    }
    if (message.method === 'notifications/cancelled' && modern.cancel(message.params.requestId)) return;
    const work = legacy.send(message);
    track(work);
    // Notifications and answers arrive before what the client says next, and nothing overtakes the handshake.
    if (message.kind !== 'request' || message.method === 'initialize') await work;
  };

  return {
    async receive(line) {
      if (line.trim() === '') return;
      const message = parseMessage(line);
      if (message === undefined) {
        await deps.write(errorText(undefined, -32700, 'Portcullis bridge: this line is no JSON-RPC message'));
        return;
      }
      while (running.size >= MAX_PENDING) await Promise.race(running);
      await dispatch(message);
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
    close: () => legacy.close(),
  };
}
