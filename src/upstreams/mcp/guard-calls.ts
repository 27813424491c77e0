/** What stands before a server's calls if it has bounds: the queue and the circuit breaker. Without either, nothing does. */

import type { ServerConfig } from '../../contracts/config.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { ServerStatus, UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { createCallQueue } from './call-queue.ts';
import { createCircuitBreaker, judgeError } from './circuit-breaker.ts';
import type { Clock } from './clock.ts';

/** `extraMs` is what the call may take beyond the server's own limit, for the client's answers. */
export type Send = (request: UpstreamRequest, extraMs: number) => Promise<UpstreamReply>;

export interface GuardedCalls {
  readonly send: Send;
  /** For the server's status: only what is configured. */
  status(): Pick<ServerStatus, 'circuit' | 'calls'>;
}

/** `send` itself is handed back where nothing is configured. */
export function guardCalls(
  deps: {
    clock: Clock;
    onOpen: (failures: number, last: ErrorCode | undefined) => void;
    onChange: () => void;
  },
  config: Pick<ServerConfig, 'id' | 'enabled' | 'limits' | 'circuitBreaker'>,
  send: Send,
): GuardedCalls {
  const { clock } = deps;
  const named = { clock, serverId: config.id };
  const { limits, circuitBreaker } = config;
  if (!config.enabled || (limits === undefined && circuitBreaker === undefined)) return { send, status: () => ({}) };

  const queue = limits && createCallQueue(named, limits);
  const breaker =
    circuitBreaker &&
    createCircuitBreaker(
      {
        ...named,
        onOpen: deps.onOpen,
        onChange() {
          // Who still waits would only be refused one by one.
          const error = breaker?.refusal();
          if (error !== undefined) queue?.dismiss(error);
          deps.onChange();
        },
      },
      circuitBreaker,
    );

  const sendThrough: Send = async (request, extraMs) => {
    const end = breaker?.admit();
    try {
      const reply = await send(request, extraMs);
      // Also an error of the server's own: it answers.
      end?.('answered');
      return reply;
    } catch (error) {
      const code = error instanceof GatewayError ? error.code : undefined;
      end?.(judgeError(code), code);
      throw error;
    }
  };

  return {
    status: () => ({
      ...(breaker && { circuit: breaker.state }),
      ...(queue && { calls: { running: queue.running, queued: queue.queued } }),
    }),
    async send(request, extraMs) {
      const refusal = breaker?.refusal();
      if (refusal !== undefined) throw refusal;
      if (queue === undefined) return sendThrough(request, extraMs);
      const timeoutMs = Math.min(request.timeoutMs, limits?.queueTimeoutMs ?? 0);
      const beganTicks = clock.ticks();
      const place = queue.enter(timeoutMs, request.signal);
      if (place !== undefined) await place;
      try {
        const leftMs = request.timeoutMs - (clock.ticks() - beganTicks);
        return await sendThrough(place === undefined ? request : { ...request, timeoutMs: leftMs }, extraMs);
      } finally {
        queue.leave();
      }
    },
  };
}
