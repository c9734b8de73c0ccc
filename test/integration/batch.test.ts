/** @file A worker that makes several films at a time: the files are those of one that makes them one by one, whoever is beside them, is stopped, or fails. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import sharp from 'sharp';
import { pipelineMaker } from '../../src/server/workers/film-maker.ts';
import type { ClaimedJob, FilmSpec, JobSource } from '../../src/server/contract/spec.ts';
import { Store } from '../../src/server/state/store.ts';
import { Worker } from '../../src/server/workers/worker.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, model: string, other: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-batch-'));
  [model, other] = [join(dir, 'tiny'), join(dir, 'other')];
  for (const folder of [model, other]) await writeTinyModel(folder, { window: 17, maxFrames: 200 });
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

interface Asked { readonly name: string; readonly size: readonly [width: number, height: number, frames: number]; readonly spec?: Partial<FilmSpec> }
const ASKED: readonly Asked[] = [
  { name: 'default', size: [64, 64, 17] }, { name: 'twin', size: [64, 64, 17], spec: { prompt: 'a knight walks', seed: 9 } },
  { name: 'windows', size: [64, 64, 60], spec: { steps: 5 } }, { name: 'wide', size: [128, 64, 9], spec: { steps: 7, guidance: 1 } },
  { name: 'other model', size: [64, 64, 17] }, { name: 'image', size: [64, 64, 1], spec: { steps: 3 } },
  { name: 'told', size: [64, 64, 17], spec: { negative: 'a hat', steps: 9, seed: 4 } }, { name: 'looped', size: [64, 64, 33], spec: { loop: true } },
  { name: 'last', size: [96, 64, 5], spec: { steps: 4 } },
];
const idOf = (i: number): string => `video_${String(i).padStart(32, '0')}`;
const jobOf = ({ size: [width, height, frames], spec }: Asked, i: number): ClaimedJob => ({ id: idOf(i), fence: 1, spec: {
  kind: 'create', model: i === 4 ? other : model, prompt: 'a man walks to the left', seed: i, native: { width, height, frames, fps: 8 },
  deliver: { width: 2 * width, height: 2 * height, frames: frames + 3, fps: 10 }, ...spec,
} });

/** A source of jobs in memory: who has which, and what became of each. */
function sourceOf(jobs: readonly ClaimedJob[], seen: (event: string) => void = () => {}) {
  const waiting = [...jobs], held = new Set<string>(), ended = new Map<string, string>(), shown: { readonly name: string; readonly image: Buffer }[] = [];
  const nameOf = (id: string): string => ASKED[Number(id.slice(6))]?.name ?? id;
  const end = (id: string, how: string): Promise<boolean> => { held.delete(id); ended.set(nameOf(id), how); seen(`${how} ${nameOf(id)}`); return Promise.resolve(true); };
  let most = 0;
  const source: JobSource = {
    claim: () => {
      const job = waiting.shift() ?? null;
      if (job) { held.add(job.id); most = Math.max(most, held.size); seen(`claimed ${nameOf(job.id)}`); }
      return Promise.resolve(job);
    },
    renew: ({ id }) => Promise.resolve(held.has(id)),
    preview: ({ id }, image) => { shown.push({ name: nameOf(id), image: Buffer.from(image, 'base64') }); return Promise.resolve(held.has(id)); },
    publish: ({ id }) => end(id, 'published'),
    fail: ({ id }, { code }) => end(id, code), refuse: async ({ id }, { code }) => { await end(id, code); }, release: async ({ id }) => { await end(id, 'released'); },
  };
  return { source, ended, waiting, held, shown, most: () => most };
}

/** Works until nothing is left, or it is stopped. */
async function work(data: string, jobs: readonly ClaimedJob[], o: { readonly batch: number; readonly seen?: (event: string, worker: Worker, stop: AbortController) => void }) {
  const store = new Store(join(dir, data)), stop = new AbortController();
  await store.open();
  using make = pipelineMaker({ threads: 2, places: o.batch });
  const jobsOf = sourceOf(jobs, (event) => o.seen?.(event, worker, stop));
  const worker: Worker = new Worker({ source: jobsOf.source, make, store, renewMs: 20, pollMs: 10, batch: o.batch, log: () => {} }), working = worker.run(stop.signal);
  while (!stop.signal.aborted && (jobsOf.waiting.length > 0 || jobsOf.held.size > 0)) await sleep(10);
  stop.abort('done');
  await working;
  return { store, ...jobsOf };
}

/** All films, made one by one; once. */
let calm: ReturnType<typeof work> | undefined;
const oneByOne = (): ReturnType<typeof work> => (calm ??= work('calm', ASKED.map((a, i) => jobOf(a, i)), { batch: 1 }));

/** The files of a film. */
async function filesOf(store: Store, i: number, fence = 1): Promise<Record<string, string>> {
  const folder = join(store.job(idOf(i)), `film-${fence}`), names = (await readdir(folder)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')])));
}

test('films that are made at a time are, file by file, those that are made one by one', async () => {
  const jobs = ASKED.map((a, i) => jobOf(a, i)), one = await oneByOne(), many = await work('many', jobs, { batch: 4 });
  expect([one.most(), many.most()]).toEqual([1, 4]);
  for (const [i, { name }] of ASKED.entries()) {
    const alone = await filesOf(one.store, i);
    expect([name, Object.keys(alone)]).toEqual([name, ['native.png', 'spritesheet.jpg', 'thumbnail.webp', 'video.mp4']]);
    expect(await filesOf(many.store, i), name).toEqual(alone);
  }
  expect(new Set(many.shown.map(({ name }) => name))).toEqual(new Set(ASKED.map(({ name }) => name)));
  for (const { name, image } of many.shown) {
    const { format, width, height } = await sharp(image).metadata(), [w, h] = ASKED.find((a) => a.name === name)!.size;
    expect([name, format, width, height]).toEqual([name, 'webp', w, h]);
  }
}, 120_000);

test('one is cancelled, one fails, one loses its lease, and the worker is told to stop: what is left is handed back, goes on, and is as it was', async () => {
  const jobs = ASKED.map((a, i) => jobOf(a, i)), broken = jobs.with(3, { ...jobs[3]!, spec: { ...jobs[3]!.spec, native: { width: 8, height: 8, frames: 9, fps: 8 } } });
  const first = await work('stormy', broken, { batch: 4, seen: (event, worker, stop) => {
    if (event === 'claimed windows') setTimeout(() => { worker.drop(idOf(1)); }, 30);
    if (event === 'claimed told') setTimeout(() => { stop.abort('SIGTERM'); }, 50);
  } });
  expect(first.ended.get('wide')).toBe('invalid_input');
  expect([...first.ended.values()].filter((how) => how === 'released').length).toBeGreaterThan(0);
  expect(first.ended.get('twin')).toBeUndefined();                                                // who was dropped says nothing any more
  const left = jobs.filter((job, i) => first.ended.get(ASKED[i]!.name) !== 'published').map((job) => ({ ...job, fence: 2 }));
  const second = await work('stormy', left, { batch: 8 });
  for (const [i, { name }] of ASKED.entries())
    expect(await filesOf(second.store, i, first.ended.get(name) === 'published' ? 1 : 2), name).toEqual(await filesOf((await oneByOne()).store, i));
}, 120_000);
