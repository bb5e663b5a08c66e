import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** One report of seeded data: the same seed gives the same bytes. */
export interface BenchReport {
  readonly dataset: 'imgix.cdn_logs' | 'imgix.image_analytics';
  readonly reportKey: string;
  readonly files: readonly string[];
  readonly rows: number;
}

interface Random {
  next(): number;
  below(limit: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
}

/** mulberry32: 32 bits of state, good enough to make text that compresses like logs. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { next, below, pick: (values) => values[below(values.length)] ?? values[0] };
}

const LOG_HEADER =
  'timestamp,source_id,domain,url,status_code,cache_status,cache_hits,cache_misses,requests,bytes,referers,user_agent\n';
const AGENTS = [
  '"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"',
  '"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"',
  'curl/8.14.1',
  '"Example ""Reader""/2.1 (feeds, images)"',
  '"Strange agent\nwith a line feed"',
] as const;
const STATUSES = [200, 200, 200, 200, 200, 200, 304, 206, 404, 403, 500] as const;

/** A log record of about 390 bytes: quoted fields with commas, some with quotes and line feeds. */
function toLogRecord(random: Random, dayStart: number, index: number, rows: number): string {
  const time = new Date(dayStart + Math.floor((index / rows) * 86_400_000)).toISOString();
  const image = random.below(400_000);
  const folder = image.toString(36);
  const url = `/photos/${folder}/${(image * 7919).toString(16)}-original.jpg?auto=format,compress&fit=crop&w=${random.below(40) * 50}&h=${random.below(40) * 50}&ixlib=js-3.8.0&s=${random.below(2 ** 32).toString(16)}${random.below(2 ** 32).toString(16)}`;
  const hit = random.next() < 0.9;
  const referer =
    random.next() < 0.3
      ? ''
      : `"https://shop${image % 60}.example.com/collections/${folder}?page=${random.below(30)},${random.below(9)}"`;
  const agent = random.next() < 0.02 ? random.pick(AGENTS) : AGENTS[random.below(3)];
  return `${time},5f7911e0aaaaaaaaaaaaaa${10 + (image % 60)},shop${image % 60}.imgix.net,"${url}",${random.pick(STATUSES)},${hit ? 'HIT' : 'MISS'},${hit ? 1 : 0},${hit ? 0 : 1},1,${random.below(900_000)},${referer},${agent}\n`;
}

const IMAGE_HEADER =
  'source_id,source_name,origin_image_url,requests,bandwidth,errors,mild_errors,severe_errors\n';

function toImageRecord(random: Random, index: number): string {
  const source = random.below(60);
  const image = random.below(2 ** 32).toString(36);
  return `5f7911e0aaaaaaaaaaaaaa${10 + source},"Shop ${source}, images",https://origin${source}.example.com/photos/${image}/${index.toString(36)}-original-${random.below(2 ** 32).toString(16)}.jpg,${random.below(90_000)},${random.below(2 ** 40)},${random.below(90)},${random.below(60)},${random.below(30)}\n`;
}

interface FileRequest {
  readonly path: string;
  readonly header: string;
  readonly rows: number;
  readonly toRecord: (index: number) => string;
}

async function writeFile({ path, header, rows, toRecord }: FileRequest): Promise<void> {
  if (existsSync(path)) return;
  function* chunks(): Generator<string> {
    let text = header;
    for (let index = 0; index < rows; index += 1) {
      text += toRecord(index);
      if (text.length < 256 * 1024) continue;
      yield text;
      text = '';
    }
    yield text;
  }
  await pipeline(Readable.from(chunks()), createGzip({ level: 6 }), createWriteStream(`${path}.partial`));
  renameSync(`${path}.partial`, path);
}

export interface DataRequest {
  readonly folder: string;
  readonly rows: number;
  readonly parts: number;
  /** Another variant has the same shape and other values: the report as the vendor corrected it. */
  readonly variant: number;
}

const DAY = Date.UTC(2026, 10, 20);

export async function makeLogReport(request: DataRequest): Promise<BenchReport> {
  mkdirSync(request.folder, { recursive: true });
  const files: string[] = [];
  const perPart = Math.ceil(request.rows / request.parts);
  for (let part = 0; part < request.parts; part += 1) {
    const rows = Math.min(perPart, request.rows - part * perPart);
    const path = join(
      request.folder,
      `cdn_logs_${request.rows}_${request.parts}_v${request.variant}_${part}.csv.gz`,
    );
    const random = createRandom(request.variant * 1000 + part);
    await writeFile({
      path,
      header: LOG_HEADER,
      rows,
      toRecord: (index) => toLogRecord(random, DAY, index, rows),
    });
    files.push(path);
  }
  return { dataset: 'imgix.cdn_logs', reportKey: 'cdn_logs_20261120', files, rows: request.rows };
}

export async function makeImageReport(request: DataRequest): Promise<BenchReport> {
  mkdirSync(request.folder, { recursive: true });
  const path = join(request.folder, `image_analytics_${request.rows}_v${request.variant}.csv.gz`);
  const random = createRandom(request.variant * 1000 + 999);
  await writeFile({
    path,
    header: IMAGE_HEADER,
    rows: request.rows,
    toRecord: (index) => toImageRecord(random, index),
  });
  return {
    dataset: 'imgix.image_analytics',
    reportKey: 'image_analytics_20261120',
    files: [path],
    rows: request.rows,
  };
}
