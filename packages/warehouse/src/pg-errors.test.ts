import {
  ConfigError,
  ContractError,
  EdgeledgerError,
  InvariantError,
  ShutdownError,
  TransientError,
} from '@edgeledger/core';
import { describe, expect, it } from 'vitest';
import { fromPostgresError } from './pg-errors.ts';

const failure = (code: string, message = 'it said so') => Object.assign(new Error(message), { code });
function translate(thrown: unknown): EdgeledgerError {
  const error = fromPostgresError(thrown, 'Publishing', 'db:5432/edgeledger');
  if (error instanceof EdgeledgerError) return error;
  throw new Error(`not translated: ${error.name}`);
}

describe('fromPostgresError', () => {
  it('lets an abort pass as it is, because being stopped is no failure', () => {
    const stopped = new ShutdownError();
    expect(fromPostgresError(stopped, 'Staging', 'db')).toBe(stopped);
  });

  it.each([
    ['ECONNREFUSED', 'warehouse.unavailable', TransientError],
    ['57P01', 'warehouse.unavailable', TransientError],
    ['08006', 'warehouse.unavailable', TransientError],
    ['53300', 'warehouse.unavailable', TransientError],
    ['40P01', 'warehouse.conflict', TransientError],
    ['55P03', 'warehouse.conflict', TransientError],
    ['28P01', 'warehouse.auth-rejected', ConfigError],
    ['3D000', 'warehouse.auth-rejected', ConfigError],
    ['42501', 'warehouse.auth-rejected', ConfigError],
    ['42P01', 'warehouse.not-migrated', ConfigError],
    ['22P02', 'file.malformed', ContractError],
    ['54011', 'file.malformed', ContractError],
  ] as const)('makes of %s the error %s', (sqlState, code, errorClass) => {
    const error = translate(failure(sqlState));
    expect(error).toBeInstanceOf(errorClass);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^Publishing: Postgres at db:5432\/edgeledger: it said so\. /);
  });

  it('knows a broken connection by the words of the driver, and one host name with several addresses', () => {
    expect(translate(new Error('Connection terminated unexpectedly')).code).toBe('warehouse.unavailable');
    const both = new AggregateError([
      failure('ECONNREFUSED', '::1 refused'),
      failure('ECONNREFUSED', '127.0.0.1 refused'),
    ]);
    expect(translate(both).code).toBe('warehouse.unavailable');
    expect(translate(both).message).toContain('::1 refused; 127.0.0.1 refused');
  });

  it('takes what nobody knows for our bug, never for something to try again', () => {
    expect(translate(failure('42601'))).toBeInstanceOf(InvariantError);
    expect(translate(new TypeError('undefined is not a function'))).toBeInstanceOf(InvariantError);
  });

  it('passes errors that are ours already', () => {
    const ours = new TransientError('source.truncated', 'cut');
    expect(translate(ours)).toBe(ours);
  });
});
