import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventFile } from '../../io/tensorboard.ts';
import { logEvents } from './events.ts';
import { cutMetrics, readMetrics } from './metrics.ts';
import { readRecord, writeRecord } from './record.ts';
import { writeRunReport } from './write.ts';

let root: string;
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'kinora-report-')); });
afterAll(() => rm(root, { recursive: true, force: true }));

const stepEntry = (step: number, more: object = {}) =>
  ({ step, layout: 'a', loss: 1 / step, gradNorm: 0.5, rate: 1e-3, samplesPerSecond: 4, ms: { data: 100, gradients: 800, update: 100 }, ...more });
const lines = (...entries: readonly object[]): string => entries.map((e) => `${JSON.stringify(e)}\n`).join('');
const validation = (step: number, more: object = {}) =>
  ({ event: 'validation', step, matrixRms: 0.1, loss: 0.4, 'loss@0.05': 0.2, 'loss@0.95': 0.7, 'loss@0.85/17x64x64+1': 0.3, ...more });
async function folder(name: string, text: string): Promise<string> {
  const dir = await mkdtemp(join(root, `${name}-`));
  await writeFile(join(dir, 'metrics.jsonl'), text);
  return dir;
}

test('a log is cut behind the last entry of a step, torn lines with it; without a log nothing happens', async () => {
  const kept = lines(stepEntry(1), stepEntry(2), { event: 'skip', step: 3, gradNorm: null, loss: null, batch: 'b' }, stepEntry(3), validation(3));
  const dir = await folder('cut', `${kept}${lines(stepEntry(4), stepEntry(5))}{"step":6,"lo`);
  await cutMetrics(dir, 3);
  expect(await readFile(join(dir, 'metrics.jsonl'), 'utf8')).toBe(kept);
  await cutMetrics(dir, 3);
  await cutMetrics(dir, 9);
  expect(await readFile(join(dir, 'metrics.jsonl'), 'utf8')).toBe(kept);
  await cutMetrics(dir, 0);
  expect(await readFile(join(dir, 'metrics.jsonl'), 'utf8')).toBe('');
  await cutMetrics(join(root, 'nothing'), 3);
});

test('of a step that stands twice in a log the later counts; a torn end is left out; what is no log is named', async () => {
  const dir = await folder('twice', `${lines(stepEntry(1), stepEntry(2), stepEntry(3), stepEntry(2, { loss: 7 }), stepEntry(3))}{"step":4`);
  const { steps } = await readMetrics(dir);
  expect(steps.map(({ step, loss }) => [step, loss])).toEqual([[1, 1], [2, 7], [3, 1 / 3]]);
  await expect(readMetrics(await folder('no', lines({ step: 1, speed: 2 })))).rejects.toThrow(/metrics\.jsonl is no run's log: loss: .*step 1/);
  await expect(readMetrics(await folder('empty', ''))).rejects.toThrow('metrics.jsonl holds no steps');
  await expect(writeRunReport(join(root, 'nothing'))).rejects.toThrow(`cannot read ${join(root, 'nothing', 'metrics.jsonl')}: no such file or folder`);
});

test('the page tells curves, levels, speed, health and card, is whole in itself and the same each time', async () => {
  const entries = [1, 2, 3, 4].map((step) => stepEntry(step, { updates: { 'dit.blocks': 0.002 / step } }));
  const dir = await folder('run<1>', lines(
    ...entries.slice(0, 2), validation(2, { 'dealt@0.95': 0.71 }),
    { event: 'skip', step: 3, gradNorm: null, loss: null, batch: 'dit/sample 2048' }, ...entries.slice(2), validation(4),
    { event: 'warning', step: 4, message: 'captions <do not> count' }));
  const plan = { parameters: 2_500_000, steps: 8, samplesPerStep: 4, gflopPerStep: 100, padding: 0.031, unfilled: 0.012, data: '10 clips of a & b', memoryMb: 1 };
  await writeRecord(dir, { kind: 'dit', config: { seed: 3 }, plan, seed: 3, steps: 8, fromStep: 0, ceilingGflops: 250, now: new Date('2026-01-02T03:04:05Z') });
  const file = await writeRunReport(dir), html = await readFile(file, 'utf8');
  for (const part of [
    '4 of 8 steps', '2.50 M', '10.0 %', '4 (median)', '10 clips of a &amp; b', 'captions &lt;do not&gt; count',
    'Over noise levels', '17x64x64+1', 'Update ÷ weights', '1 of 4 steps skipped',
    'dit/sample 2048', '3.1 % of computed tokens', '125 GFLOP/s in gradients, 50.0 % of a large product',
  ]) expect(html).toContain(part);
  expect(html).not.toMatch(/NaN|undefined|<do not>/);
  expect(html).not.toMatch(/(src|href)="(?!data:)|@import|url\((?!data:)/);
  await writeRunReport(dir);
  expect(await readFile(file, 'utf8')).toBe(html);
  const card = await readFile(join(dir, 'card.md'), 'utf8');
  for (const part of ['| Steps | 4 of 8 |', '| `loss@0.95` | 0.7 |', 'Data: 10 clips of a & b', 'captions <do not> count']) expect(card).toContain(part);
});

test("TensorBoard's events are those of the log, in its order, and one file whatever was there", async () => {
  const dir = await folder('events', lines(
    stepEntry(1, { time: 5_000_000, updates: { a: 0.25 } }), stepEntry(2, { time: 5_001_500, loss: null }), validation(2, { time: 5_002_000 }), stepEntry(3, { time: 5_003_000 })));
  const log = await readMetrics(dir), events = logEvents({ log, record: null });
  expect(events.map(({ time, step }) => [time, step])).toEqual([[5000, 1], [5001.5, 2], [5002, 2], [5003, 3]]);
  expect(events[0]!.scalars).toEqual({
    'train/loss': 1, 'train/gradNorm': 0.5, 'train/rate': 1e-3, 'train/samplesPerSecond': 4, 'milliseconds/data': 100, 'milliseconds/gradients': 800, 'milliseconds/update': 100,
    'updates/a': 0.25,
  });
  expect('train/loss' in events[1]!.scalars).toBe(false);
  expect(events[2]!.scalars).toMatchObject({ 'validation/loss': 0.4, 'validation/loss@0.95': 0.7 });
  await writeRunReport(dir);
  await writeFile(join(dir, 'tensorboard', 'events.out.tfevents.1.kinora'), '');
  await writeFile(join(dir, 'tensorboard', 'events.out.tfevents.1.other'), '');
  await writeRunReport(dir);
  expect((await readdir(join(dir, 'tensorboard'))).sort()).toEqual(['events.out.tfevents.1.other', 'events.out.tfevents.5000.kinora']);
  expect((await readFile(join(dir, 'tensorboard', 'events.out.tfevents.5000.kinora'))).equals(eventFile(events))).toBe(true);
});

test('a log of an earlier version, without a record, has a page too', async () => {
  const html = await readFile(await writeRunReport(await folder('old', lines(stepEntry(1)))), 'utf8');
  expect(html).toContain('1 of 1 steps');
  expect(html).not.toMatch(/NaN|undefined|Loss by noise level/);
});

test('a record keeps the sessions of a run that is gone on with, and not those of another run', async () => {
  const dir = await mkdtemp(join(root, 'record-')), o = { kind: 'vae', config: {}, seed: 1, steps: 9, now: new Date(0) };
  await writeRecord(dir, { ...o, fromStep: 0 });
  await writeRecord(dir, { ...o, fromStep: 4, steps: 12 });
  expect((await readRecord(dir))!.sessions.map((s) => s.fromStep)).toEqual([0, 4]);
  expect((await readRecord(dir))!.steps).toBe(12);
  await writeRecord(dir, { ...o, fromStep: 0 });
  expect((await readRecord(dir))!.sessions.map((s) => s.fromStep)).toEqual([0]);
  await writeFile(join(dir, 'run.json'), '{}');
  await expect(readRecord(dir)).rejects.toThrow("run.json is no run's record: version");
});
