/** Names of tools as a provider takes them, and back: what is too long or has other characters is shortened with a hash. */

import { hash } from 'node:crypto';

export interface WireNameRules {
  /** Characters it takes, one at a time: `/[a-zA-Z0-9_-]/`. */
  readonly character: RegExp;
  /** What the first one must be. Default: as the others. */
  readonly first?: RegExp;
  readonly maxChars: number;
}

export interface ToolName {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** One request's names. The same name always becomes the same wire name, so that turns of a conversation fit together. */
export interface ToolNames {
  toWire(name: string, namespace?: string): string;
  /** A name the model made up comes back as it is. */
  fromWire(wireName: string): ToolName;
}

const HASH_CHARS = 10;

export function createToolNames(rules: WireNameRules): ToolNames {
  const back = new Map<string, ToolName>();
  return {
    toWire(name, namespace) {
      const wireName = fit(namespace === undefined ? name : `${namespace}__${name}`, rules);
      // Two names that look alike here: the later one is told apart by a hash of its own.
      const taken = back.get(wireName);
      const isSame = taken === undefined || (taken.name === name && taken.namespace === namespace);
      const unique = isSame ? wireName : withHash(wireName, `${namespace ?? ''}\0${name}`, rules);
      if (isSame && taken !== undefined) return wireName;
      back.set(unique, { name, namespace });
      return unique;
    },
    fromWire: (wireName) => back.get(wireName) ?? { name: wireName },
  };
}

function fit(name: string, rules: WireNameRules): string {
  const { character, first = character, maxChars } = rules;
  const characters = [...name];
  const isFit = characters.length <= maxChars && characters.every((each) => character.test(each));
  const begins = first.test(characters[0] ?? '');
  if (isFit && begins) return name;
  const kept = characters.map((each) => (character.test(each) ? each : '_')).join('');
  return withHash(begins ? kept : `t_${kept}`, name, rules);
}

function withHash(kept: string, whole: string, { maxChars }: WireNameRules): string {
  const digits = hash('sha256', whole, 'hex').slice(0, HASH_CHARS);
  return `${kept.slice(0, maxChars - HASH_CHARS - 1)}_${digits}`;
}
