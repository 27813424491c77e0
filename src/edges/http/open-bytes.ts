/** Writes bytes to one answer as they come, and says when its reader does not keep up. */

import type { ByteSink } from './exchange.ts';

/** Unread bytes at which the writer shall wait. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** An answer whose head is out. */
export interface OpenBytesAnswer {
  readonly destroyed: boolean;
  readonly writableLength: number;
  write(chunk: Uint8Array | string): unknown;
  end(): unknown;
  destroy(): unknown;
  on(event: 'close' | 'error' | 'drain', listener: () => void): unknown;
}

export function openBytes(answer: OpenBytesAnswer): ByteSink {
  return new AnswerSink(answer);
}

class AnswerSink implements ByteSink {
  readonly #answer: OpenBytesAnswer;
  #closed = false;
  #closeListeners: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  constructor(answer: OpenBytesAnswer) {
    this.#answer = answer;
    const onClosed = (): void => this.#onClosed();
    answer.on('close', onClosed);
    answer.on('error', onClosed);
    answer.on('drain', () => this.#goOn());
    if (answer.destroyed) this.#onClosed();
  }

  get closed(): boolean {
    return this.#closed;
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#closed || chunk.length === 0) return true;
    this.#answer.write(chunk);
    return this.#answer.writableLength <= MAX_UNREAD_BYTES;
  }

  drained(): Promise<void> {
    if (this.#closed || this.#answer.writableLength === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    if (this.#closed) return;
    this.#answer.end();
    this.#onClosed();
  }

  destroy(): void {
    this.#answer.destroy();
    this.#onClosed();
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  #goOn(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#goOn();
    for (const listener of this.#closeListeners.splice(0)) listener();
  }
}
