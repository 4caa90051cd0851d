// Bundles src into dist with esbuild: one file for each command, and shared chunks. What a command does not use is not loaded by
// it, and what it uses comes in a few files instead of hundreds: that is most of the time that a short command takes.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Left in node_modules: native modules, what starts workers or asks where its own files are, and what only people at a terminal need. */
const EXTERNAL = [
  'classic-level',
  'msgpackr-extract',
  '@peculiar/x509',
  'reflect-metadata',
  'pino',
  'pino-pretty',
  '@inquirer/prompts',
  'cli-progress',
  // Asked for by oclif for programs that run from their TypeScript sources.
  'typescript',
  'ts-node',
];

/** CommonJS packages expect these names; the modules of the bundle have none of them. */
const BANNER = [
  "import { createRequire as hostCreateRequire } from 'node:module';",
  'const hostRequire = hostCreateRequire(import.meta.url), require = hostRequire;',
].join('\n');

/** Gives a bundled CommonJS file the `__dirname` that it has in node_modules. */
const ownFolders = (root) => ({
  name: 'own-folders',
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]node_modules[\\/].*\.c?js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!/\b__dirname\b/.test(text) || /[\\/]@oclif[\\/]core[\\/]/.test(path)) return undefined;
      const inPackages = relative(join(root, 'node_modules'), path).split(sep);
      const name = inPackages.splice(0, inPackages[0]?.startsWith('@') ? 2 : 1).join('/');
      const folder = JSON.stringify(inPackages.slice(0, -1).join('/'));
      const ownPackage = `hostRequire.resolve(${JSON.stringify(`${name}/package.json`)})`;
      const shim = `var __dirname = require('node:path').join(${ownPackage}, '..', ${folder});`;
      return { contents: `${shim}\n${text}`, loader: 'js' };
    });
  },
});

/** Commands and hooks, which oclif loads by their path, and what bin/collective.js loads. */
function entryPoints(root) {
  const isSource = (entry) => entry.isFile() && entry.name.endsWith('.ts');
  const loaded = ['src/cli/commands', 'src/cli/hooks'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(isSource)
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...loaded, 'src/cli/main.ts'];
}

const [outdir] = process.argv.slice(2);
if (outdir === undefined) throw new Error('usage: bundle.mjs OUTDIR');
const ROOT = fileURLToPath(new URL('..', import.meta.url));
await build({
  absWorkingDir: ROOT,
  entryPoints: entryPoints(ROOT),
  outbase: 'src',
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  chunkNames: 'chunks/[name]-[hash]',
  sourcemap: true,
  sourcesContent: false,
  // Names stay, so that a stack trace can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  external: EXTERNAL,
  banner: { js: BANNER },
  // oclif would compare its own package's engines with this Node; bin/collective.js has done that for ours.
  define: { 'process.env.OCLIF_DISABLE_ENGINE_WARNING': '"true"' },
  plugins: [ownFolders(ROOT)],
  logLevel: 'warning',
});
