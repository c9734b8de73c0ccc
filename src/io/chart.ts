/**
 * @file Line charts as SVG text, for reports that are one file. Many points are drawn as the mean of each bin, within a band from the bin's least to its
 * greatest value: outliers stay visible. Colours are classes (`s0` … `s7`), see {@link CHART_STYLE}. Nothing moves, no script is needed.
 */
import { escapeHtml } from './html.ts';

/** One line. */
export interface Series {
  readonly name: string;
  /** Ascending in x; values that are not finite are left out. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Options of {@link lineChart}. */
export interface ChartOptions {
  readonly title: string;
  readonly series: readonly Series[];
  /** What x is. Default `step`. */
  readonly x?: string;
  /** Logarithmic, unless a value is ≤ 0. Default false. */
  readonly log?: boolean;
}

/** Rules that a page with charts needs. */
export const CHART_STYLE = `.chart{flex:1 1 30rem;max-width:37rem}.chart small{font-weight:400;opacity:.6}
.chart svg{width:100%;height:auto;display:block;font:11px system-ui,sans-serif}.chart text{fill:currentColor;opacity:.75}
.grid{stroke:currentColor;opacity:.15}.line{fill:none;stroke-width:1.6}.band{opacity:.18;stroke:none}
.key{font-size:12px}.key b{margin-right:.8rem;font-weight:400;white-space:nowrap}
.key i{display:inline-block;width:.8em;height:.8em;margin-right:.3em;border-radius:2px}
${['#2f74c0', '#d2691e', '#2e8b57', '#b03a78', '#7a5ccc', '#8a7a1e', '#178f9b', '#a33'].map((c, i) => `.s${i}{stroke:${c};fill:${c}}i.s${i}{background:${c}}`).join('')}`;

/** Colours; further series start again. */
const COLOURS = 8;
const WIDTH = 560, HEIGHT = 220, LEFT = 56, RIGHT = 8, TOP = 8, BOTTOM = 34;
/** Points of a line that are drawn. */
const BINS = 240;

/** A number in at most four digits. */
export function shortNumber(v: number): string {
  if (!Number.isFinite(v)) return '–';
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return v.toExponential(1).replace('e+', 'e');
  return String(Number(v.toPrecision(size >= 1000 ? 5 : 3)));
}

/** Round numbers from `low` to `high`, about `count` of them. */
export function ticks(low: number, high: number, count = 4): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten from `low` to `high`, both > 0; over a short range 1, 2 and 5 times them, over a very short one round numbers. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low)), powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, i) => first + i);
  const within = (factors: readonly number[]): number[] => powers.flatMap((p) => factors.map((f) => Number(`${f}e${p}`))).filter((v) => v >= low && v <= high);
  const decades = within([1]), fine = within([1, 2, 5]);
  return decades.length >= 3 ? decades : fine.length >= 3 ? fine : ticks(low, high);
}

/** A tick in all its digits, where they are few. */
const tickLabel = (v: number): string => (String(v).length <= 7 ? String(v) : shortNumber(v));

interface Bin { readonly x: number; readonly mean: number; readonly low: number; readonly high: number }

/** At most {@link BINS} bins of equally many points. */
function binned(points: Series['points']): Bin[] {
  const count = Math.min(points.length, BINS);
  return Array.from({ length: count }, (_, i) => {
    const part = points.slice(Math.floor(i * points.length / count), Math.floor((i + 1) * points.length / count)), ys = part.map(([, y]) => y);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    return { x: mean(part.map(([x]) => x)), mean: mean(ys), low: Math.min(...ys), high: Math.max(...ys) };
  });
}

/** A chart with its title and key as HTML; nothing where no series has a finite value. */
export function lineChart({ title, series, x: xName = 'step', log: wantsLog = false }: ChartOptions): string {
  const lines = series.map((s, i) => ({ name: s.name, colour: i % COLOURS, bins: binned(s.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))) }))
    .filter(({ bins }) => bins.length > 0);
  if (lines.length === 0) return '';
  const all = lines.flatMap(({ bins }) => bins), log = wantsLog && all.every(({ low }) => low > 0), scale = (v: number): number => (log ? Math.log10(v) : v);
  const [x0, x1] = [Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x))];
  let [y0, y1] = [Math.min(...all.map(({ low }) => scale(low))), Math.max(...all.map(({ high }) => scale(high)))];
  if (y1 - y0 < 1e-12) { const pad = Math.abs(y0) * 0.05 || 0.5; y0 -= pad; y1 += pad; }
  const px = (x: number): string => (LEFT + (x1 > x0 ? (x - x0) / (x1 - x0) : 0.5) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (v: number): string => (TOP + (y1 - scale(v)) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const rows = log ? logTicks(10 ** y0, 10 ** y1) : ticks(y0, y1);
  const grid = rows.map((v) => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(v)}" y2="${py(v)}"/><text x="${LEFT - 6}" y="${py(v)}" dy=".35em" `
    + `text-anchor="end">${tickLabel(v)}</text>`).join('');
  const marks = ticks(x0, x1, 6).map((v) => `<text x="${px(v)}" y="${HEIGHT - 18}" text-anchor="middle">${tickLabel(v)}</text>`).join('');
  const drawn = lines.map(({ bins, colour }) => {
    if (bins.length === 1) return `<circle class="s${colour}" r="3" cx="${px(bins[0]!.x)}" cy="${py(bins[0]!.mean)}"/>`;
    const wide = bins.some(({ low, high }) => high > low), at = (part: readonly Bin[], of: 'mean' | 'low' | 'high'): string => part.map((b) => `${px(b.x)},${py(b[of])}`).join(' ');
    return `${wide ? `<polygon class="band s${colour}" points="${at(bins, 'high')} ${at(bins.toReversed(), 'low')}"/>` : ''}<polyline class="line s${colour}" style="fill:none" `
      + `points="${at(bins, 'mean')}"/>`;
  }).join('');
  const key = lines.map(({ name, colour, bins }) => `<b><i class="s${colour}"></i>${escapeHtml(name)} ${shortNumber(bins.at(-1)!.mean)}</b>`).join('');
  return `<div class="chart"><h3>${escapeHtml(title)}${log ? ' <small>logarithmic</small>' : ''}</h3>`
    + `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${grid}${marks}`
    + `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">${escapeHtml(xName)}</text>${drawn}</svg><div class="key">${key}</div></div>`;
}
