#!/usr/bin/env node
// The installed command: runs what `npm run build` compiled into dist.
import { existsSync } from 'node:fs';
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`collective needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
if (!existsSync(new URL('../dist/cli', import.meta.url))) {
  process.stderr.write('collective is not built yet: run `npm run build` in its folder, then try again.\n');
  process.exit(1);
}
const { execute, settings } = await import('@oclif/core');
// Else a NODE_ENV of the user's makes it look for the sources, which takes as long again as a command does.
settings.enableAutoTranspile = false;
await execute({ dir: import.meta.url });
