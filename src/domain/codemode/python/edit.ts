/** What a rewrite is made of. */

/** A change of the text; changes never overlap. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}
