/** Where generations of Gemini differ in what they take; names that say nothing are taken for the newest. */

export interface ModelHabits {
  /** How its thinking is steered: not at all, by a budget of tokens, by levels. */
  readonly thinking: 'none' | 'budget' | 'level';
  /** It thinks whatever it is told. */
  readonly mustThink: boolean;
  /** Calls in a conversation must carry the signatures they came with. */
  readonly wantsSignatures: boolean;
  /** Results of tools may hold media. */
  readonly mediaInResults: boolean;
}

export function habitsOf(model: string): ModelHabits {
  const version = /^gemini-(\d+)(?:\.(\d+))?/.exec(model.slice(model.lastIndexOf('/') + 1));
  const isPro = /(^|-)pro(-|$)/.test(model);
  const major = version === null ? undefined : Number(version[1]);
  if (major !== undefined ? major >= 3 : /^gemini/.test(model))
    return { thinking: 'level', mustThink: isPro, wantsSignatures: true, mediaInResults: true };
  const thinks = major === 2 && Number(version?.[2] ?? 0) >= 5;
  return { thinking: thinks ? 'budget' : 'none', mustThink: isPro, wantsSignatures: false, mediaInResults: false };
}
