#!/usr/bin/env node
// The installed command: runs what `npm run build` made of src.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`collective needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
const program = new URL('../dist/cli/main.js', import.meta.url);
if (!existsSync(program)) {
  process.stderr.write('collective is not built yet: run `npm run build` in its folder, then try again.\n');
  process.exit(1);
}
// Stack traces then tell files and lines of the sources; reading the maps takes time, so only for those who look for a fault.
if (process.env.COLLECTIVE_LOG === 'debug' || process.argv.includes('--log-level=debug')) process.setSourceMapsEnabled(true);
const { main } = await import(program.href);
await main(fileURLToPath(new URL('..', import.meta.url)), process.argv.slice(2));
