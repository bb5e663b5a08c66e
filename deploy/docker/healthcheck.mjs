#!/usr/bin/env node
// Asks the role in this container whether it is ready. Scheduler and worker answer on METRICS_PORT, the dashboard on
// PORT; one image serves all three, so the first port that answers decides. Exits 0 when ready, 1 when not.

const ports = [process.env.METRICS_PORT, process.env.PORT].filter((port) => port !== undefined && port !== '');

async function ask(port) {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) });
    return { port, isReady: answer.ok, text: await answer.text() };
  } catch (error) {
    return { port, isReady: false, text: String(error.cause?.code ?? error.message) };
  }
}

const answers = await Promise.all(ports.map(ask));
for (const { port, text } of answers) process.stdout.write(`${port}: ${text.slice(0, 500)}\n`);
process.exitCode = answers.some((answer) => answer.isReady) ? 0 : 1;
