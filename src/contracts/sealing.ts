/** Ports of sealing: text that a client carries and must bring back unchanged, to the same use; and secrets that are stored. */

/** One key of 256 bits. The id travels with what was sealed, so that keys can be changed without losing what is out. */
export interface SealKey {
  /** `[A-Za-z0-9_-]`, 1 to 32 characters. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Where the keys are kept. A file in the data directory by default; replicas of one gateway need a store they share. */
export interface SealKeys {
  /** The key to seal with. */
  readonly current: SealKey;
  find(id: string): SealKey | undefined;
}

export interface Sealer {
  /** Encrypts and authenticates `plain`; what it is bound to is authenticated too, but not contained. */
  seal(plain: string, boundTo: string): string;
  /** Undefined: tampered with, sealed by somebody else, or bound to something else. */
  open(sealed: string, boundTo: string): string | undefined;
}

export type Rewrapped =
  /** Sealed by the newest key already. */
  | { readonly type: 'current' }
  | { readonly type: 'rewrapped'; readonly sealed: string }
  /** No key that is known opens it. */
  | { readonly type: 'unknown' };

/** Seals what is stored. `seal` throws an Error for people where `refusal` has one. */
export interface RecordSealer extends Sealer {
  /** Why no secret may be stored; undefined: it may. */
  refusal(): string | undefined;
}

/** One whose keys can change. */
export interface RewrappingSealer extends RecordSealer {
  /** The same text under the newest key. */
  rewrap(sealed: string, boundTo: string): Rewrapped;
}
