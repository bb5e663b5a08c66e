import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';

const AUDIT = join(import.meta.dirname, '..', '..', '..', '.ci', 'audit');

/** Runs the step with a package manager that answers like this. */
function audit(answer: string, code: number) {
  const folder = mkdtempSync(join(tmpdir(), 'edgeledger-audit-'));
  writeFileSync(join(folder, 'npx'), `#!/bin/sh\ncat <<'END'\n${answer}\nEND\nexit ${code}\n`);
  chmodSync(join(folder, 'npx'), 0o755);
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` };
  const { status, stdout } = spawnSync('bash', [AUDIT], { env, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return { status, stdout };
}

test('a sound tree passes', () => {
  expect(audit('No known vulnerabilities found', 0)).toMatchObject({ status: 0 });
});

test('a known vulnerability fails, also when its text speaks of a refused connection', () => {
  const found = audit('┌ high │ ECONNREFUSED crashes it │\n1 vulnerabilities found\nSeverity: 1 high', 1);
  expect(found).toMatchObject({ status: 1, stdout: expect.stringContaining('1 vulnerabilities found') });
});

test('a registry that does not answer audits is said loudly and fails nothing', () => {
  const answer = 'Error: ERR_PNPM_AUDIT_BAD_RESPONSE\n  The audit endpoint responded with 405:';
  expect(audit(answer, 1)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/!!! NOT AUDITED.*405/),
  });
});

test('an answer that nobody knows fails', () => {
  expect(audit('Segmentation fault', 139)).toMatchObject({ status: 1 });
});
