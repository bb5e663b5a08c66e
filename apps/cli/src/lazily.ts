/** A function whose module is read when it is first called, so that a command starts with what it needs and no more. */
export function lazily<Args extends readonly unknown[], Result>(
  read: () => Promise<(...args: Args) => Promise<Result>>,
): (...args: Args) => Promise<Result> {
  return async (...args) => await (await read())(...args);
}
