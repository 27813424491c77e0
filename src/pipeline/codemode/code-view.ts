/** What one caller's scripts and searches see of the catalog at an endpoint. */

import type { JsonText } from '../../contracts/json.ts';
import type { CatalogItem } from '../../domain/tools/catalog.ts';

/** A tool as a script calls it. */
export interface CodeTool {
  readonly item: CatalogItem;
  /** Its name at the endpoint, by which it is called there. */
  readonly shownName: string;
  /** `github.list_issues`. */
  readonly path: string;
  /** What the server gets, of what a script wrote; a text says what is wrong with that. */
  toArguments(positional: JsonText, named: JsonText): { readonly text: JsonText } | { readonly fault: string };
}

export interface SearchWish {
  readonly query: string | undefined;
  /** Exact tools whose whole help is wanted: as written in a signature, or as the endpoint names them. */
  readonly names: readonly string[];
  /** Id or namespace of a server. */
  readonly server: string | undefined;
  readonly limit: number;
}

export interface CodeView {
  /** How many tools the caller may use here. */
  readonly count: number;
  /** Tokens that all definitions together take, estimated. */
  estimateTokens(): number;
  /** `github (26), slack (8)`. */
  index(): string;
  /** Names that scripts call tools by: one for each server. */
  namespaces(): ReadonlySet<string>;
  find(namespace: string, method: string): CodeTool | undefined;
  /** By any name somebody may write: `github.list_issues`, `github__list_issues`, its name at the endpoint. */
  findNamed(name: string): CodeTool | undefined;
  /** What comes nearest to a method that is not there. */
  nearest(namespace: string, method: string): string | undefined;
  /** Lines for a model. */
  search(wish: SearchWish): string;
  /** Declarations of the servers that a script names; undefined: it names none. */
  stubs(code: string): string | undefined;
}
