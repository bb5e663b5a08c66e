import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import { readSetup, withServices } from '../services.ts';
import { renderTable } from '../text-table.ts';

/** Every expected unit that is not loaded, the one that is lost first on top. Exit 4 when there is one. */
export async function runGapsCommand(io: Io, options: { readonly json?: boolean }): Promise<number> {
  return withServices(readSetup(io), { role: 'gaps', announce: true }, async ({ warehouse }) => {
    const gaps = await warehouse.questions.gaps();
    if (options.json) printJson(io, gaps);
    else if (gaps.length === 0) printLine(io, 'No gaps: every expected unit is loaded.');
    else {
      const header = ['account', 'report', 'state', 'days left', 'why'];
      const rows = gaps.map((gap) => [
        gap.account,
        gap.report_key,
        gap.state,
        gap.state === 'lost' ? 'lost' : (gap.days_left ?? ''),
        gap.error_message ?? '',
      ]);
      printLine(io, renderTable(header, rows, terminalWidth(io)));
    }
    return gaps.length === 0 ? EXIT.done : EXIT.incomplete;
  });
}
