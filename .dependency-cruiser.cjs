'use strict';

/**
 * The layers of docs/ARCHITECTURE.md as rules. Each folder of src lists what it may import from src; index.ts is the only
 * door of a folder. `npm run check` also asserts how many modules were read, so that a silent misreading cannot pass.
 */
const ALLOWED = {
  base: [],
  ports: ['base'],
  events: ['base', 'ports'],
  identity: ['base', 'ports'],
  chunks: ['base', 'ports'],
  runtime: ['base', 'ports'],
  projections: ['base', 'ports', 'events'],
  transport: ['base', 'ports', 'events', 'identity', 'chunks'],
  domain: ['base', 'events', 'projections'],
  sync: ['base', 'events'],
  coordinator: ['base', 'ports', 'events', 'identity', 'chunks', 'projections', 'transport', 'domain', 'sync'],
  node: ['base', 'ports', 'events', 'identity', 'chunks', 'projections', 'transport', 'domain', 'sync'],
  client: ['base', 'ports', 'events', 'identity', 'chunks', 'projections', 'transport', 'domain', 'sync'],
  fuse: ['base', 'ports', 'client'],
};

/** The only place that imports each heavy package: so it can be replaced there, and is loaded only where it is needed. */
const HOMES = {
  'classic-level': '^src/runtime/',
  'pino(-pretty)?': '^src/runtime/',
  msgpackr: '^src/events/',
  '@grpc/grpc-js|grpc-health-check': '^src/transport/',
  '@bufbuild/protobuf': '^src/transport/generated/',
  '@peculiar/x509|reflect-metadata': '^src/identity/',
  '@oclif/[^/]+': '^(src/cli|bin)/',
  '@inquirer/prompts|cli-progress|cli-table3': '^src/cli/',
};

/** An inner folder with a door of its own, because two sides meet there. */
const INNER_DOORS = '^src/transport/chunk-protocol/index\\.ts$';
const PURE = '^src/(base|domain|sync)/|^src/events/(catalogue|codec|chain)(/|\\.ts$)';

const layerRules = Object.entries(ALLOWED).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder} may import ${allowed.length === 0 ? 'no other folder' : allowed.join(', ')}: what is below it, nothing beside or above.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

const packageRules = Object.entries(HOMES).map(([packages, home]) => ({
  name: `package-${packages.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')}`,
  comment: `${packages} has one home (${home}): the rest of the system sees a port or an adapter.`,
  severity: 'error',
  from: { path: '^(src|bin)/', pathNot: home },
  to: { path: `(^|/)node_modules/(${packages})(/|$)` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...packageRules,
    {
      name: 'known-folders',
      comment: 'A new folder of src needs a place in the layers first.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${[...Object.keys(ALLOWED), 'cli'].join('|')})/` },
      to: {},
    },
    {
      name: 'one-door',
      comment: 'index.ts is the only door of a folder: what it does not export is private.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', INNER_DOORS] },
    },
    {
      name: 'generated-stays-in-transport',
      comment: 'Wire types end in transport: everything else has types of its own, so that the wire can change alone.',
      severity: 'error',
      from: { path: '^(src|bin)/', pathNot: '^src/transport/' },
      to: { path: '^src/transport/generated/' },
    },
    {
      name: 'pure-without-node',
      comment: 'Pure parts run anywhere, twice the same: no module of Node, so no clock, no disk, no network.',
      severity: 'error',
      from: { path: [PURE, '^src/projections/'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-without-packages',
      comment: 'Pure parts stand on nothing that may change under them; msgpackr in the codec is the exception.',
      severity: 'error',
      from: { path: PURE },
      to: { path: 'node_modules', pathNot: 'node_modules/msgpackr/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle of modules has no order to load or test them in. Types may name each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'declared-packages-only',
      comment: 'What runs in production is a dependency, pinned in package.json.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'npm-optional'] },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'source-without-tests',
      comment: 'What ships does not know what tests it.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|bench|scripts|examples)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
