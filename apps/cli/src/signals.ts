/**
 * The first SIGINT or SIGTERM asks for an orderly end, the second one does not ask. Imports nothing, so that it listens
 * before the rest of the program is read: in a container this process is number 1, whose signals are lost while nobody
 * listens, and an early stop would end in a SIGKILL ten seconds later.
 */
export function listenToSignals(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130);
    const reason = new Error('stopped by a signal');
    reason.name = 'ShutdownError';
    stop.abort(reason);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}
