/** W3C trace context: each call is a span of the caller's trace, or begins one. */

/** `randomHex(n)` gives n lower-case hex digits. Returns the trace the call belongs to and a span id of its own. */
export function startSpan(
  traceparent: string | undefined,
  randomHex: (digits: number) => string,
): { traceId: string; spanId: string } {
  const incoming =
    traceparent === undefined ? null : /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent);
  return { traceId: incoming?.[1] ?? randomHex(32), spanId: randomHex(16) };
}
