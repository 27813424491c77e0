/** A large body of a model request: looked over as bytes, and read as text or value only if somebody needs all of it. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, LargeJson, ParsedJson, TextMember } from '../../contracts/json.ts';
import { type ByteScan, scanJsonBytes } from '../../lib/json-bytes.ts';

/** Below this, parsing costs less than it is worth to avoid. */
const LARGE_BYTES = 16_384;

/** Undefined: it is small, or somebody who reads all of it has to say what is wrong with it. `bytes` are UTF-8. */
export function readLargeBody(bytes: Buffer, maxDepth: number): ParsedJson | undefined {
  const scan = bytes.length < LARGE_BYTES ? undefined : scanJsonBytes(bytes, maxDepth);
  return scan === undefined ? undefined : new LargeBody(bytes, scan);
}

class LargeBody implements ParsedJson, LargeJson {
  readonly bytes: Buffer;
  readonly members: readonly TextMember[];
  readonly proseBytes: number;
  readonly media: number;
  #text: string | undefined = undefined;
  #value: JsonObject | undefined = undefined;

  constructor(bytes: Buffer, { members, proseBytes, media }: ByteScan) {
    this.bytes = bytes;
    this.members = members;
    this.proseBytes = proseBytes;
    this.media = media;
  }

  get large(): LargeJson {
    return this;
  }

  get text(): string {
    this.#text ??= this.bytes.toString('utf8');
    return this.#text;
  }

  get value(): JsonObject {
    this.#value ??= parse(this.text) as JsonObject;
    return this.#value;
  }

  member(key: string): unknown {
    if (this.#value !== undefined) return this.#value[key];
    const found = this.members.find((member) => member.key === key);
    return found && parse(this.bytes.toString('utf8', found.valueStart, found.valueEnd));
  }
}

/** The scan has seen the structure; what stands within strings may still be none of JSON's. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new GatewayError('parse_error', undefined, { cause: error });
  }
}
