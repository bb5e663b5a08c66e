import { formatShort } from './format.ts';
import { type Html, html, nothing } from './html.ts';

/** One thing that is counted; missing points are undefined. */
export interface ChartSeries {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
  /** 1 to 7; absent: the next one. */
  readonly colour?: number;
}

export interface Chart {
  /** What the drawing shows, for who does not see it; its figures are in the table. */
  readonly label: string;
  /** One for each value of a series. */
  readonly names: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly kind: 'bars' | 'lines';
  readonly formatValue: (value: number) => string;
  /** Names under the drawing; absent: the first, the middle and the last. */
  readonly ticks?: readonly string[];
}

const WIDTH = 1000;
const HEIGHT = 100;

/** The next of 1, 2, 2.5 and 5 times a power of ten: an axis that can be read. */
export function toScale(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= largest) ?? 10) * power;
}

const round = (value: number): number => Math.round(value * 100) / 100;

function renderBars({ names, series }: Chart, scale: number): readonly Html[] {
  const step = WIDTH / Math.max(1, names.length);
  return names.flatMap((_, index) => {
    let base = HEIGHT;
    return series.flatMap(({ values, colour }, number) => {
      const height = (Math.max(0, values[index] ?? 0) / scale) * HEIGHT;
      if (height === 0) return [];
      base -= height;
      return [
        html`<rect class="c${colour ?? (number % 7) + 1}" x="${round(index * step + step * 0.1)}" y="${round(base)}" width="${round(step * 0.8)}" height="${round(height)}"/>`,
      ];
    });
  });
}

/** A line breaks where a value is missing: nothing is made up. */
function renderLines({ names, series }: Chart, scale: number): readonly Html[] {
  const step = WIDTH / Math.max(1, names.length);
  const x = (index: number): number => round((index + 0.5) * step);
  const y = (value: number): number => round(HEIGHT - (Math.max(0, value) / scale) * HEIGHT);
  return series.map(({ values, colour }, number) => {
    let isDown = false;
    const path = values.map((value, index) => {
      if (value === undefined) {
        isDown = false;
        return '';
      }
      // a point of its own would not be seen, so it gets a little length
      const command = isDown ? `L${x(index)} ${y(value)}` : `M${x(index)} ${y(value)}h.5`;
      isDown = true;
      return command;
    });
    return html`<path class="line c${colour ?? (number % 7) + 1}" d="${path.join('')}"/>`;
  });
}

/** A day without a figure is shaded, so that nobody takes it for zero. */
function renderGaps({ names, series }: Chart): readonly Html[] {
  const step = WIDTH / Math.max(1, names.length);
  return names.flatMap((_, index) =>
    series.every(({ values }) => values[index] === undefined)
      ? [html`<rect class="gap" x="${round(index * step)}" y="0" width="${round(step)}" height="${HEIGHT}"/>`]
      : [],
  );
}

function renderHits(chart: Chart): readonly Html[] {
  const { names, series, formatValue } = chart;
  const step = WIDTH / Math.max(1, names.length);
  return names.map((name, index) => {
    const figures = series.flatMap(({ label, values }) => {
      const value = values[index];
      return value === undefined ? [] : [`${label}: ${formatValue(value)}`];
    });
    return html`<rect class="hit" x="${round(index * step)}" y="0" width="${round(step)}" height="${HEIGHT}"><title>${[name, ...(figures.length === 0 ? ['no figure'] : figures)].join('\n')}</title></rect>`;
  });
}

function findLargest({ kind, names, series }: Chart): number {
  const totals = names.map((_, index) => {
    const values = series.map(({ values: ofSeries }) => ofSeries[index] ?? 0);
    return kind === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  return totals.reduce((largest, total) => Math.max(largest, total), 0);
}

function renderKey({ series }: Chart): Html {
  if (series.length < 2) return nothing;
  return html`<ul class="legend">${series.map(
    ({ label, colour }, number) =>
      html`<li><svg class="key" viewBox="0 0 10 10" aria-hidden="true"><rect class="c${colour ?? (number % 7) + 1}" width="10" height="10" rx="2"/></svg>${label}</li>`,
  )}</ul>`;
}

function renderTable({ label, names, series, formatValue }: Chart): Html {
  return html`<details><summary>Figures as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="${label}, figures"><table class="list"><thead><tr><th scope="col">when (UTC)</th>${series.map((one) => html`<th scope="col" class="n">${one.label}</th>`)}</tr></thead><tbody>${names.map(
    (name, index) =>
      html`<tr><th scope="row">${name}</th>${series.map(({ values }) => {
        const value = values[index];
        return html`<td class="n">${value === undefined ? '–' : formatValue(value)}</td>`;
      })}</tr>
`,
  )}</tbody></table></div></details>`;
}

/** A drawing that needs no script: it stretches to the page, and its figures are a table, too. */
export function renderChart(chart: Chart): Html {
  const { names, kind } = chart;
  const scale = toScale(findLargest(chart));
  const marks = kind === 'bars' ? renderBars(chart, scale) : renderLines(chart, scale);
  const lines = [0, 25, 50, 75, 100].map(
    (y) => html`<line class="grid" x1="0" x2="${WIDTH}" y1="${y}" y2="${y}"/>`,
  );
  const ticks = chart.ticks ?? [names[0], names[Math.floor(names.length / 2)], names.at(-1)];
  return html`<div class="chart"><div class="y" aria-hidden="true">${[1, 0.75, 0.5, 0.25, 0].map((share) => html`<span>${formatShort(scale * share)}</span>`)}</div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${chart.label}">${renderGaps(chart)}${lines}${marks}${renderHits(chart)}</svg>
<div class="x" aria-hidden="true">${ticks.map((tick) => html`<span>${tick ?? ''}</span>`)}</div></div>${renderKey(chart)}${renderTable(chart)}`;
}
