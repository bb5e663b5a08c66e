/**
 * An object of asynchronous methods that is made when the first of them is called: its modules are read then, which a
 * process that never calls one does without.
 */
export function openLazily<T extends object>(open: () => Promise<T>): T {
  let opened: Promise<T> | undefined;
  const call = async (name: string | symbol, parameters: readonly unknown[]): Promise<unknown> => {
    opened ??= open();
    const target: object = await opened;
    return await Reflect.get(target, name)(...parameters);
  };
  return new Proxy(Object.create(null), {
    get: (_, name) =>
      // a promise would be waited for by whoever passes the object on
      name === 'then' ? undefined : (...parameters: unknown[]) => call(name, parameters),
  });
}
