/** One member of a body, without making a value of all of it where that is large. */

/** `large`: the same body, of which single members can be read. */
export function peekMember(
  body: {
    readonly value: { readonly [member: string]: unknown };
    readonly large?: { member(key: string): unknown } | undefined;
  },
  key: string,
): unknown {
  return body.large === undefined ? body.value[key] : body.large.member(key);
}
