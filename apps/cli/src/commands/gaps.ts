import { toShownText } from '@edgeledger/core';
import type { GapsView } from '@edgeledger/warehouse';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import { readSetup, withServices } from '../services.ts';
import { createPaint, type Paint, type Style } from '../style.ts';
import { wrapText } from '../wrap-text.ts';

/** Fewer days than this, and a gap is worth a person's attention today. */
const SOON_DAYS = 7;

/** Every expected unit that is not loaded, the one that is lost first on top. Exit 4 when there is one. */
export async function runGapsCommand(io: Io, options: { readonly json?: boolean }): Promise<number> {
  return withServices(readSetup(io), { role: 'gaps' }, async ({ warehouse, config }) => {
    const gaps = await warehouse.questions.gaps();
    if (options.json) printJson(io, gaps);
    else if (gaps.length === 0) printLine(io, 'No gaps: every expected unit is loaded.');
    else {
      // without a terminal nothing is cut or wrapped: one line for each, to search in
      const width = io.stdout.isTTY === true ? terminalWidth(io) : Number.POSITIVE_INFINITY;
      printLine(io, renderGaps(gaps, width, createPaint(io, config.isColorWanted)));
    }
    return gaps.length === 0 ? EXIT.done : EXIT.incomplete;
  });
}

/**
 * Account and report, state, days left; then why, below it on a terminal, on the same line elsewhere. A reason that many
 * reports share is told once.
 */
export function renderGaps(gaps: readonly GapsView[], width: number, paint: Paint): string {
  const isOneAccount = new Set(gaps.map((gap) => gap.account)).size < 2;
  const names = gaps.map((gap) => (isOneAccount ? gap.report_key : `${gap.account}/${gap.report_key}`));
  const nameWidth = Math.max(...names.map((name) => name.length));
  const lines: string[] = [];
  let told: string | null = null;
  for (const [index, gap] of gaps.entries()) {
    const name = (names[index] ?? '').padEnd(Math.min(nameWidth, width));
    const facts = `${paint(gap.state.padEnd(8), toStyle(gap))}  ${toDaysText(gap)}`;
    const fits = name.length + 2 + 8 + 2 + toDaysText(gap).length <= width;
    const head = fits ? `${name}  ${facts}` : `${name.trimEnd()}\n  ${facts}`;
    const why = toShownText(gap.error_message ?? '');
    if (!Number.isFinite(width)) {
      lines.push(why === '' ? head : `${head}  ${why}`);
      continue;
    }
    lines.push(head);
    if (why !== '' && why !== told)
      lines.push(...wrapText(why, width - 4).map((line) => paint(`    ${line}`, 'dim')));
    told = why;
  }
  return lines.join('\n');
}

function toDaysText({ state, days_left: left }: GapsView): string {
  if (state === 'lost') return 'gone';
  if (left === null) return '';
  return Number(left) < 0 ? 'overdue' : `${Number(left).toFixed(1)} days left`;
}

function toStyle({ state, days_left: left }: GapsView): Style | undefined {
  if (state === 'lost' || state === 'failed') return 'red';
  return left !== null && Number(left) < SOON_DAYS ? 'yellow' : undefined;
}
