/** The legacy revisions and what differs between them on the wire. */

export const LEGACY_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;
export type LegacyVersion = (typeof LEGACY_VERSIONS)[number];

const LATEST: LegacyVersion = '2025-11-25';

export function isLegacyVersion(version: string): version is LegacyVersion {
  return (LEGACY_VERSIONS as readonly string[]).includes(version);
}

/** The version asked for if we know it, else our newest of this era; the client leaves if that does not suit it. */
export function negotiateVersion(asked: string): LegacyVersion {
  return isLegacyVersion(asked) ? asked : LATEST;
}

/** Arrays of messages came with JSON-RPC and went with 2025-06-18. */
export function allowsBatches(version: LegacyVersion): boolean {
  return version === '2024-11-05' || version === '2025-03-26';
}

/** Since 2025-11-25 an event stream begins with an id and a reconnection time, so that it can be resumed from the start. */
export function primesStreams(version: LegacyVersion): boolean {
  return version === '2025-11-25';
}
