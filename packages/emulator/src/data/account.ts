/**
 * The emulated imgix account: four Sources and their origin images. Image paths are chosen to exercise
 * a reader: commas, quotes, blanks and letters beyond ASCII occur in ordinary uploads.
 */
import { at, createRandom, hash32, hexOf } from '../random.ts';

export interface ImageSource {
  index: number;
  /** 24 hex characters. */
  id: string;
  name: string;
  domain: string;
  originUrl: string;
  /** Share of the account's requests, 0 to 1. */
  share: number;
  /** From this day on the Source is deleted: reports leave its name blank but still hold rows. */
  deletedFromDay: number | undefined;
  images: readonly OriginImage[];
}

export interface OriginImage {
  /** Unique in the account, counted over all Sources. */
  index: number;
  path: string;
  /** Share of the Source's requests, 0 to 1. */
  share: number;
  originalBytes: number;
  /** Bytes of the four renditions in `VARIANT_QUERIES`. */
  variantBytes: readonly number[];
  mildShare: number;
  mildStatus: number;
  severeShare: number;
  severeStatus: number;
}

export interface ImageAccount {
  /** 24 hex characters. */
  id: string;
  sources: readonly ImageSource[];
  imageCount: number;
}

export const VARIANT_QUERIES = [
  '?w=320&auto=format',
  '?w=640&auto=format,compress&fit=crop',
  '?w=1280&dpr=2&q=60',
  '?w=64&h=64&fit=facearea&txt=%22new%22',
] as const;

const SOURCE_PLANS = [
  { name: 'Storefront', domain: 'storefront.imgix.net', share: 0.55 },
  { name: 'Editorial', domain: 'editorial.imgix.net', share: 0.25 },
  { name: 'Campaigns, seasonal', domain: 'campaigns.imgix.net', share: 0.14 },
  { name: 'Legacy Uploads', domain: 'legacy-uploads.imgix.net', share: 0.06 },
] as const;
const DELETED_SOURCE_INDEX = 3;

const FOLDERS = [
  'products/shoes',
  'products/bags',
  'news/2026',
  'hero',
  'avatars',
  'brands',
  'users/uploads',
  'catalogue',
];
const STEMS = ['runner', 'weekender', 'skyline', 'team', 'logo', 'detail', 'banner', 'portrait'] as const;
const ODD_NAMES = [
  'sale, 50% off',
  'the "classic" fit',
  'größe xl',
  'ブランド-ロゴ',
  'a,b,"c"',
  'café crème',
  "it's here",
  'план-этажа',
];
const EXTENSIONS = ['jpg', 'jpg', 'jpg', 'png', 'webp', 'svg'] as const;

export function createImageAccount(options: {
  seed: number;
  imagesPerSource: number;
  sourceDeletedFromDay: number;
}): ImageAccount {
  const sources = SOURCE_PLANS.map((plan, index): ImageSource => {
    return {
      index,
      id: hexOf(24, options.seed, 'source', index),
      name: plan.name,
      domain: plan.domain,
      originUrl: `https://origin.example.com/${plan.domain.split('.')[0] ?? ''}`,
      share: plan.share,
      deletedFromDay: index === DELETED_SOURCE_INDEX ? options.sourceDeletedFromDay : undefined,
      images: createImages(options.seed, index, options.imagesPerSource),
    };
  });
  return {
    id: hexOf(24, options.seed, 'account'),
    sources,
    imageCount: sources.length * options.imagesPerSource,
  };
}

/** The name a report of `day` shows: blank once the Source is deleted (docs: "May be blank"). */
export function sourceNameOn(source: ImageSource, day: number): string {
  return source.deletedFromDay !== undefined && day >= source.deletedFromDay ? '' : source.name;
}

function createImages(seed: number, sourceIndex: number, count: number): OriginImage[] {
  let weightSum = 0;
  for (let rank = 0; rank < count; rank += 1) weightSum += popularity(rank);
  return Array.from({ length: count }, (_, rank): OriginImage => {
    const random = createRandom(hash32(seed, 'image', sourceIndex, rank));
    const originalBytes = 200_000 + random.int(4_000_000);
    // images that are gone at the origin; the busiest ones would have been repaired
    const broken = random.chance(0.05) && rank >= 8;
    return {
      index: sourceIndex * count + rank,
      path: imagePath(random, rank),
      share: popularity(rank) / weightSum,
      originalBytes,
      variantBytes: [24, 11, 5, 90].map((divisor) => Math.floor(originalBytes / divisor) + random.int(999)),
      mildShare: broken ? 0.7 : random.chance(0.2) ? 0.06 : 0.01,
      mildStatus: random.pick([404, 404, 404, 404, 403, 403, 410, 400, 422]),
      severeShare: random.chance(0.1) ? 0.04 : 0.004,
      severeStatus: random.pick([503, 503, 502, 500]),
    };
  });
}

/** A long tail: the first images of a Source draw most requests. */
function popularity(rank: number): number {
  return 1 / (rank + 4);
}

function imagePath(random: ReturnType<typeof createRandom>, rank: number): string {
  const folder = random.pick(FOLDERS);
  const stem = rank % 9 === 4 ? at(ODD_NAMES, random.int(ODD_NAMES.length)) : random.pick(STEMS);
  return `/${folder}/${stem}-${rank + 1}.${random.pick(EXTENSIONS)}`;
}
