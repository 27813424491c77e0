/** Rules on calls as data: what the configuration says, what a condition may name, what the trail keeps of a verdict. */

export const POLICY_ACTIONS = ['allow', 'ask', 'deny'] as const;
export type PolicyAction = (typeof POLICY_ACTIONS)[number];

/** What a tool is by its annotations, for the defaults. `unannotated`: it says neither read-only nor destructive. */
export const TOOL_CLASSES = ['readOnly', 'write', 'destructive', 'unannotated'] as const;
export type ToolClass = (typeof TOOL_CLASSES)[number];

export interface PolicyRule {
  /** Unique; what callers, the trail and `policy test` call it. */
  readonly name: string;
  readonly action: PolicyAction;
  /** Wildcards over key names; undefined: every caller. */
  readonly keys: readonly string[] | undefined;
  /** Patterns as in a grant; undefined: everything. */
  readonly targets: readonly string[] | undefined;
  /** CEL; undefined: always. */
  readonly when: string | undefined;
  /** For the caller, in the refusal. */
  readonly message: string | undefined;
}

/** What the operator knows better than the server. */
export interface AnnotationOverride {
  /** Patterns as in a grant. */
  readonly targets: readonly string[];
  readonly readOnly: boolean | undefined;
  readonly destructive: boolean | undefined;
  readonly idempotent: boolean | undefined;
  readonly openWorld: boolean | undefined;
}

export interface PolicyConfig {
  readonly rules: readonly PolicyRule[];
  /** For tools no rule speaks of. */
  readonly defaults: { readonly [toolClass in ToolClass]: PolicyAction };
  /** Later ones win, field by field. */
  readonly annotations: readonly AnnotationOverride[];
}

/** What a condition may name. Client info is not among it: clients say of themselves what they like. */
export const POLICY_VARIABLES = {
  caller: { key: 'string' },
  call: { kind: 'string', name: 'string' },
  server: { id: 'string' },
  tool: {
    name: 'string',
    exposed: 'string',
    annotated: 'bool',
    readOnly: 'bool',
    destructive: 'bool',
    idempotent: 'bool',
    openWorld: 'bool',
  },
  request: { endpoint: 'string', toolset: 'string' },
  args: 'map',
  now: 'timestamp',
} as const;

/** What the trail keeps of a call that was refused, or whose target was hidden, by policy. */
export interface PolicyNote {
  readonly verdict: 'ask' | 'deny';
  /** Name of the rule, or `defaults.<class>`. */
  readonly rule: string;
  /** Why its condition had no answer, where it had none. */
  readonly problem?: string;
}
