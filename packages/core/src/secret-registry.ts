import { findAddressSecrets, SHORTEST_SECRET, toLinkSecretForms, toSecretForms } from './secret-forms.ts';

/** What stands in place of a secret, wherever text is shown. */
export const MASK = '[secret]';

/** A hundred accounts have three secrets each. Of thousands of links a few dozen are in use at a time. */
const KEPT_SECRETS = 1_000;
const KEPT_LINKS = 200;
/** Links are the vendor's to choose, also so that all begin alike: of those, only the newest are compared. */
const CROWD_OF_LINKS = 8;

export interface SecretRegistry {
  /** Keeps a credential, or an address with one in it, to be masked. */
  rememberSecret(text: string): void;
  /** Keeps what a signed link must not tell. The oldest links are forgotten. */
  rememberLink(link: URL): void;
  /** The text with all of them masked, in time that depends on its length, not on how many are known. */
  mask(text: string): string;
}

/** Knows texts that must not be shown, so that they are found in whatever words a vendor repeats them. */
export function createSecretRegistry({
  secrets = KEPT_SECRETS,
  links = KEPT_LINKS,
}: {
  readonly secrets?: number;
  readonly links?: number;
} = {}): SecretRegistry {
  const secretFinder = createFinder(Number.POSITIVE_INFINITY);
  const linkFinder = createFinder(CROWD_OF_LINKS);
  const knownSecrets = createShelf(secretFinder, secrets);
  const knownLinks = createShelf(linkFinder, links);
  return {
    rememberSecret: (text) =>
      knownSecrets.keep(text, () =>
        (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? findAddressSecrets(text) : [text]).flatMap(toSecretForms),
      ),
    rememberLink: (link) => knownLinks.keep(link.href, () => toLinkSecretForms(link)),
    mask: (text) => linkFinder.mask(secretFinder.mask(text)),
  };
}

/** What was kept last is forgotten last. */
function createShelf(finder: Finder, limit: number) {
  const formsOf = new Map<string, readonly string[]>();
  const forget = (name: string): void => {
    for (const form of formsOf.get(name) ?? []) finder.remove(form);
    formsOf.delete(name);
  };
  return {
    keep: (name: string, toForms: () => readonly string[]): void => {
      const forms = formsOf.get(name) ?? toForms();
      for (const form of forms) finder.add(form);
      forget(name);
      formsOf.set(name, forms);
      const [oldest] = formsOf.keys();
      if (formsOf.size > limit && oldest !== undefined) forget(oldest);
    },
  };
}

interface Finder {
  add(needle: string): void;
  remove(needle: string): void;
  mask(text: string): string;
}

/** Every needle begins with a window of this many characters; they are looked up by its hash. */
const WINDOW = SHORTEST_SECRET;
const BUCKETS = 1 << 14;
const FACTOR = 0x01000193;
/** What the character that leaves the window has counted by then. */
const LEAVING = Array.from({ length: WINDOW }).reduce<number>((power) => Math.imul(power, FACTOR), 1);

const toBucket = (hash: number): number => (hash ^ (hash >>> 15)) & (BUCKETS - 1);

function hashStart(text: string): number {
  let hash = 0;
  for (let at = 0; at < WINDOW; at += 1) hash = (Math.imul(hash, FACTOR) + text.charCodeAt(at)) | 0;
  return hash;
}

/**
 * Finds thousands of texts in one pass (Rabin and Karp): a hash rolls over the text, and only where its bucket is not
 * empty anything is compared.
 */
function createFinder(crowd: number): Finder {
  const buckets = new Array<readonly string[] | undefined>(BUCKETS).fill(undefined);
  const uses = new Map<string, number>();

  return {
    add: (needle) => {
      const count = uses.get(needle) ?? 0;
      uses.set(needle, count + 1);
      if (count > 0) return;
      const bucket = toBucket(hashStart(needle));
      const [oldest = '', ...rest] = buckets[bucket] ?? [];
      const isFull = rest.length + 1 >= crowd;
      if (isFull) uses.delete(oldest);
      buckets[bucket] = oldest === '' ? [needle] : [...(isFull ? [] : [oldest]), ...rest, needle];
    },
    remove: (needle) => {
      const count = uses.get(needle) ?? 0;
      if (count > 1) {
        uses.set(needle, count - 1);
        return;
      }
      uses.delete(needle);
      const bucket = toBucket(hashStart(needle));
      const rest = buckets[bucket]?.filter((one) => one !== needle) ?? [];
      buckets[bucket] = rest.length === 0 ? undefined : rest;
    },
    mask: (text) => {
      if (uses.size === 0) return text;
      let masked = '';
      let shownTo = 0;
      let hash = 0;
      for (let end = 0; end < text.length; end += 1) {
        hash = (Math.imul(hash, FACTOR) + text.charCodeAt(end)) | 0;
        const start = end - WINDOW + 1;
        if (start > shownTo) hash = (hash - Math.imul(LEAVING, text.charCodeAt(start - 1))) | 0;
        const bucket = start < shownTo ? undefined : buckets[toBucket(hash)];
        const needle = bucket === undefined ? undefined : findLongest(bucket, text, start);
        if (needle === undefined) continue;
        masked += text.slice(shownTo, start) + MASK;
        shownTo = start + needle.length;
        end = shownTo - 1;
        hash = 0;
      }
      return masked + text.slice(shownTo);
    },
  };
}

function findLongest(needles: readonly string[], text: string, at: number): string | undefined {
  let longest: string | undefined;
  for (const needle of needles) {
    if (needle.length > (longest?.length ?? 0) && text.startsWith(needle, at)) longest = needle;
  }
  return longest;
}
