export { type CaseContext, type CaseResult, runCrashCase } from './crash-case.ts';
export { CRASH_TABLE, type CrashCase } from './crash-table.ts';
export { type Backend, createLab, type Lab, type LabOptions } from './lab.ts';
export { createPassing, type Orders, parseOrders } from './orders.ts';
export { createReferences, type References } from './scenario.ts';
