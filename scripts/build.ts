/**
 * Builds what is published: the bundle, the files it starts, the types of `portcullis/tools`, and the licences of everything inside.
 * `--source-maps`: beside each, where its lines come from; the files themselves stay the same.
 */

import { execFile } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { build, type Metafile, type Plugin, transform } from 'esbuild';

const root = join(import.meta.dirname, '..');
const withMaps = process.argv.includes('--source-maps');

/** Files that are found beside the one that names them: the source names TypeScript, the bundle what it becomes. */
const NEIGHBOURS: readonly { readonly folder: string; readonly from: string; readonly to: string }[] = [
  { folder: 'src/platform/audit', from: './fold-worker.ts', to: './fold-worker.js' },
  { folder: 'src/platform/sandbox/javascript', from: './script-worker.ts', to: './script-worker.js' },
  { folder: 'src/upstreams/mcp/folder', from: './host.ts', to: './tool-host.js' },
  { folder: 'src/upstreams/mcp/folder', from: './tool.ts', to: './tools.js' },
];
const found = new Set<string>();

/**
 * Our own sources: names of files beside them, and forms that are costly where they are met often taken apart, above all
 * `{ ...{ a, b } }`. Not those of dependencies, some of which go by names of classes that this would take away.
 */
const ownSources: Plugin = {
  name: 'own-sources',
  setup(setup) {
    setup.onLoad({ filter: /src[\\/].*\.ts$/ }, async ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const folder = relative(root, dirname(path)).replaceAll('\\', '/');
      let source = await readFile(path, 'utf8');
      for (const { from, to } of NEIGHBOURS.filter((each) => each.folder === folder))
        source = source.replaceAll(`new URL('${from}', import.meta.url)`, () => {
          found.add(from);
          return `new URL('${to}', import.meta.url)`;
        });
      const { code } = await transform(source, {
        ...{ loader: 'ts', sourcefile: path, target: TARGET, minifySyntax: true },
        ...(withMaps ? { sourcemap: 'inline', sourcesContent: false } : {}),
      });
      return { contents: code, loader: 'js' };
    });
  },
};

const TARGET = 'node22.19';
const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: TARGET,
  absWorkingDir: root,
  metafile: true,
  legalComments: 'none',
  // Native code cannot be inside; npm puts the right one beside us.
  external: ['@node-rs/argon2'] as string[],
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
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENCE', 'license', 'LICENSE.txt', 'license.md', 'License']) {
    const text = await readFile(join(root, folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return text.trim();
  }
  const readReadme = (name: string): Promise<string> => readFile(join(root, folder, name), 'utf8');
  const readme = await readReadme('README.md').catch(() => readReadme('Readme.md').catch(() => ''));
  const section = /^#+ licen[cs]e\s*$([\s\S]+?)(?=^#|(?![\s\S]))/im.exec(readme)?.[1];
  if (section === undefined) throw new Error(`${folder} tells no licence`);
  return section.trim();
}

async function renderLicences(folders: Iterable<string>): Promise<string> {
  const parts: string[] = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    parts.push(`${name} ${version} (${license})\n\n${await licenceOf(folder)}\n`);
  }
  return `Portcullis contains these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** The types of what tool files import: one file, which needs zod and nothing of ours. */
async function writeToolTypes(): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--strict', '--skipLibCheck'];
  const target = ['--module', 'nodenext', '--target', 'es2024', '--types', 'node', '--outDir', 'dist'];
  const source = 'src/upstreams/mcp/folder/tool.ts';
  await promisify(execFile)(process.execPath, [tsc, ...options, ...target, source], { cwd: root });
  await rename(join(root, 'dist/tool.d.ts'), join(root, 'dist/tools.d.ts'));
}

/** What is published, and from where. */
const OUTPUTS: { readonly [file: string]: string } = {
  'portcullis.js': 'src/app/main.ts',
  'fold-worker.js': 'src/platform/audit/fold-worker.ts',
  'script-worker.js': 'src/platform/sandbox/javascript/script-worker.ts',
  'tool-host.js': 'src/upstreams/mcp/folder/host.ts',
  'tools.js': 'src/upstreams/mcp/folder/tool.ts',
};

await rm(join(root, 'dist'), { recursive: true, force: true });
const packages = new Set<string>();
const sizes: string[] = [];
for (const [file, source] of Object.entries(OUTPUTS)) {
  const { metafile } = await build({
    ...shared,
    entryPoints: [source],
    outfile: `dist/${file}`,
    plugins: [ownSources],
    ...(withMaps ? { sourcemap: 'external', sourcesContent: false } : {}),
  });
  for (const folder of packagesIn(metafile)) packages.add(folder);
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  sizes.push(`${file} ${Math.round(bytes / 1024)} KiB`);
}
for (const { from } of NEIGHBOURS)
  if (!found.has(from)) throw new Error(`no source file names ${from}: build.ts is out of date`);
await writeToolTypes();
await writeFile(join(root, 'THIRD-PARTY-LICENSES.txt'), await renderLicences(packages));
process.stdout.write(`dist: ${sizes.join(', ')}; ${packages.size} packages inside\n`);
