/** The CDN log of one day: one row per request, ordered by time. */
import { DAY_MS, HOUR_MS } from '../days.ts';
import { at, createRandom, hash32 } from '../random.ts';
import type { ImageAccount } from './account.ts';
import { VARIANT_QUERIES } from './account.ts';
import type { Traffic, TrafficCell } from './traffic.ts';

/** Relative load of the hours 0 to 23 UTC. */
const HOUR_WEIGHTS = [
  3, 2, 2, 1, 1, 2, 3, 5, 7, 9, 10, 10, 11, 11, 10, 10, 10, 11, 12, 13, 12, 10, 7, 5,
] as const;
const HOUR_TABLE = HOUR_WEIGHTS.flatMap((weight, hour) => new Array<number>(weight).fill(hour));

const REFERERS = [
  '',
  '',
  'https://www.example.com/',
  'https://www.example.com/shop?category=shoes,bags',
  'https://news.example.org/2026/11/opening.html',
  'https://search.example.net/?q="running shoes"',
  'android-app://com.example.reader/',
] as const;
const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'ExampleApp/7.2 "beta", build 4411',
  'imagefetch/1.4',
  '',
] as const;
/** One agent in about 400 holds a line feed: legal in a quoted field, and the end of naive readers. */
const FOLDED_AGENT = 'Mozilla/5.0 (compatible; OddBot/1.0;\n +https://oddbot.example/about)';

interface LogCell {
  sourceIndex: number;
  path: string;
  cell: TrafficCell;
}

export const CDN_LOG_COLUMNS = [
  'timestamp',
  'source_id',
  'domain',
  'url',
  'status_code',
  'cache_status',
  'bytes',
  'referers',
  'user_agent',
] as const;

/** Yields the rows one by one: a day can hold millions. */
export function* cdnLogRows(
  seed: number,
  account: ImageAccount,
  traffic: Traffic,
  day: number,
): Generator<string[]> {
  const random = createRandom(hash32(seed, 'log', day));
  const cells: LogCell[] = [];
  const cellOfRequest: number[] = [];
  for (const source of account.sources) {
    for (const image of source.images) {
      for (const cell of traffic.cells(source, image, day)) {
        for (let copy = 0; copy < cell.count; copy += 1) cellOfRequest.push(cells.length);
        cells.push({ sourceIndex: source.index, path: image.path, cell });
      }
    }
  }
  const instants = new Float64Array(cellOfRequest.length);
  for (let index = 0; index < instants.length; index += 1) {
    instants[index] = day * DAY_MS + random.pick(HOUR_TABLE) * HOUR_MS + random.int(HOUR_MS);
  }
  const order = Uint32Array.from(instants.keys());
  order.sort((left, right) => at(instants, left) - at(instants, right) || left - right);
  for (const request of order) {
    const { sourceIndex, path, cell } = at(cells, at(cellOfRequest, request));
    const source = at(account.sources, sourceIndex);
    yield [
      new Date(at(instants, request)).toISOString(),
      source.id,
      source.domain,
      path + at(VARIANT_QUERIES, cell.variant),
      `${cell.status}`,
      cell.cache,
      `${cell.bytesEach}`,
      random.pick(REFERERS),
      random.int(400) === 0 ? FOLDED_AGENT : random.pick(USER_AGENTS),
    ];
  }
}
