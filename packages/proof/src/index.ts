export { type CaseContext, type CaseResult, runCrashCase } from './crash-case.ts';
export { CRASH_TABLE, type CrashCase } from './crash-table.ts';
export { runFaultCase } from './fault-case.ts';
export { type FaultProxy, openFaultProxy, throughProxy, toTarget } from './fault-proxy.ts';
export { FAULT_TABLE, type FaultCase } from './fault-table.ts';
export { type Backend, createLab, type Lab, type LabOptions } from './lab.ts';
export { createPassing, type Orders, parseOrders } from './orders.ts';
export { createReferences, type References } from './scenario.ts';
