import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@edgeledger/core';
import { openEmbeddedPostgres } from '@edgeledger/warehouse';

/** A Postgres of its own, which can be stopped without disturbing other tests. */
export interface RestartablePostgres extends AsyncDisposable {
  readonly connectionString: string;
  /**
   * `stop`: as its operator does. `crash`: it ends at once, and recovers when it starts; unlogged tables are empty then. Away
   * for so long, in ms; resolves when it accepts connections again, on the same port.
   */
  restart(how: 'stop' | 'crash', awayMs: number): Promise<void>;
}

const CONNECTIONS = 150;

export async function openRestartablePostgres(): Promise<RestartablePostgres> {
  const home = await mkdtemp(join(tmpdir(), 'edgeledger-restart-'));
  const open = () =>
    openEmbeddedPostgres({ home, logger: silentLogger, durable: false, maxConnections: CONNECTIONS });
  let server = await open();
  const { connectionString } = server;
  return {
    connectionString,
    restart: async (how, awayMs) => {
      if (how === 'crash') await endAtOnce(join(home, 'postgres', 'data', 'postmaster.pid'));
      await server.close();
      await sleep(awayMs);
      server = await open();
      if (server.connectionString !== connectionString) throw new Error('The server came back elsewhere.');
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** What `pg_ctl stop --mode immediate` does. */
async function endAtOnce(pidFile: string): Promise<void> {
  const pid = Number((await readFile(pidFile, 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGQUIT');
  const isAlive = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (isAlive()) await sleep(20);
}
