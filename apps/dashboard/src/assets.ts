import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

/** Paths of what the pages load; each names its content, so that it may be kept for good. */
export interface Assets {
  readonly style: string;
  readonly script: string;
  readonly icon: string;
}

const FILES = {
  style: { file: 'dashboard.css', type: 'text/css; charset=utf-8' },
  script: { file: 'dashboard.js', type: 'text/javascript; charset=utf-8' },
  icon: { file: 'icon.svg', type: 'image/svg+xml' },
} as const satisfies Record<keyof Assets, { file: string; type: string }>;

/** The style sheet, the script and the icon are served from here: no other host is ever asked. */
export async function registerAssets(app: FastifyInstance): Promise<Assets> {
  const entries = await Promise.all(
    Object.entries(FILES).map(async ([name, { file, type }]) => {
      const content = await readFile(new URL(`assets/${file}`, import.meta.url));
      const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
      const path = `/assets/${hash}/${file}`;
      app.get(path, { config: { isOpen: true } }, async (_request, reply) =>
        reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').send(content),
      );
      return [name, path] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<keyof Assets, string>;
}
