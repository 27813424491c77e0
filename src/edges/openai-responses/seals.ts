/**
 * What other providers want back unchanged, hidden where a Responses client keeps and returns what it cannot read: the
 * `encrypted_content` of reasoning items.
 */

const SIGNATURE = 'portcullis.signature.';
const REDACTED = 'portcullis.redacted.';
const CALL = 'portcullis.call.';

export type Seal =
  /** Of a provider that speaks Responses: means nothing to any other. */
  | { readonly type: 'own'; readonly text: string }
  | { readonly type: 'signature'; readonly signature: string }
  /** Anthropic's `redacted_thinking`. */
  | { readonly type: 'redacted'; readonly sealed: string }
  /** Gemini's signature of a call. */
  | { readonly type: 'call'; readonly callId: string; readonly signature: string };

export function encodeSeal(seal: Seal): string {
  switch (seal.type) {
    case 'own':
      return seal.text;
    case 'signature':
      return SIGNATURE + seal.signature;
    case 'redacted':
      return REDACTED + seal.sealed;
    case 'call':
      return `${CALL}${Buffer.from(seal.callId).toString('base64url')}.${seal.signature}`;
  }
}

/** Whatever does not bear our mark is the own of a provider that speaks Responses. */
export function decodeSeal(text: string): Seal {
  if (text.startsWith(SIGNATURE)) return { type: 'signature', signature: text.slice(SIGNATURE.length) };
  if (text.startsWith(REDACTED)) return { type: 'redacted', sealed: text.slice(REDACTED.length) };
  const dot = text.startsWith(CALL) ? text.indexOf('.', CALL.length) : -1;
  if (dot === -1) return { type: 'own', text };
  const callId = Buffer.from(text.slice(CALL.length, dot), 'base64url').toString('utf8');
  return { type: 'call', callId, signature: text.slice(dot + 1) };
}
