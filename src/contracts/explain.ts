/** What is asked and answered where somebody wants to know why a key may do something, or may not. Nothing is called, nothing counted. */

import type { Endpoint } from './call.ts';
import type { Grant, Narrowing } from './caller.ts';
import type { ErrorCode } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { LevelRef, LimitLine } from './limits.ts';

/** About what the question is; `name` as a client would write it. */
export interface ExplainTarget {
  readonly kind: 'tool' | 'prompt' | 'resource' | 'model';
  /** As the endpoint shows it, or `server/name`, or the exposed name `server__name`; of a model its name, an alias, or `provider/model`. */
  readonly name: string;
}

/** A token that nobody has to present: taken for one that is signed, and made out for the endpoint in question. */
export interface AssumedToken {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: JsonObject;
  /** Undefined: those of its claims, or all if they name none. */
  readonly scopes?: readonly string[] | undefined;
}

export interface ExplainRequest {
  /**
   * A key by its id (or `user:ID`: a person who comes with a token of our authorization server); its secret is never asked for. Or a
   * grant that nobody has yet; what somebody let a client do, by its id; a token that an issuer could have issued.
   */
  readonly who:
    | { readonly keyId: string }
    | { readonly grant: Grant }
    | { readonly clientGrantId: string }
    | { readonly token: AssumedToken };
  readonly target: ExplainTarget;
  /** Arguments of the tool. Undefined: none are known, so rules that read them answer `unknown`. */
  readonly args?: { readonly [name: string]: unknown } | undefined;
  /** Of a request to a model: `maxOutputTokens`, `temperature`, `choices`, `reasoningTokens`. Undefined: bounds on them answer `unknown`. */
  readonly parameters?: { readonly [name: string]: number } | undefined;
  /** Address of the client. Undefined: rules on networks answer `unknown`. */
  readonly from?: string | undefined;
  /** Epoch milliseconds. Undefined: now. */
  readonly atMs?: number | undefined;
  readonly narrowing?: Narrowing | undefined;
  /** Of tools, prompts and resources: where the call is made. Undefined: at `/mcp`. */
  readonly endpoint?: Endpoint | undefined;
  /** Of models: the request's `x-…` headers and `user-agent`, which rules on where it goes may read. Undefined: none. */
  readonly headers?: { readonly [name: string]: string } | undefined;
}

/** One rule that was looked at. */
export interface ExplainedRule {
  readonly step: 'identify' | 'authorize' | 'route' | 'decide-policy' | 'run-agent' | 'limits';
  /** Whose rule it is. Undefined: the configuration's, or the request's own (narrowing). */
  readonly level: LevelRef | undefined;
  /** Pattern, name of the policy rule, network, hours: as it was written. Undefined: no rule spoke. */
  readonly rule: string | undefined;
  /** `passes`: it lets the call by, or allows it. `unknown`: something that was not given would have to be known. */
  readonly verdict: 'passes' | 'refuses' | 'asks' | 'not-concerned' | 'unknown';
  /** One sentence for a person. */
  readonly reason: string;
}

/** A limit that the call would count against, and where it stands. */
export interface ExplainedLimit {
  readonly line: LimitLine;
  /** In what is counted. Undefined: it could not be asked. */
  readonly used: number | undefined;
}

export interface Explanation {
  /** `asks`: it needs an approval. `unknown`: it depends on something that was not given. */
  readonly verdict: 'allowed' | 'refused' | 'asks' | 'unknown';
  /** What the gateway would answer. Undefined: it would make the call. */
  readonly code: ErrorCode | undefined;
  /** One sentence for a person. */
  readonly reason: string;
  /** In the order they are looked at; ends with the one that decided. */
  readonly rules: readonly ExplainedRule[];
  readonly limits: readonly ExplainedLimit[];
}

/** Port: answers in the light of the configuration and the keys as of now. */
export interface Explainer {
  /** Undefined: there is no such key or client. */
  explain(request: ExplainRequest): Promise<Explanation | undefined>;
}
