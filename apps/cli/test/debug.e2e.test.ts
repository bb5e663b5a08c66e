import { createReferences, FAULT_TABLE, runFaultCase, runCrashCase, type Lab, type References } from '@edgeledger/proof';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestLab } from './open-lab.ts';
let lab: Lab; let references: References;
beforeAll(async () => { lab = await openTestLab(); references = createReferences(lab); await references.get('load'); });
afterAll(() => lab?.[Symbol.asyncDispose]());
test.each(FAULT_TABLE.filter((f)=>/vendor: connections reset|storm|cut in the middle/.test(f.title)))('x $title', async (fault) => {
  const result = await runFaultCase({ lab, references }, fault, 'postgres');
  console.log(result.name, Math.round(result.durationMs), result.injected, result.problems, result.log.split('\n').map((line: string)=>{try{const j=JSON.parse(line);const {level,time,message,...r}=j;return `${time.slice(17,23)} ${level} ${message} ${JSON.stringify(r).slice(0,260)}`}catch{return line}}).join('\n'));
}, 150_000);
