/**
 * @file The report of an ingest: one HTML file that needs nothing else. What was kept and refused, with reasons and pictures, files that could not be
 * read, and histograms of shapes, lengths and motion. Pictures are limited in number, figures are of all.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import type { ClipRow, DoneRow, RefusedRow } from './journal.ts';

/** What is reported. */
export interface FootageReportOptions {
  /** Folder of the dataset: pictures of clips are read from it. */
  readonly out: string;
  readonly clips: readonly ClipRow[];
  readonly refused: readonly RefusedRow[];
  readonly sources: readonly DoneRow[];
  readonly notes: readonly string[];
  /** Stages that were left out. */
  readonly skipped: readonly string[];
}

/** Most pictures of each kind. */
const PICTURES = 120, SIDE = 128;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const spread = <T>(rows: readonly T[], most: number): T[] =>
  (rows.length <= most ? [...rows] : Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]!));

/** Bars of a count by name, in the order given or largest first. */
function histogram(title: string, counts: ReadonlyMap<string, number>): string {
  const most = Math.max(1, ...counts.values());
  const bars = [...counts].map(([name, n]) => `<tr><th>${escape(name)}</th><td><i style="width:${((100 * n) / most).toFixed(1)}%"></i></td><td>${n}</td></tr>`).join('');
  return `<section><h3>${escape(title)}</h3><table class="bars">${bars || '<tr><td>none</td></tr>'}</table></section>`;
}

function countBy<T>(rows: readonly T[], name: (row: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(name(row), (counts.get(name(row)) ?? 0) + 1);
  return new Map([...counts].sort((a, b) => b[1] - a[1]));
}

/** Own movement in classes of doubling width, all classes shown. */
function motionCounts(clips: readonly ClipRow[]): Map<string, number> {
  const ends = [0.25, 0.5, 1, 2, 4, 8, Infinity], counts = new Map(ends.map((end, i) => [end === Infinity ? `≥ ${ends[i - 1]!}` : `${i === 0 ? 0 : ends[i - 1]!} … ${end}`, 0]));
  const names = [...counts.keys()];
  for (const { motion } of clips) if (motion) { const name = names[ends.findIndex((end) => motion.own < end)]!; counts.set(name, counts.get(name)! + 1); }
  return counts;
}

const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, '0')}`;
const figure = (jpeg: string | undefined, lines: readonly string[]): string =>
  `<figure>${jpeg === undefined ? '<div class="none"></div>' : `<img alt="" src="data:image/jpeg;base64,${jpeg}">`}<figcaption>${lines.join('<br>')}</figcaption></figure>`;

async function pictureOf(file: string, page: number): Promise<string | undefined> {
  try {
    const image = sharp(file, { page }).resize({ width: SIDE, height: SIDE, fit: 'inside', withoutEnlargement: true });
    return (await image.jpeg({ quality: 60 }).toBuffer()).toString('base64');
  } catch { return undefined; }
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#222;background:#fff}h1{font-size:1.5rem}h3{margin:.2rem 0}
.row{display:flex;flex-wrap:wrap;gap:1.5rem}section{flex:1 1 18rem}
.bars{width:100%;border-collapse:collapse}.bars th{text-align:left;font-weight:400;white-space:nowrap;padding-right:.6rem}
.bars td:nth-child(2){width:100%}.bars i{display:block;height:.8rem;background:#4a7fb5;min-width:1px}figure{width:9.5rem;margin:0;font-size:12px;overflow-wrap:anywhere}
img,.none{max-width:100%;min-height:2rem;background:#eee;display:block}.refused{color:#a33}ul{padding-left:1.2rem}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}.refused{color:#e88}}`;

/** The report as HTML. */
export async function footageReport({ out, clips, refused, sources, notes, skipped }: FootageReportOptions): Promise<string> {
  const unread = sources.filter((s) => s.error !== undefined), broken = sources.filter((s) => s.damaged > 0), frames = sources.reduce((sum, s) => sum + s.frames, 0);
  const seconds = clips.reduce((sum, c) => sum + c.frames / c.fps, 0);
  const shown = spread(clips, PICTURES), off = spread(refused, PICTURES);
  const kept = await Promise.all(shown.map(async (c) => figure(await pictureOf(join(out, c.file), c.frames >> 1), [
    `${c.frames} × ${c.width}×${c.height}`, `${escape(c.source)} ${clock(c.start)}`, `“${escape(c.caption)}” (${c.captionFrom})`,
  ])));
  const list = (title: string, rows: readonly string[]): string => (rows.length === 0 ? '' : `<h2>${title}</h2><ul>${rows.map((r) => `<li>${escape(r)}</li>`).join('')}</ul>`);
  const of = (n: number, all: number): string => (n < all ? ` (${n} of ${all} shown)` : '');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Footage</title><style>${STYLE}</style>
<h1>Footage: ${clips.length} clips kept, ${refused.length} parts refused</h1>
<p>${sources.length} files read, ${frames} frames; ${seconds.toFixed(1)} s of clips.${skipped.length > 0 ? ` Stages left out: ${escape(skipped.join(', '))}.` : ''}</p>
${list('Notes', notes)}<div class="row">${[
  histogram('Shapes', countBy(clips, (c) => `${c.width}×${c.height}`)),
  histogram('Lengths, frames', new Map([...countBy(clips, (c) => String(c.frames))].sort((a, b) => Number(a[0]) - Number(b[0])))),
  histogram('Own movement a step, of 255', motionCounts(clips)),
  histogram('Camera', countBy(clips.flatMap((c) => c.motion?.camera ?? []), (tag) => tag)),
  histogram('Captions', countBy(clips, (c) => c.captionFrom)),
  histogram('Refused by', countBy(refused, (r) => r.stage)),
].join('')}</div>
${list('Files that could not be read, or not to their end', unread.map((s) => `${s.source}: ${s.error!}`))}
${list('Files with damaged frames, which were left out', broken.map((s) => `${s.source}: ${s.damaged}`))}
<h2>Kept${of(shown.length, clips.length)}</h2><div class="row">${kept.join('')}</div>
<h2>Refused${of(off.length, refused.length)}</h2><div class="row">${off.map((r) => figure(r.picture, [
  `<b class="refused">${r.stage}</b>: ${escape(r.reason)}`, `${escape(r.source)} ${clock(r.start)} – ${clock(r.end)}`,
])).join('')}</div></html>
`;
}
