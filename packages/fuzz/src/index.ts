export { createRandom, type Random } from './random.ts';
export { makeInput, type Target, tryInput } from './target.ts';
export { openTargets } from './targets/all.ts';
