/** Starts the bundle instead of the sources, which is what the published package runs; `bin/portcullis.mjs` prefers the sources in a clone. */

const [file, ...args] = process.argv.slice(2);
const { main } = (await import(String(file))) as { main: (args: readonly string[]) => Promise<void> };
await main(args);
