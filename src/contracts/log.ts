/** The port of the operator's log. Never given a secret; errors are passed as values. */

export interface Log {
  debug(message: string, fields?: { readonly [key: string]: unknown }): void;
  info(message: string, fields?: { readonly [key: string]: unknown }): void;
  warn(message: string, fields?: { readonly [key: string]: unknown }): void;
  error(message: string, fields?: { readonly [key: string]: unknown }): void;
}
