export { makeImageReport, makeLogReport } from './data.ts';
