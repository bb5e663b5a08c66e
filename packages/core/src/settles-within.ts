/** True when the work has ended, well or not, before the limit; it goes on after it. */
export async function settlesWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const limit = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => limit.resolve(false), limitMs);
  const settled = (): boolean => true;
  try {
    return await Promise.race([work.then(settled, settled), limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
