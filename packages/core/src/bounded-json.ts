import { ContractError } from './errors.ts';
import { createJsonScanner, JSON_BOUNDS, type JsonBounds, JsonExcessError } from './json-scanner.ts';

/** What of a JSON text is too much to be parsed; `undefined` when nothing is, also where it is no JSON. */
export function findJsonExcess(bytes: Uint8Array, bounds: JsonBounds = JSON_BOUNDS): string | undefined {
  const scanner = createJsonScanner(bytes, bounds);
  try {
    scanner.skipValue(scanner.skipBlank(0));
  } catch (thrown) {
    if (thrown instanceof JsonExcessError) return thrown.message;
  }
  return undefined;
}

/**
 * `JSON.parse` for what comes from outside; `what` begins the message.
 *
 * @throws ContractError when it is more than {@link JSON_BOUNDS} allow, and SyntaxError when it is no JSON.
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  const excess = findJsonExcess(bytes);
  if (excess !== undefined) throw toJsonExcessError(what, excess);
  return JSON.parse(new TextDecoder().decode(bytes));
}

export function toJsonExcessError(what: string, excess: string): ContractError {
  return new ContractError(
    'source.response-malformed',
    `${what}: the JSON is not what we know: ${excess}. It is not read, since such answers fill the memory. Please report it.`,
  );
}
