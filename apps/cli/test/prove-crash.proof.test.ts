import { describeMatrix } from './open-matrix.ts';

await describeMatrix('a process that is', 'crash', ['postgres', 'redis']);
