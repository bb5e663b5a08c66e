/** A cache that forgets what was not used for longest once the weights add up to more than `maxWeight`. */
export interface BoundedCache<Key, Value> {
  find(key: Key): Value | undefined;
  getOrCreate(key: Key, create: () => Value): Value;
  delete(key: Key): void;
  clear(): void;
}

/** Creates a cache; without `weigh` every value weighs 1. The newest value always stays. */
export function createBoundedCache<Key, Value>(
  maxWeight: number,
  weigh: (value: Value) => number = () => 1,
): BoundedCache<Key, Value> {
  const entries = new Map<Key, { value: Value; weight: number }>();
  let totalWeight = 0;

  function remove(key: Key): void {
    totalWeight -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }
  function find(key: Key): Value | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    entries.delete(key);
    entries.set(key, entry);
    return entry.value;
  }
  function set(key: Key, value: Value): void {
    remove(key);
    const weight = weigh(value);
    entries.set(key, { value, weight });
    totalWeight += weight;
    for (const oldest of entries.keys()) {
      if (totalWeight <= maxWeight || oldest === key) break;
      remove(oldest);
    }
  }
  return {
    find,
    getOrCreate: (key, create) => {
      const known = find(key);
      if (known !== undefined) return known;
      const value = create();
      set(key, value);
      return value;
    },
    delete: remove,
    clear: () => {
      entries.clear();
      totalWeight = 0;
    },
  };
}
