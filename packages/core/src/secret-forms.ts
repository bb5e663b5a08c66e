/** Shorter text stands in ordinary words. */
export const SHORTEST_SECRET = 8;
/** Letters alone, or digits alone, may be a word or a figure: a password of a demonstration, the name of a database. */
const SHORTEST_WORD = 12;

/** False for what would be found in text that has nothing to do with it. */
function isTelling(text: string): boolean {
  const isWord = /^(?:\p{L}+|\d+)$/u.test(text);
  return text.length >= (isWord ? SHORTEST_WORD : SHORTEST_SECRET);
}

/** The text and what it looks like when somebody repeats it in a URL, in JSON or in a header. */
export function toSecretForms(text: string): readonly string[] {
  if (!isTelling(text)) return [];
  const forms = new Set([
    text,
    JSON.stringify(text).slice(1, -1),
    ...toEncodedForms(text),
    ...toBase64Forms(text),
  ]);
  return [...forms].filter((form) => form.length >= SHORTEST_SECRET);
}

function toEncodedForms(text: string): readonly string[] {
  // a lone surrogate cannot be encoded
  const encoded = encodeURIComponent(text.toWellFormed());
  const strict = encoded.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (form: string): string => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const spellings = [encoded, strict, strict.replaceAll('%20', '+')];
  return [...new Set([...spellings, ...spellings.map(lower)])];
}

/**
 * What is the same in base64 whatever stands before and after the text: three beginnings, because three bytes are four
 * characters. So a password is found in an `Authorization: Basic` of it, too.
 */
function toBase64Forms(text: string): readonly string[] {
  const forms = [0, 1, 2].map((shift) => {
    const bytes = Buffer.from(`${'\0'.repeat(shift)}${text}`);
    // characters that hold bits of what stands before or after are left out
    const wholeChars = Math.floor((bytes.length * 8) / 6);
    return bytes.toString('base64').slice(shift === 0 ? 0 : shift + 1, wholeChars);
  });
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

const AUTHORITY = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i;
const NAMED_LIKE_ONE = /password|secret|token|signature|credential/i;

/**
 * The secrets in an address: the password; of a webhook also its path and what is in its query. The address as a whole is
 * none: without them, it is what messages say.
 */
export function findAddressSecrets(address: string): readonly string[] {
  const [start = '', scheme = '', authority = ''] = AUTHORITY.exec(address) ?? [];
  const [path = '', query = ''] = address.slice(start.length).split('#')[0]?.split('?', 2) ?? [];
  const isWeb = /^https?$/i.test(scheme);
  const values = [...new URLSearchParams(query)].flatMap(([name, value]) =>
    (isWeb && looksMade(value)) || NAMED_LIKE_ONE.test(name) ? [value] : [],
  );
  const paths = isWeb && path.length >= SHORTEST_WORD ? [path, ...path.split('/').filter(looksMade)] : [];
  return [...findPasswords(authority), ...values, ...paths];
}

function findPasswords(authority: string): readonly string[] {
  const user = authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
  const password = user.includes(':') ? user.slice(user.indexOf(':') + 1) : '';
  return password === '' ? [] : [password, decode(password)];
}

/** Not a word or a name: long, of letters and digits. */
function looksMade(text: string): boolean {
  return text.length >= SHORTEST_WORD && /\d/.test(text) && /[a-z]/i.test(text);
}

/** Whoever signs takes a dozen parameters in a kilobyte; no server takes a longer request. */
const MOST_PAIRS = 20;
const LONGEST_QUERY = 8_192;
/** Instants and days stand in signed links, too, and in messages that have to be read. */
const INSTANT = /^\d{8}T\d{6}Z$|(?:^|[_-])\d{8}$/;

/**
 * What a vendor may repeat of a signed link: the long values of its query, as they stand and decoded, and of what is short or
 * a name the pair, since that tells nothing where it stands alone.
 */
export function toLinkSecretForms(link: URL): readonly string[] {
  const query = link.search.slice(1);
  if (query.length > LONGEST_QUERY) return [];
  const path = decode(link.pathname);
  const secrets = query.split('&', MOST_PAIRS).flatMap((pair) => {
    const values = new Set([pair.slice(pair.indexOf('=') + 1)].flatMap((value) => [value, decode(value)]));
    return [...values].map((value) =>
      looksMade(value) && !INSTANT.test(value) && !path.includes(value) ? value : pair,
    );
  });
  const passwords = findPasswords(`${link.username}:${link.password}@`);
  const forms = [...secrets, ...passwords].flatMap((secret) => [secret, ...toEncodedForms(secret)]);
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST_SECRET);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
