// Gets a fresh clone ready: Node, packages, system tools (with --for-tests), build. Needs nothing but Node itself, does only
// what is missing or stale, and says what it does. Every npm script that needs a ready tree runs it first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, '.cache');
const DIST = join(ROOT, 'dist');
const NODE_MINIMUM = [20, 19];
/**
 * What only tests call, by its command or its path, and the Debian package it is in: disks that are full or fail, Python, and
 * machines with addresses of their own.
 */
const TEST_TOOLS = [
  { what: 'mkfs.ext4', package: 'e2fsprogs' },
  { what: 'losetup', package: 'mount' },
  { what: 'mount', package: 'mount' },
  { what: '/usr/bin/python3', package: 'python3' },
  { what: '/usr/lib/python3/dist-packages/cryptography', package: 'python3-cryptography' },
  { what: 'ip', package: 'iproute2' },
  { what: 'nft', package: 'nftables' },
];

class SetupError extends Error {}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function run(what, command, args, options = {}) {
  const startedMs = Date.now();
  say(`${what} ...`);
  const result = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', ...options });
  if (result.status !== 0) {
    const reason = result.error === undefined ? `${result.stdout}${result.stderr}`.trim() : result.error.message;
    throw new SetupError(`${what} failed (${[command, ...args].join(' ')}):\n${reason}`);
  }
  say(`${what}: done in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor < NODE_MINIMUM[1])) {
    throw new SetupError(
      `Node ${NODE_MINIMUM.join('.')} or newer is needed; this is ${process.versions.node}. See https://nodejs.org/en/download.`,
    );
  }
}

/** Compares what npm installed with the lock file, package by package. */
function packagesAreStale() {
  const installedLock = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock)) return true;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).some(([path, entry]) => {
    if (path === '' || entry.optional === true || entry.devOptional === true || entry.peer === true) return false;
    return installed[path]?.version !== entry.version || !existsSync(join(ROOT, path, 'package.json'));
  });
}

function installPackages() {
  if (!packagesAreStale()) return;
  run('installing packages', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    env: { ...process.env, npm_config_loglevel: 'warn' },
  });
}

function isInstalled(what) {
  if (isAbsolute(what)) return existsSync(what);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, what)));
}

function installTestTools() {
  if (process.platform !== 'linux') return;
  const missing = TEST_TOOLS.filter((tool) => !isInstalled(tool.what));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => tool.package))];
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `The tests need ${missing.map((tool) => tool.what).join(', ')}. Run: sudo apt-get install ${packages.join(' ')}`,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('updating the package lists', 'apt-get', ['update', '-q'], { env });
  run(`installing ${packages.join(', ')}`, 'apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env });
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashOfSources() {
  const hash = createHash('sha256');
  const single = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(ROOT, name));
  for (const file of [...single, join(ROOT, 'scripts', 'bundle.mjs'), ...filesBelow(join(ROOT, 'src'))]) {
    const content = readFileSync(file);
    hash.update(`${file.slice(ROOT.length)} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** Checks the types, bundles beside dist and then swaps, so that files of removed sources do not stay behind. */
function build() {
  const stamp = join(DIST, '.sources');
  const wanted = hashOfSources();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const next = join(CACHE, `dist-${process.pid}`);
  const old = join(CACHE, `dist-old-${process.pid}`);
  try {
    run('checking the types', process.execPath, ['node_modules/@typescript/native/bin/tsc', '-p', 'tsconfig.build.json']);
    run('bundling', process.execPath, ['scripts/bundle.mjs', next]);
    if (existsSync(DIST)) renameSync(DIST, old);
    renameSync(next, DIST);
  } finally {
    rmSync(next, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
  rmSync(join(ROOT, 'oclif.manifest.json'), { force: true });
  if (existsSync(join(DIST, 'cli', 'commands'))) {
    run('listing the commands', process.execPath, ['node_modules/oclif/bin/run.js', 'manifest']);
  }
  writeFileSync(stamp, wanted);
}

/** One set-up at a time in a tree: others wait for it. */
function withLock(task) {
  mkdirSync(CACHE, { recursive: true });
  const lock = join(CACHE, 'setup.lock');
  for (let waits = 0; ; waits += 1) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isAlive(lock)) rmSync(lock, { force: true });
    else if (waits === 0) say('waiting for another set-up of this folder ...');
    else if (waits > 3000)
      throw new SetupError(`Another set-up holds ${lock} for ten minutes. Remove the file if none is running.`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    task();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isAlive(lock) {
  try {
    const text = readFileSync(lock, 'utf8');
    return text === '' || process.kill(Number(text), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

try {
  checkNode();
  withLock(() => {
    installPackages();
    if (process.argv.includes('--for-tests')) installTestTools();
    build();
  });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
