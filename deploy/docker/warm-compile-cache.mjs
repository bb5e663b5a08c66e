#!/usr/bin/env node
// Loads everything that a command of the image may load, so that NODE_COMPILE_CACHE holds it when the image is built.
// A module that cannot be loaded fails the build: it would fail in the container, too.
import { globSync } from 'node:fs';
import { createRequire, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');
const findLibrary = (user, library) => createRequire(join(root, user, 'package.json')).resolve(library);
const places = [
  join(root, 'apps/cli/src/signals.ts'),
  join(root, 'apps/cli/src/run-process.ts'),
  ...globSync(join(root, 'apps/cli/src/commands/*.ts')).filter((place) => !place.endsWith('.test.ts')),
  join(root, 'packages/queue/src/index.ts'),
  join(root, 'apps/dashboard/src/index.ts'),
  // these are loaded when they are first used; of tracing, which few turn on, nothing is
  join(root, 'packages/telemetry/src/metrics.ts'),
  join(root, 'packages/warehouse/src/questions.ts'),
  join(root, 'packages/warehouse/src/actions.ts'),
  join(root, 'packages/warehouse/src/alerts/alert-book.ts'),
  findLibrary('packages/http', 'undici'),
  findLibrary('packages/config', 'yaml'),
  findLibrary('packages/telemetry', 'pino-pretty'),
];
for (const place of places) await import(pathToFileURL(place).href);
flushCompileCache();
process.stdout.write(`${places.length} modules and what they import are compiled\n`);
