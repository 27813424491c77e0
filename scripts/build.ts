/** Builds what is published: one bundled file, its worker, and the licences of everything inside. `npm run build`. */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');
const WORKER = { from: './fold-worker.ts', to: './fold-worker.js' };

/** The bundle finds its worker beside itself, where the source names the TypeScript file. */
const workerUrl: Plugin = {
  name: 'worker-url',
  setup(setup) {
    let found = 0;
    setup.onLoad({ filter: /src[\\/]platform[\\/]audit[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replaceAll(`new URL('${WORKER.from}', import.meta.url)`, () => {
        found++;
        return `new URL('${WORKER.to}', import.meta.url)`;
      });
      return { contents, loader: 'ts' };
    });
    setup.onEnd(() => {
      if (found === 0) throw new Error(`no file of platform/audit names ${WORKER.from}: build.ts is out of date`);
    });
  },
};

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.19',
  absWorkingDir: root,
  metafile: true,
  legalComments: 'none',
  // Dependencies in CommonJS ask for Node's modules with `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
} as const;

/** Folders of the packages whose code went into a bundle. */
function packagesIn(metafile: Metafile): Set<string> {
  const found = new Set<string>();
  for (const [input, { bytes }] of Object.entries(metafile.inputs)) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1] !== undefined && bytes > 0) found.add(match[1]);
  }
  return found;
}

async function licenceOf(folder: string): Promise<string> {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENCE', 'license', 'LICENSE.txt', 'license.md']) {
    const text = await readFile(join(root, folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return text.trim();
  }
  throw new Error(`${folder} has no licence file`);
}

async function renderLicences(folders: Iterable<string>): Promise<string> {
  const parts: string[] = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    parts.push(`${name} ${version} (${license})\n\n${await licenceOf(folder)}\n`);
  }
  return `Portcullis contains these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

await rm(join(root, 'dist'), { recursive: true, force: true });
const main = await build({
  ...shared,
  entryPoints: ['src/app/main.ts'],
  outfile: 'dist/portcullis.js',
  plugins: [workerUrl],
});
const worker = await build({
  ...shared,
  entryPoints: ['src/platform/audit/fold-worker.ts'],
  outfile: 'dist/fold-worker.js',
});
const packages = new Set([...packagesIn(main.metafile), ...packagesIn(worker.metafile)]);
await writeFile(join(root, 'THIRD-PARTY-LICENSES.txt'), await renderLicences(packages));
const bytes = [main, worker].flatMap((result) => Object.values(result.metafile.outputs)).map((output) => output.bytes);
process.stdout.write(
  `dist/portcullis.js and dist/fold-worker.js: ${bytes.map((n) => `${Math.round(n / 1024)} KiB`).join(', ')}; ` +
    `${packages.size} packages inside\n`,
);
