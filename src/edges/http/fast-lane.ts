/** The connections of the fast lane: takes new ones, ends what is overdue, and closes them when the server stops. */

import type { Socket } from 'node:net';
import { FastConnection, type Lane, type LaneTimeouts } from './fast-connection.ts';
import type { Arrival } from './serve-request.ts';
import { createHttpDate } from './write-head.ts';

export interface FastLaneDeps {
  readonly serve: (arrival: Arrival) => void;
  /** Gets a connection whose next request is not of the plain shape, with all bytes of that request still to be read. */
  readonly handOver: (socket: Socket) => void;
  readonly maxBodyBytes: number;
  readonly maxHeadBytes: number;
  readonly timeouts: LaneTimeouts;
  /** How often deadlines are looked at, in milliseconds. */
  readonly sweepMs: number;
  /** Answers close their connection once this says true. */
  readonly isClosing: () => boolean;
}

export interface FastLane {
  /** Takes a connection nobody has read from yet. */
  accept(socket: Socket): void;
  /** Closes the connections that have been served and wait for another request. */
  closeIdle(): void;
  /** Closes whatever is left. */
  closeAll(): void;
}

export function createFastLane(deps: FastLaneDeps): FastLane {
  const { serve, handOver, maxBodyBytes, maxHeadBytes, timeouts, sweepMs, isClosing } = deps;
  const connections = new Set<FastConnection>();
  let sweeping: NodeJS.Timeout | undefined;

  const sweep = (): void => {
    const now = performance.now();
    for (const connection of connections) if (connection.deadlineMs <= now) connection.expire();
  };

  const lane: Lane = {
    serve,
    handOver,
    maxBodyBytes,
    maxHeadBytes,
    timeouts,
    isClosing,
    forget(connection) {
      connections.delete(connection);
      if (connections.size > 0) return;
      clearInterval(sweeping);
      sweeping = undefined;
    },
    monotonicMs: () => performance.now(),
    date: createHttpDate(),
  };

  return {
    accept(socket) {
      connections.add(new FastConnection(lane, socket));
      sweeping ??= setInterval(sweep, sweepMs).unref();
    },
    closeIdle() {
      for (const connection of connections) if (connection.idle) connection.destroy();
    },
    closeAll() {
      for (const connection of connections) connection.destroy();
    },
  };
}
