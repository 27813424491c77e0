/** Which requirements the tests of a run proved, and what is wrong with their proofs. */

import type { Requirement } from './requirements.ts';

export interface Ledger {
  /** A test came to its end; `ran` is false if it was skipped or is only a plan. */
  record(title: string, outcome: { readonly passed: boolean; readonly ran: boolean }): void;
  /** Nothing: every requirement is proved, and every proof is of one. */
  complaints(): string[];
  /** Proved requirements, cells counted one by one. */
  readonly proved: number;
}

/** `[MCP-PROGRESS legacy→modern]`, or several: `[MCP-A legacy→legacy, MCP-B]`. */
export function readTags(title: string): string[] {
  return [...title.matchAll(/\[(MCP-[^\]]+)\]/g)].flatMap(([, inside = '']) =>
    inside
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  );
}

const tagsOf = ({ id, cells }: Requirement): string[] =>
  cells.length === 0 ? [id] : cells.map((cell) => `${id} ${cell}`);

export function createLedger(requirements: readonly Requirement[]): Ledger {
  const known = new Map(requirements.flatMap((one) => tagsOf(one).map((tag) => [tag, one] as const)));
  const proofs = new Map<string, 'passed' | 'failed'>();
  const unknown = new Set<string>();
  return {
    record(title, { passed, ran }) {
      for (const tag of readTags(title)) {
        if (!known.has(tag)) unknown.add(`${tag} is named by "${title}", but is no requirement`);
        // One failing proof outweighs those that pass.
        else if (ran && proofs.get(tag) !== 'failed') proofs.set(tag, passed ? 'passed' : 'failed');
      }
    },
    complaints() {
      const found = [...unknown];
      for (const [tag, { sentence, open }] of known) {
        const proof = proofs.get(tag);
        if (open === undefined && proof === undefined) found.push(`${tag} is proved by no test: ${sentence}`);
        else if (open === undefined && proof === 'failed') found.push(`${tag} has a proof that failed: ${sentence}`);
        else if (open !== undefined && proof === 'passed') found.push(`${tag} is proved, but still said to be open`);
      }
      return found;
    },
    get proved() {
      return [...proofs.values()].filter((proof) => proof === 'passed').length;
    },
  };
}
