import { createHash, randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/*
 * A file that is being received is named after its process, so that another one can tell whether somebody still writes to
 * it: `<place>.<pid>.<instance>.<random>`. Process numbers are told apart by the machine, or the container, that gave them;
 * the instance tells a process from an earlier one with the same number, which containers hand out again and again.
 */

const INSTANCE = randomUUID().slice(0, 8);
const PLACE = createHash('sha256').update(`${hostname()}/${readNamespace()}`).digest('hex').slice(0, 12);

/** Where process numbers are unique; two containers with one host name have numbers of their own. */
function readNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

export function makeSpoolName(): string {
  return `${PLACE}.${process.pid}.${INSTANCE}.${randomUUID()}`;
}

/** True when the process that made the file is known to have ended; what another machine made is never known. */
export function isAbandoned(name: string): boolean {
  const [place, pid, instance] = name.split('.');
  if (place !== PLACE || pid === undefined || instance === undefined) return false;
  if (Number(pid) === process.pid) return instance !== INSTANCE;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // it exists, and is somebody else's
    return !(error instanceof Error && 'code' in error && error.code === 'EPERM');
  }
}
