/**
 * @file The report of an ingest: one HTML file that needs nothing else. What was kept and refused, with reasons and pictures, files that could not be
 * read, and histograms of shapes, lengths and motion. Pictures are limited in number, figures are of all.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { barsHtml, escapeHtml, listHtml, pageHtml } from '../../io/html.ts';
import type { ClipRow, DoneRow, RefusedRow } from './journal.ts';
import { packingWaste } from './packing.ts';

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

const spread = <T>(rows: readonly T[], most: number): T[] =>
  (rows.length <= most ? [...rows] : Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]!));

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

/** What stays empty, in percent, by size of pack, and of clips that were padded to one shape. */
function wasteBars(clips: readonly ClipRow[]): Map<string, number> {
  const { packs, padded } = packingWaste(clips), percent = (share: number): number => Math.round(1000 * share) / 10;
  return new Map([...[...packs].map(([tokens, share]): [string, number] => [`packs of ${tokens} tokens`, percent(share)]), ['all padded to one shape', percent(padded)]]);
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

/** The report as HTML. */
export async function footageReport({ out, clips, refused, sources, notes, skipped }: FootageReportOptions): Promise<string> {
  const unread = sources.filter((s) => s.error !== undefined), broken = sources.filter((s) => s.damaged > 0), frames = sources.reduce((sum, s) => sum + s.frames, 0);
  const seconds = clips.reduce((sum, c) => sum + c.frames / c.fps, 0);
  const shown = spread(clips, PICTURES), off = spread(refused, PICTURES);
  const kept: string[] = [];
  for (const c of shown) kept.push(figure(await pictureOf(join(out, c.file), c.frames >> 1), [
    `${c.frames} × ${c.width}×${c.height}`, `${escapeHtml(c.source)} ${clock(c.start)}`, `“${escapeHtml(c.caption)}” (${c.captionFrom})`,
  ]));
  const of = (n: number, all: number): string => (n < all ? ` (${n} of ${all} shown)` : '');
  const html = `<h1>Footage: ${clips.length} clips kept, ${refused.length} parts refused</h1>
<p>${sources.length} files read, ${frames} frames; ${seconds.toFixed(1)} s of clips.${skipped.length > 0 ? ` Stages left out: ${escapeHtml(skipped.join(', '))}.` : ''}</p>
${listHtml('Notes', notes)}<div class="row">${[
  barsHtml('Shapes', countBy(clips, (c) => `${c.width}×${c.height}`)),
  barsHtml('Lengths, frames', new Map([...countBy(clips, (c) => String(c.frames))].sort((a, b) => Number(a[0]) - Number(b[0])))),
  barsHtml('Packing waste, %', wasteBars(clips)),
  barsHtml('Own movement a step, of 255', motionCounts(clips)),
  barsHtml('Camera', countBy(clips.flatMap((c) => c.motion?.camera ?? []), (tag) => tag)),
  barsHtml('Captions', countBy(clips, (c) => c.captionFrom)),
  barsHtml('Refused by', countBy(refused, (r) => r.stage)),
].join('')}</div>
${listHtml('Files that could not be read, or not to their end', unread.map((s) => `${s.source}: ${s.error!}`))}
${listHtml('Files with damaged frames, which were left out', broken.map((s) => `${s.source}: ${s.damaged}`))}
<h2>Kept${of(shown.length, clips.length)}</h2><div class="row">${kept.join('')}</div>
<h2>Refused${of(off.length, refused.length)}</h2><div class="row">${off.map((r) => figure(r.picture, [
  `<b class="refused">${r.stage}</b>: ${escapeHtml(r.reason)}`, `${escapeHtml(r.source)} ${clock(r.start)} – ${clock(r.end)}`,
])).join('')}</div>`;
  return pageHtml({ title: 'Footage', html });
}
