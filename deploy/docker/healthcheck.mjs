#!/usr/bin/env node
// Asks the role in this container whether it is ready. Scheduler and worker answer on METRICS_PORT, the dashboard on
// PORT; one image serves all three, so one answer is enough. Another place is an argument: `4802/emulator.json`.
// Exits 0 when ready, 1 when not.

const { METRICS_PORT, PORT } = process.env;
const places =
  process.argv.length > 2
    ? process.argv.slice(2)
    : [METRICS_PORT, PORT].filter(Boolean).map((port) => `${port}/readyz`);

async function ask(place) {
  try {
    const answer = await fetch(`http://127.0.0.1:${place}`, { signal: AbortSignal.timeout(4_000) });
    return { place, isReady: answer.ok, text: await answer.text() };
  } catch (error) {
    return { place, isReady: false, text: String(error.cause?.code ?? error.message) };
  }
}

const answers = await Promise.all(places.map(ask));
for (const { place, text } of answers) process.stdout.write(`${place}: ${text.slice(0, 500)}\n`);
process.exitCode = answers.some((answer) => answer.isReady) ? 0 : 1;
