// npm run lock: completes package-lock.json after an `npm install`. npm leaves out optional packages of other platforms when it
// installs over existing node_modules or through a registry that does not serve them, and `npm ci` then refuses the lock file.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const PATH = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = {
  aarch64: 'arm64',
  arm64: 'arm64',
  armv7: 'arm',
  arm: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'x64',
};

/** Platform packages say in their name where they run: `binding-linux-arm64-musl`. */
function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const os = SYSTEMS.find((system) => words.includes(system));
  const cpu = words.map((word) => PROCESSORS[word]).find((processor) => processor !== undefined);
  if (os === undefined || cpu === undefined)
    throw new Error(`${name} does not say which platform it is for: complete it by hand`);
  const last = words.at(-1);
  const libc = os !== 'linux' ? undefined : last.startsWith('musl') ? ['musl'] : last.startsWith('gnu') ? ['glibc'] : undefined;
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc }), os: [os] };
}

/** Optional packages that something in the lock file asks for, and that the lock file does not have. */
function missingEntries(packages) {
  const missing = new Map();
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages) continue;
      const dev = entry.dev === true ? { dev: true } : {};
      const optional = entry.devOptional === true ? { devOptional: true } : {};
      missing.set(`node_modules/${name}`, { version, ...dev, ...optional, optional: true, ...platformOf(name) });
    }
  }
  return missing;
}

const lock = JSON.parse(readFileSync(PATH, 'utf8'));
const missing = missingEntries(lock.packages);
if (process.argv.includes('--check')) {
  for (const path of missing.keys()) process.stderr.write(`package-lock.json lacks ${path}: run npm run lock\n`);
  process.exitCode = missing.size === 0 ? 0 : 1;
} else if (missing.size > 0) {
  const sorted = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(PATH, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
