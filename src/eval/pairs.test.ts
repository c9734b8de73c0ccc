import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeFixture } from '../data/sprites/testing-fixture.ts';
import { loadSpriteWorld, renderClip, splitOf, walksOf, type SpriteWorld } from '../data/sprites/world.ts';
import { frameBytes, sliceFrames, type Frames } from '../media/frames.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import { truthOf } from '../train/tasks/judge-task.ts';
import type { SpriteJudge } from './judge.ts';
import { drawPairs, drawWalkers, evalPairs, following, halves, type EvalPairsOptions, type PairPrompt } from './pairs.ts';

const COUNT = 16;
let dir: string, world: SpriteWorld, pairs: PairPrompt[], knowing: SpriteJudge;
const keyOf = (film: Frames): string => Buffer.from(film.data.subarray(0, frameBytes(film))).toString('latin1');

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-eval-pairs-'));
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'));
  pairs = drawPairs(world, COUNT);
  const known = new Map<string, Reading>();
  for (const { spec } of pairs) {
    const { frames } = renderClip(world, spec), [a, b] = spec.characters.map(({ labels }) => truthOf(labels)) as [Reading, Reading];
    const learn = (film: Frames, readings: readonly [Reading, Reading]): void => { halves(film).forEach((half, i) => { known.set(keyOf(half), readings[i]!); }); };
    learn(frames, [a, b]);
    if (spec.relation === 'crossing') learn(sliceFrames(frames, frames.count - 1), [b, a]);
  }
  for (const { spec } of drawWalkers(world, COUNT / 2)) {
    known.set(keyOf(following(renderClip(world, spec).frames, walksOf(spec)[0]!)), truthOf(spec.characters[0]!.labels) as Reading);
  }
  const nobody: Reading = { action: '', facing: '', hair: '', garment: '' };
  knowing = { read: (films) => Promise.resolve(films.map((film) => known.get(keyOf(film)) ?? nobody)) };
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const mirrored = (film: Frames): Frames => {
  const [left, right] = halves(film), row = left.width * left.channels, data = new Uint8Array(film.data.length);
  for (let r = 0; r < film.count * film.height; r++) {
    data.set(right.data.subarray(r * row, (r + 1) * row), 2 * r * row);
    data.set(left.data.subarray(r * row, (r + 1) * row), (2 * r + 1) * row);
  }
  return { ...film, data };
};
const evaluate = (make: EvalPairsOptions['make'], o: Pick<EvalPairsOptions, 'walkOf'> = {}) =>
  evalPairs({ model: 'test', world, judge: knowing, make, pairs: COUNT, environment: { config: {}, threads: 1, now: new Date(0) }, ...o });
const walkOf = ({ spec }: PairPrompt) => walksOf(spec)[0]!;

test('pairs are held out, of both kinds, and told with hair, clothes and deeds', () => {
  expect(drawPairs(world, 3)).toEqual(pairs.slice(0, 3));
  expect(new Set(pairs.map(({ spec }) => spec.relation))).toEqual(new Set(['apart', 'crossing']));
  for (const { spec, prompt } of pairs) {
    expect([spec.characters.length, spec.canvas, spec.frames]).toEqual([2, { width: 128, height: 64 }, 17]);
    for (const { labels } of spec.characters) expect(splitOf(labels.garment, labels.hairColour, labels.action)).toBe('heldout');
    expect(prompt.length).toBeGreaterThan(20);
  }
});

test('real clips are perfect films: everything told is seen, and the motion is that of real clips', async () => {
  const { parts, motion_ratio: motion } = await evaluate(({ spec }) => Promise.resolve(renderClip(world, spec).frames), { walkOf });
  for (const part of Object.values(parts)) for (const { films, real, of_ceiling: of } of Object.values(part)) {
    expect(films).toEqual(real);
    expect([films.share, of]).toEqual([1, 1]);
  }
  expect(Object.keys(parts.before)).toEqual(['hair', 'garment']);
  expect(parts.apart.action!.films.count).toBe(2 * pairs.filter(({ spec }) => spec.relation === 'apart').length);
  expect(Object.values(parts.alone).map(({ films }) => films.count)).toEqual([8, 8, expect.any(Number), 8]);           // of some the head is covered
  expect(motion).toEqual({ apart: 1, crossing: 1, alone: 1 });
});

test('a window follows a walk, to the sides of the canvas; without walks nobody alone is read, and who walks elsewhere is not seen', async () => {
  const data = Uint8Array.from({ length: 3 * 2 * 8 * 3 }, (_, i) => Math.floor(i / 3) % 8), film: Frames = { data, count: 3, width: 8, height: 2, channels: 3, fps: 8 };
  const rows = ({ data: own, count }: Frames): number[][] => Array.from({ length: count }, (_, t) => [own[12 * t]!, own[12 * t + 3]!]);
  expect(rows(following(film, { from: 2, to: 6 }))).toEqual([[1, 2], [3, 4], [5, 6]]);
  expect(rows(following(film, { from: 0, to: 8 }))).toEqual([[0, 1], [3, 4], [6, 7]]);
  const make: EvalPairsOptions['make'] = ({ spec }) => Promise.resolve(renderClip(world, spec).frames);
  expect((await evaluate(make)).parts.alone).toEqual({});
  const { alone } = (await evaluate(make, { walkOf: (pair) => { const { from, to } = walkOf(pair); return { from: to, to: from }; } })).parts;
  expect(alone.action!.films.share).toBe(0);
});

test('halves exchanged are seen as exchanged, and who stays on the spot has not passed', async () => {
  const exchanged = await evaluate(({ spec }) => Promise.resolve(mirrored(renderClip(world, spec).frames)));
  for (const part of ['apart', 'before', 'after'] as const) {
    const { hair } = exchanged.parts[part];
    expect(hair!.exchanged.count).toBeGreaterThan(0);
    expect(hair!.exchanged.share).toBe(1);
    expect(hair!.films.share).toBeCloseTo(1 - hair!.exchanged.count / hair!.films.count, 6);          // some pairs share the colour
  }
  const { parts } = await evaluate(({ spec }) => {
    const { frames } = renderClip(world, spec), data = frames.data.slice(), size = frameBytes(frames);
    for (let t = 1; t < frames.count; t++) data.set(data.subarray(0, size), t * size);
    return Promise.resolve({ ...frames, data });
  });
  expect(parts.before.hair!.films.share).toBe(1);
  expect(parts.after.hair!.films.share).toBeLessThan(1);
  expect(parts.after.hair!.exchanged.share).toBe(1);
});
