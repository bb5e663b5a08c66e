import { describeMatrix } from './open-matrix.ts';

await describeMatrix('nothing is lost and nothing twice by a worker that is', 'process', [
  'postgres',
  'redis',
]);
