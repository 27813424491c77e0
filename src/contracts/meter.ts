/** The port of the metrics: told of each call by the one record of it, and by the edge when its answer has gone out. */

import type { Call } from './call.ts';
import type { ErrorCode } from './errors.ts';
import type { CallFinish } from './trail.ts';

export interface Meter {
  /** A call has begun; each is ended by exactly one `end`. */
  begin(): void;
  /** It is over: what the trail is told, too. */
  end(call: Call, finish: CallFinish): void;
  /** The last byte of its answer is with the kernel. Not for calls that got no answer. */
  sent(call: Call): void;
  /** What somebody presented was not taken, so that there was no call. */
  turnedAway(code: ErrorCode): void;
}
