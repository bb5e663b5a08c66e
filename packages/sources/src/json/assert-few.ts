import { ContractError } from '@edgeledger/core';

/**
 * For lists and objects that have a few entries in every honest answer, before a schema looks at them: it keeps
 * something of each entry that is wrong.
 */
export function assertFew(
  holder: unknown,
  name: string,
  { what, limit }: { readonly what: string; readonly limit: number },
): void {
  const list: unknown =
    typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
      ? Reflect.get(holder, name)
      : undefined;
  const count = typeof list === 'object' && list !== null ? Object.keys(list).length : 0;
  if (count <= limit) return;
  throw new ContractError(
    'source.response-malformed',
    `${what}: ${name} of the answer has ${count} entries, at most ${limit} are read. Please report it with the answer.`,
  );
}
