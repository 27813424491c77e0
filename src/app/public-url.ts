/** Where others reach the gateway: as configured, or where it listens. Without a slash at the end. */

export interface PublicUrl {
  /** On port 0 not to be used before the gateway listens. */
  now(): string;
  /** Waits until the gateway listens, where that matters. */
  settled(): Promise<string>;
  listens(url: string): void;
}

export function createPublicUrl(configured: () => string | undefined): PublicUrl {
  const listening = Promise.withResolvers<string>();
  let bound = 'http://127.0.0.1';
  return {
    now: () => configured() ?? bound,
    settled: async () => configured() ?? (await listening.promise),
    listens(url) {
      bound = url;
      listening.resolve(url);
    },
  };
}
