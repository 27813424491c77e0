/** Internet addresses and blocks of them in CIDR notation, v4 and v6, as plain values. */

/** An address as one number: of 32 bits for v4 (mapped ones too), of 128 for v6. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** All addresses that begin with the same bits. */
export interface Network extends Address {
  readonly prefix: number;
}

/** `10.1.2.3`, `2001:db8::1`, `::ffff:10.1.2.3` (which is `10.1.2.3`); a zone (`%eth0`) is left out. Undefined: it is none. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseV4(text);
  const value = parseV6(text.replace(/%.*$/s, ''));
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Undefined: it is none, or bits are set behind the prefix. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const { bits, value } = address;
  if (slash === -1) return { bits, value, prefix: bits };
  const digits = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  // A mapped address counts its prefix in the 128 bits it is written in.
  const isMapped = bits === 32 && text.includes(':');
  const prefix = Number(digits) - (isMapped ? 96 : 0);
  if (prefix < 0 || prefix > bits) return undefined;
  return startOf(value, bits, prefix) === value ? { bits, value, prefix } : undefined;
}

export function holds({ bits, value, prefix }: Network, address: Address): boolean {
  return address.bits === bits && startOf(address.value, bits, prefix) === value;
}

function startOf(value: bigint, bits: number, prefix: number): bigint {
  const rest = BigInt(bits - prefix);
  return (value >> rest) << rest;
}

function parseV4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // A leading zero means octal to some and nothing to others.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { bits: 32, value };
}

function parseV6(text: string): bigint | undefined {
  const lastColon = text.lastIndexOf(':');
  const tail = text.slice(lastColon + 1);
  let groups = text;
  if (tail.includes('.')) {
    const v4 = parseV4(tail);
    if (v4 === undefined) return undefined;
    groups = `${text.slice(0, lastColon + 1)}${(v4.value >> 16n).toString(16)}:${(v4.value & 0xffffn).toString(16)}`;
  }
  const halves = groups.split('::');
  const [left = '', right] = halves;
  if (halves.length > 2) return undefined;
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const missing = 8 - before.length - after.length;
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...before, ...Array.from({ length: missing }, () => '0'), ...after]) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
}
