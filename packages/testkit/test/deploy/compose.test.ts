import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly environment: Readonly<Record<string, string | null>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly volumes?: readonly string[];
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const ROLES = ['migrate', 'scheduler', 'worker', 'dashboard'];
const SETTINGS = [...read('.env.example').matchAll(/^#([A-Z][A-Z0-9_]*)=$/gm)].map((match) => match[1] ?? '');

describe('docker-compose.yml', () => {
  test.each(ROLES)('%s gets every setting that there is', (role) => {
    const given = Object.keys(compose.services[role]?.environment ?? {});
    // a path on the host is none in the container; ./config is mounted instead
    const wanted = SETTINGS.filter((name) => name !== 'EDGELEDGER_CONFIG');
    expect(wanted.length).toBeGreaterThan(20);
    expect(wanted.filter((name) => !given.includes(name))).toEqual([]);
    expect(given.filter((name) => !SETTINGS.includes(name))).toEqual([]);
  });

  test.each([...ROLES, 'emulators'])('%s is read-only, without capabilities, and has time to end', (role) => {
    const service = compose.services[role];
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], image: 'edgeledger' });
    // 20 s for running jobs, 5 s to roll back, a moment to close
    expect(Number.parseInt(service?.stop_grace_period ?? '0', 10)).toBeGreaterThan(30);
  });

  test('roles start after the migration, and a demo after its emulators', () => {
    for (const role of ['scheduler', 'worker', 'dashboard']) {
      expect(compose.services[role]?.depends_on).toEqual({
        migrate: { condition: 'service_completed_successfully' },
        redis: { condition: 'service_healthy' },
        emulators: { condition: 'service_healthy', required: false },
      });
    }
    expect(compose.services.migrate?.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
  });

  test('only loopback is published, and only the demo and metrics need a profile', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(2);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    const profiled = Object.entries(compose.services).flatMap(([name, { profiles }]) =>
      profiles === undefined ? [] : [[name, profiles]],
    );
    expect(Object.fromEntries(profiled)).toEqual({
      emulators: ['demo'],
      reader: ['metrics'],
      prometheus: ['metrics'],
      grafana: ['metrics'],
    });
  });
});

describe('the Dockerfile', () => {
  const text = read('Dockerfile');

  test('ends as an unprivileged user with node as process 1', () => {
    expect(text).toMatch(/^USER node$/m);
    expect(text).toMatch(/^ENTRYPOINT \["node", /m);
    expect(text).toMatch(/^HEALTHCHECK .*healthcheck\.mjs"\]$/m);
    expect(text).not.toMatch(/<<EOF|--link|--parents/);
  });

  test('copies what .dockerignore lets through, and no test', () => {
    const ignore = read('.dockerignore').split('\n');
    expect(ignore).toContain('*');
    expect(ignore).toContain('**/*.test.ts');
    expect(ignore).toContain('packages/testkit');
    expect(ignore.filter((line) => line.startsWith('!')).toSorted()).toEqual(
      [
        'apps',
        'deploy',
        'deploy/docker',
        'LICENSE',
        'migrations',
        'package.json',
        'packages',
        'pnpm-lock.yaml',
        'pnpm-workspace.yaml',
      ]
        .map((name) => `!${name}`)
        .toSorted(),
    );
  });
});
