/** What a rewrite is made of. */

/** A change of the text; changes never overlap. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** A statement: several that are put at one place are joined. */
  readonly isStatement?: true;
}
