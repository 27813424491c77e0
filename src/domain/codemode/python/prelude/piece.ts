/** A part of the prelude: Python for the engine as it is, without any rewrite. */

export interface Piece {
  /** The names it defines; a script that uses one of them gets it. */
  readonly defines: readonly string[];
  /** Names of other pieces, which come before it. */
  readonly needs?: readonly string[];
  readonly code: string;
}
