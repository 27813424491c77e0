/** The only place that looks at the environment of this process; everything else is handed what it needs. */

export type Environment = { readonly [name: string]: string | undefined };

/** A frozen copy of the environment as it is now. */
export function readEnvironment(): Environment {
  return Object.freeze({ ...process.env });
}
