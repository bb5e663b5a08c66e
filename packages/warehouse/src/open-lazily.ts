/** Gives to all what `open` gave once. What fails is not kept: the next call tries again. */
export function openOnce<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

/**
 * An object of asynchronous methods that is made when the first of them is called: its modules are read then, which a
 * process that never calls one does without.
 */
export function openLazily<T extends object>(open: () => Promise<T>): T {
  const getTarget: () => Promise<object> = openOnce(open);
  const call = async (name: string, parameters: readonly unknown[]): Promise<unknown> =>
    await Reflect.get(await getTarget(), name)(...parameters);
  const plain = {};
  return new Proxy(plain, {
    get: (_, name) =>
      // what others ask of any object, or of a promise, is no method of this one
      typeof name === 'symbol' || name in plain || name === 'then' || name === 'toJSON'
        ? Reflect.get(plain, name)
        : (...parameters: unknown[]) => call(name, parameters),
  }) as T;
}
