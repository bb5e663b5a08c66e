import { describeMatrix } from './open-matrix.ts';

await describeMatrix('nothing is lost by', 'fault', ['postgres', 'redis']);
