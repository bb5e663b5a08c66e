import {
  ConfigError,
  EdgeledgerError,
  isAbortError,
  type Source,
  type SourceCheck,
  type SourceContext,
  toEdgeledgerError,
  toShownText,
  toUtcDay,
} from '@edgeledger/core';
import { type Io, printNote } from './io.ts';
import type { Setup } from './services.ts';

/** What each source says of its credential and of what is asked of it. */
export async function checkSource(source: Source, { io, logger }: Setup): Promise<readonly SourceCheck[]> {
  const context: SourceContext = { now: io.clock.now(), signal: io.signal, logger };
  if (source.diagnose !== undefined) return source.diagnose(context);
  const today = toUtcDay(context.now);
  try {
    await source.discover({ from: today, to: today }, context);
    return [{ name: 'credential', state: 'ok', message: 'the vendor lists its reports' }];
  } catch (error) {
    if (io.signal.aborted || isAbortError(error) || !(error instanceof EdgeledgerError)) throw error;
    return [{ name: 'credential', state: 'failed', message: error.message }];
  }
}

/**
 * Before anything is loaded or scheduled: a source that asks for what its vendor does not offer ends the command with
 * the list of what it offers. That a vendor cannot be asked right now is only said, where nobody else would say it.
 */
export async function assertSources(
  sources: readonly Source[],
  setup: Setup,
  options: { readonly tellFailures: boolean },
): Promise<void> {
  const able = sources.filter((source) => source.diagnose !== undefined);
  const found = await Promise.all(
    able.map(async (source) => (await checkSource(source, setup)).map((check) => ({ source, ...check }))),
  );
  const checks = found.flat();
  const failed = options.tellFailures ? checks.filter((check) => check.state === 'failed') : [];
  for (const { source, name, message } of failed) {
    printNote(setup.io, `warning  ${source.id}, ${name}: ${message}`);
  }
  const invalid = checks.filter((check) => check.state === 'invalid');
  if (invalid.length === 0) return;
  throw new ConfigError(
    'config.invalid',
    invalid.map(({ source, name, message }) => toShownText(`${source.id}, ${name}: ${message}`)).join('\n'),
    { keepLines: true },
  );
}

/** The same every day while a role runs, so that a report that is retired is said before it fails. */
export function watchSources(sources: readonly Source[], setup: Setup, everyMs: number): { stop(): void } {
  const timer = setInterval(() => {
    assertSources(sources, setup, { tellFailures: true }).catch((error: unknown) => {
      if (!setup.io.signal.aborted) tell(setup.io, error);
    });
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function tell(io: Io, error: unknown): void {
  io.status.printLines(`warning  ${toEdgeledgerError(error).message}`);
}
