import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** A source file as the dependency rules see it. Paths are relative to the repository's root. */
export interface SourceFile {
  readonly path: string;
  /** `packages/core` or `apps/cli`. */
  readonly package: string;
  readonly isTest: boolean;
  /** Module specifiers as written, type-only imports included. */
  readonly imports: readonly string[];
  readonly lines: number;
  readonly text: string;
}

export interface Violation {
  readonly rule: string;
  readonly file: string;
  readonly found: string;
}

const OURS = '@edgeledger/';
const MAX_FILE_LINES = 300;
const BANNED_NAMES = /^(utils?|helpers?|common|misc|lib|types|.*\d)\.ts$/;

/** Which of our packages a package may import outside its tests; what is not listed may import none. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/config': ['core'],
  'packages/alerts': ['core', 'http'],
  'packages/archive': ['core', 'http'],
  'packages/fuzz': ['core', 'config', 'http', 'sources'],
  'packages/http': ['core'],
  'packages/telemetry': ['core'],
  'packages/sources': ['core', 'http'],
  'packages/pipeline': ['core'],
  'packages/warehouse': ['core'],
  'packages/queue': ['core'],
  'packages/emulator': [],
  'packages/proof': ['core', 'emulator', 'queue', 'warehouse'],
  'packages/testkit': ['core', 'warehouse', 'emulator'],
  'apps/scheduler': ['core', 'queue'],
  'apps/worker': ['core', 'queue', 'pipeline'],
  'apps/dashboard': ['core', 'queue', 'warehouse'],
};

/** Which packages may import a library that a layer wraps. */
const WRAPPED: Readonly<Record<string, readonly string[]>> = {
  bullmq: ['packages/queue', 'apps/dashboard'],
  ioredis: ['packages/queue'],
  pg: ['packages/warehouse', 'packages/testkit', 'packages/queue'],
  kysely: ['packages/warehouse', 'packages/testkit'],
  undici: ['packages/http'],
  pino: ['packages/telemetry'],
  'prom-client': ['packages/telemetry'],
  '@opentelemetry': ['packages/telemetry'],
  'bullmq-otel': ['packages/queue'],
  s3mini: ['packages/archive'],
};

/** Tests may use what no product code may. */
const TEST_ONLY_IMPORTS = [
  'testkit',
  'emulator',
  'config',
  'http',
  'sources',
  'warehouse',
  'queue',
  'pipeline',
  'core',
  'telemetry',
  'archive',
  'alerts',
];

export function readSourceFiles(root: string): SourceFile[] {
  return ['apps', 'packages'].flatMap((area) =>
    readdirSync(join(root, area), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) =>
        ['src', 'test'].flatMap((folder) =>
          readFolder(root, `${area}/${entry.name}`, join(root, area, entry.name, folder)),
        ),
      ),
  );
}

function readFolder(root: string, packagePath: string, folder: string): SourceFile[] {
  let entries: string[];
  try {
    entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.endsWith('.ts') && !entry.includes('node_modules'))
    .map((entry) => {
      const path = join(folder, entry);
      return toSourceFile(relative(root, path), packagePath, readFileSync(path, 'utf8'));
    });
}

export function toSourceFile(path: string, packagePath: string, text: string): SourceFile {
  const imports = [
    ...text.matchAll(
      /^\s*(?:import|export)\s[^;'"]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gms,
    ),
  ];
  return {
    path,
    package: packagePath,
    isTest: path.endsWith('.test.ts') || path.split('/')[2] === 'test',
    imports: imports.map((match) => match[1] ?? match[2] ?? match[3] ?? ''),
    lines: text.split('\n').length,
    text,
  };
}

export function findViolations(files: readonly SourceFile[]): Violation[] {
  return [
    ...files.flatMap((file) => [
      ...packageImports(file),
      ...wrappedImports(file),
      ...vendorImports(file),
      ...environmentReads(file),
      ...sizesAndNames(file),
    ]),
    ...packageCycles(files),
    ...fileCycles(files),
  ];
}

function packageImports(file: SourceFile): Violation[] {
  const self = basename(file.package);
  return file.imports
    .filter((specifier) => specifier.startsWith(OURS))
    .flatMap((specifier): Violation[] => {
      const [name = '', ...deeper] = specifier.slice(OURS.length).split('/');
      if (deeper.length > 0) return [{ rule: 'no deep imports', file: file.path, found: specifier }];
      if (name === self)
        return [{ rule: 'a package does not import itself by name', file: file.path, found: specifier }];
      if (file.package === 'apps/cli') return [];
      const allowed = file.isTest ? TEST_ONLY_IMPORTS : (ALLOWED[file.package] ?? []);
      return allowed.includes(name)
        ? []
        : [{ rule: `${file.package} may not import ${name}`, file: file.path, found: specifier }];
    });
}

function wrappedImports(file: SourceFile): Violation[] {
  return file.imports.flatMap((specifier): Violation[] => {
    const library = Object.keys(WRAPPED).find(
      (name) => specifier === name || specifier.startsWith(`${name}/`),
    );
    if (library === undefined || WRAPPED[library]?.includes(file.package)) return [];
    return [{ rule: `${library} is wrapped by one package`, file: file.path, found: specifier }];
  });
}

function vendorImports(file: SourceFile): Violation[] {
  const vendor = /^packages\/[^/]+\/src\/(imgix|akamai)\//.exec(file.path)?.[1];
  if (vendor === undefined) return [];
  const other = vendor === 'imgix' ? 'akamai' : 'imgix';
  return file.imports
    .filter((specifier) => specifier.includes(`/${other}/`))
    .map((found) => ({ rule: 'a vendor folder does not import another', file: file.path, found }));
}

function environmentReads(file: SourceFile): Violation[] {
  if (file.isTest || file.package === 'packages/config' || file.package === 'packages/testkit') return [];
  return /\bprocess\.env\b/.test(file.text)
    ? [{ rule: 'process.env only in config', file: file.path, found: 'process.env' }]
    : [];
}

function sizesAndNames(file: SourceFile): Violation[] {
  const violations: Violation[] = [];
  if (!file.isTest && file.lines > MAX_FILE_LINES) {
    violations.push({
      rule: `at most ${MAX_FILE_LINES} lines a file`,
      file: file.path,
      found: `${file.lines} lines`,
    });
  }
  if (BANNED_NAMES.test(basename(file.path))) {
    violations.push({
      rule: 'a file is named after what it holds',
      file: file.path,
      found: basename(file.path),
    });
  }
  return violations;
}

function packageCycles(files: readonly SourceFile[]): Violation[] {
  const graph = new Map<string, Set<string>>();
  for (const file of files.filter((candidate) => !candidate.isTest)) {
    const targets = graph.get(basename(file.package)) ?? new Set<string>();
    graph.set(basename(file.package), targets);
    for (const specifier of file.imports) {
      if (specifier.startsWith(OURS)) targets.add(specifier.slice(OURS.length).split('/')[0] ?? '');
    }
  }
  return findCycles(graph).map((cycle) => ({
    rule: 'no cycles between packages',
    file: cycle[0] ?? '',
    found: cycle.join(' -> '),
  }));
}

function fileCycles(files: readonly SourceFile[]): Violation[] {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    // type-only imports vanish at run time and cannot make a cycle there
    const runtime = toSourceFile(
      file.path,
      file.package,
      file.text.replaceAll(/^\s*(import|export) type [^;]*;/gms, ''),
    );
    const targets = runtime.imports.filter((specifier) => specifier.startsWith('.'));
    graph.set(file.path, new Set(targets.map((target) => join(dirname(file.path), target))));
  }
  return findCycles(graph).map((cycle) => ({
    rule: 'no cycles between files',
    file: cycle[0] ?? '',
    found: cycle.join(' -> '),
  }));
}

/** Each cycle once, as the path that closes it. */
function findCycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): void => {
    const seenAt = path.indexOf(node);
    if (seenAt >= 0) {
      cycles.push([...path.slice(seenAt), node]);
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}
