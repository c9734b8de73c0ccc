/**
 * @file Curves of a run for its model card: `npx tsx tools/card/curves.ts <metrics.jsonl> <out.svg>`: the training loss (means of 25 steps) and, where
 * validations tell them, the held-out loss and its values at σ = 0.85 with right and with dealt captions.
 */
import { readFile, writeFile } from 'node:fs/promises';

const [metrics, out] = process.argv.slice(2);
if (!metrics || !out) throw new Error('usage: curves.ts <metrics.jsonl> <out.svg>');
type Row = { readonly event?: string; readonly step: number } & Readonly<Record<string, unknown>>;
const rows = (await readFile(metrics, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Row);
const bySteps = new Map(rows.map((row) => [`${row.event ?? 'step'} ${row.step}`, row]));       // a resumed run repeats steps: the last one counts
const all = [...bySteps.values()];

type Point = readonly [step: number, value: number];
const points = (event: string | undefined, field: string): Point[] => all
  .filter((row) => row.event === event && typeof row[field] === 'number')
  .map((row) => [row.step, Number(row[field])]);
const MEAN = 25;
const training = points(undefined, 'loss'), smooth = Array.from({ length: Math.floor(training.length / MEAN) }, (_, i): Point => {
  const part = training.slice(i * MEAN, (i + 1) * MEAN);
  return [part.at(-1)![0], part.reduce((sum, [, y]) => sum + y, 0) / MEAN];
});
const curves = [
  { name: 'training, mean of 25 steps', colour: '#8aa', points: smooth },
  { name: 'held out, mean of ten levels', colour: '#c40', points: points('validation', 'loss') },
  { name: 'held out, σ = 0.85', colour: '#06c', points: points('validation', 'loss@0.85') },
  { name: 'the same, dealt captions', colour: '#909', points: points('validation', 'dealt@0.85') },
].filter((curve) => curve.points.length > 0);

const W = 720, H = 400, LEFT = 56, BOTTOM = 36, TOP = 12, RIGHT = 24;
const values = curves.flatMap((curve) => curve.points.map(([, y]) => y)), last = Math.max(...curves.flatMap((curve) => curve.points.map(([x]) => x)));
const [low, high] = [Math.min(...values), Math.min(2, Math.max(...values))].map(Math.log) as [number, number];   // the first steps' peak would flatten everything
const x = (step: number): number => LEFT + (W - LEFT - RIGHT) * step / last;
const y = (value: number): number => TOP + (H - TOP - BOTTOM) * (high - Math.log(Math.min(2, value))) / (high - low);
const ticks = [0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2].filter((tick) => Math.log(tick) >= low && Math.log(tick) <= high);
const steps = Array.from({ length: 6 }, (_, i) => Math.round(last * i / 5));
await writeFile(out, [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}" font-family="sans-serif" font-size="12"><rect width="${W}" height="${H}" fill="#fff"/>`,
  ...ticks.map((tick) => `<path d="M${LEFT} ${y(tick).toFixed(1)}H${W - RIGHT}" stroke="#ddd"/>`
    + `<text x="${LEFT - 6}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tick}</text>`),
  ...steps.map((step) => `<text x="${x(step).toFixed(1)}" y="${H - 14}" text-anchor="middle">${step}</text>`),
  ...curves.map((curve) => {
    if (curve.points.length === 1) return `<circle cx="${x(curve.points[0]![0]).toFixed(1)}" cy="${y(curve.points[0]![1]).toFixed(1)}" r="4" fill="${curve.colour}"/>`;
    const at = curve.points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    return `<polyline fill="none" stroke="${curve.colour}" stroke-width="1.5" points="${at}"/>`;
  }),
  ...curves.map((curve, i) => `<text x="${W - RIGHT - 8}" y="${TOP + 16 + 16 * i}" text-anchor="end" fill="${curve.colour}">${curve.name}</text>`),
  '</svg>', '',
].join('\n'));
