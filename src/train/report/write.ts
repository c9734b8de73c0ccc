/**
 * @file Writes the page of a run, and what goes beside it, from the files of the run's folder: while it runs, after it, on another machine.
 */
import { basename, join, resolve } from 'node:path';
import { modelCard } from './card.ts';
import { writeEvents } from './events.ts';
import { readMetrics } from './metrics.ts';
import { runPage } from './page.ts';
import { readRecord, writeWhole } from './record.ts';
import { readWalls } from './walls.ts';

/** Writes `report.html`, `card.md` and TensorBoard's events into a run's folder; returns the page's file. Throws a FileError when the folder holds no run. */
export async function writeRunReport(dir: string): Promise<string> {
  const run = { name: basename(resolve(dir)), log: await readMetrics(dir), record: await readRecord(dir), walls: await readWalls(dir) }, file = join(dir, 'report.html');
  await writeEvents(dir, run);
  await writeWhole(join(dir, 'card.md'), modelCard(run));
  await writeWhole(file, runPage(run));
  return file;
}
