import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of this package, as the ledger records it with every load. */
export const VERSION: string = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'),
).version;
