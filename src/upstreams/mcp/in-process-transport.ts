/** A server made of code in this process: the same messages, handed over as text. */

import { GatewayError } from '../../contracts/errors.ts';
import type { InProcessServer } from './link.ts';
import type { Transport, TransportEvents } from './transport.ts';

export function openInProcessTransport(server: InProcessServer, events: TransportEvents): Transport {
  let over = false;
  const connection = server.connect(
    (message) => {
      if (!over) events.onMessage(message, undefined);
    },
    (requestId, error) => {
      if (!over) events.onFailed(requestId, error);
    },
  );
  return {
    cancelsByMessage: true,
    send(outgoing) {
      try {
        if (!over) connection.receive(outgoing.text);
      } catch (error) {
        if (outgoing.kind === 'request')
          events.onFailed(outgoing.id, new GatewayError('upstream_failed', undefined, { cause: error }));
      }
      if (outgoing.kind !== 'request') outgoing.onDone?.();
    },
    finish() {},
    async close() {
      if (over) return;
      over = true;
      connection.close();
    },
  };
}
