import type { Target } from '../target.ts';
import { createConfigurationTarget } from './configuration.ts';
import { createHttpTarget } from './http-headers.ts';
import { createListingTarget } from './listing.ts';
import { createPartTargets } from './parts.ts';

export async function openTargets(): Promise<Target[]> {
  return [
    ...createPartTargets(),
    await createListingTarget(),
    await createHttpTarget(),
    createConfigurationTarget(),
  ];
}
