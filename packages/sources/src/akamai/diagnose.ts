import { EdgeledgerError, isAbortError, type SourceCheck, type SourceContext } from '@edgeledger/core';
import type { StreamDataset } from './discover.ts';
import type { ReportTypes } from './report-type.ts';
import { findStreamProblems } from './stream-checks.ts';

/** One line for every stream: whether the vendor offers what it asks for. */
export async function diagnoseStreams(
  streams: readonly StreamDataset[],
  { reportTypes, clockOffsetMs }: { readonly reportTypes: ReportTypes; readonly clockOffsetMs: () => number },
  context: SourceContext,
): Promise<SourceCheck[]> {
  const checks: SourceCheck[] = [];
  for (const { stream, report } of streams) {
    const name = `stream ${stream.name} (${report.name})`;
    checks.push(await diagnoseStream({ stream, report }, name, { reportTypes, context }));
  }
  const seconds = Math.round(clockOffsetMs() / 1000);
  if (seconds !== 0) {
    const message = `the clock of this machine is ${Math.abs(seconds)} s off; requests are signed with corrected time, set the clock (NTP)`;
    checks.push({ name: 'clock', state: 'warning', message });
  }
  return checks;
}

async function diagnoseStream(
  { stream, report }: Pick<StreamDataset, 'stream' | 'report'>,
  name: string,
  { reportTypes, context }: { readonly reportTypes: ReportTypes; readonly context: SourceContext },
): Promise<SourceCheck> {
  try {
    const { offer } = await reportTypes.get(report, context);
    const problems = findStreamProblems(stream, report, offer);
    if (problems.length > 0)
      return {
        name,
        state: 'invalid',
        message: `${problems.join('; ')}. Change the stream in edgeledger.yaml.`,
      };

    const deprecated = reportTypes.findings(report).filter((finding) => finding.kind === 'deprecated');
    if (deprecated.length > 0)
      return { name, state: 'warning', message: deprecated.map((finding) => finding.message).join(' ') };
    return { name, state: 'ok', message: `Akamai offers it by API ${report.api}` };
  } catch (thrown) {
    if (context.signal.aborted || isAbortError(thrown)) throw thrown;
    if (!(thrown instanceof EdgeledgerError)) throw thrown;
    return { name, state: 'failed', message: thrown.message };
  }
}
