/** @file Films that share denoising steps are the films that each is alone, whoever comes and goes beside them. */
import { expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import { ProgramCache } from '../../backend/cache.ts';
import { CancelledError } from '../../core/errors.ts';
import { normals } from '../../core/random.ts';
import { frameSigmas } from '../../diffusion/frames.ts';
import { SAMPLER_TABLE, type SamplerName } from '../../diffusion/samplers/registry.ts';
import { sigmaGrid } from '../../diffusion/timesteps.ts';
import { DIT_PRESETS } from '../../models/dit/config.ts';
import { ditParams } from '../../models/dit/dit.ts';
import { textParams } from '../../models/text/tower.ts';
import { initialValues, listParams } from '../../nn/param.ts';
import { encodeCaptions, filmVelocity, type ContextFrame, type DitRuntime } from './denoise.ts';
import { StepBatcher, type PackCounts } from './step-batcher.ts';

const config = { ...DIT_PRESETS.tiny, textWidth: 16 }, text = { vocabulary: 16, length: 8, width: 16, depth: 1, heads: 2, mlp: 'relu2' } as const;
const values = (stream: string, n: number, scale = 1): Float32Array => normals({ seed: 1, stream, step: 0 }, n).map((x) => x * scale);
const weights = Object.fromEntries(listParams({ dit: ditParams(config), text: textParams(text) }).map(({ name, leaf }) => {
  const data = initialValues(leaf, name, 1);
  return [name, leaf.init.kind === 'constant' ? values(name, data.length, 0.1) : data];
}));
const programs = new ProgramCache(64);
const runtime: DitRuntime = { backend: ortBackend({ threads: 2 }), programs, config, text, prediction: 'x', weights };

interface Asked {
  readonly name: string;
  readonly size: readonly [frames: number, height: number, width: number];
  readonly words: readonly number[];
  readonly steps: number;
  readonly shift?: number;
  readonly sampler?: SamplerName;
  /** Frames given beside, and how many of its own are given. */
  readonly beside?: number;
  readonly beginning?: number;
}

/** Samples a film as window.ts does. `at` is called after each step. */
async function sampled(a: Asked, step?: DitRuntime['step'], at?: (step: number) => void | Promise<void>, signal?: AbortSignal): Promise<Float32Array> {
  const [frames, height, width] = a.size, perFrame = height * width * config.channels * config.patch ** 2, { beside = 0, beginning = 0 } = a;
  const caption = (words: readonly number[]) => ({
    ids: Int32Array.from({ length: text.length }, (_, i) => words[i] ?? 0), present: Float32Array.from({ length: text.length }, (_, i) => Number(i < words.length)),
  });
  const context = Array.from({ length: beside }, (_, i): ContextFrame => ({ time: a.name.length + 3 * i, tokens: values(`${a.name} beside ${i}`, perFrame) }));
  const states = await encodeCaptions(runtime, caption(a.words), caption([1]));
  const film = { frames, height, width, context, beginning }, sigmas = frameSigmas(sigmaGrid(a.steps, a.shift ?? 2), frames);
  for (const row of sigmas) row.fill(0.02, 0, beginning);
  return SAMPLER_TABLE[a.sampler ?? 'euler'].sample({
    velocity: filmVelocity({ ...runtime, ...(step ? { step } : {}) }, film, states, { scale: 3, interval: [0.4, 1], rescale: 0.2 }), noise: values(a.name, frames * perFrame),
    pack: [{ frames, perFrame }], keys: [{ seed: 1, stream: a.name, step: 0 }], sigmas, onStep: async ({ step: n }) => { await at?.(n); }, ...(signal ? { signal } : {}),
  });
}

const FILMS: readonly Asked[] = [
  { name: 'short', size: [2, 8, 8], words: [3, 4], steps: 3 },
  { name: 'long', size: [5, 8, 8], words: [5], steps: 8, shift: 4, sampler: 'ab2' },
  { name: 'twin', size: [5, 8, 8], words: [6, 7, 8], steps: 6, sampler: 'heun' },
  { name: 'third', size: [5, 8, 8], words: [9], steps: 7, sampler: 'euler-maruyama' },
  { name: 'wide', size: [3, 8, 16], words: [2, 2], steps: 5 },
  { name: 'tall', size: [3, 12, 8], words: [2, 11], steps: 4 },
  { name: 'pictured', size: [3, 8, 8], words: [12, 13], steps: 5, beside: 2 },
  { name: 'going on', size: [4, 8, 8], words: [14], steps: 5, beside: 1, beginning: 1 },
  { name: 'image', size: [1, 8, 8], words: [15], steps: 4 },
  { name: 'still', size: [1, 4, 4], words: [4], steps: 6 },
];
const alone = new Map<string, Float32Array>();
const bits = (x: Float32Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
/** Names of films that are not those which they are alone. */
async function changed(made: readonly (readonly [Asked, Float32Array])[]): Promise<string[]> {
  for (const [a] of made) if (!alone.has(a.name)) alone.set(a.name, await sampled(a));
  return made.filter(([a, film]) => !bits(film).equals(bits(alone.get(a.name)!))).map(([a]) => a.name);
}

test.each([[1e6, 0], [1e6, 3], [1000, 0], [300, 0]])('films of all shapes, lengths, words and noise levels: up to %i tokens, mixed after %i', async (tokens, mixAfter) => {
  const batcher = new StepBatcher({ tokens, mixAfter }), seats = FILMS.map(() => batcher.enter());
  const films = await Promise.all(FILMS.map((a, i) => sampled(a, seats[i]!.step).finally(() => { seats[i]![Symbol.dispose](); })));
  expect(await changed(FILMS.map((a, i) => [a, films[i]!]))).toEqual([]);
  const { packs, steps } = batcher.counts;
  if (tokens > 1000) expect(packs).toBeLessThan(steps / 2);
  const own = seats.map(({ counts }) => counts), sum = (of: (seat: PackCounts) => number): number => own.reduce((n, seat) => n + of(seat), 0);
  expect(sum((seat) => seat.packs)).toBe(steps);                  // each step in one pack, and as many films as steps in it
  expect(own.every((seat, i) => seat.films >= seat.packs && seat.ms > 0 && seat.tokens >= seat.packs * FILMS[i]!.size.reduce((n, x) => n * x))).toBe(true);
}, 60_000);

test('films join between steps and leave when they are done', async () => {
  const batcher = new StepBatcher({ tokens: 4096, mixAfter: 0 }), begin = (a: Asked, at?: (step: number) => void) => {
    const seat = batcher.enter();
    return sampled(a, seat.step, at).finally(() => { seat[Symbol.dispose](); });
  };
  const later: Promise<readonly [Asked, Float32Array]>[] = [], long = FILMS[1]!;
  const joining: Readonly<Record<number, Asked>> = { 1: FILMS[0]!, 2: FILMS[2]!, 4: FILMS[6]!, 5: FILMS[3]! };
  const film = await begin(long, (step) => {
    const joins = joining[step];
    if (joins) later.push(begin(joins).then((z) => [joins, z] as const));
  });
  const joined = await Promise.all(later);
  expect(joined).toHaveLength(4);
  expect(await changed([[long, film], ...joined])).toEqual([]);
  expect(batcher.counts.packs).toBeLessThan(batcher.counts.steps);
});

test('one that is cancelled leaves the others as they are, while it waits and while its pack runs', async () => {
  const batcher = new StepBatcher({ tokens: 700 }), stop = new AbortController(), waits = new AbortController(), told: string[] = [];
  const run = (a: Asked, signal?: AbortSignal, at?: (step: number) => void) => {
    const seat = batcher.enter(signal);
    return sampled(a, seat.step, at, signal).finally(() => { told.push(a.name); seat[Symbol.dispose](); });
  };
  const [long, twin, third, wide] = FILMS.slice(1);
  // Of three that have 640 tokens a step one runs at a time, in the order in which they came.
  const [one, two, three, four] = await Promise.allSettled([
    run(long!, undefined, (step) => { if (step === 2) waits.abort('no more'); }), run(twin!, stop.signal, (step) => { if (step === 3) stop.abort('enough'); }),
    run(third!, waits.signal), run(wide!)]);
  expect([two, three].map((r) => (r as PromiseRejectedResult).reason)).toEqual([expect.any(CancelledError), expect.any(CancelledError)]);
  expect(told.slice(0, 2)).toEqual(['third', 'long']);                                           // who waits hears of it at once
  expect(await changed([[long!, (one as PromiseFulfilledResult<Float32Array>).value], [wide!, (four as PromiseFulfilledResult<Float32Array>).value]])).toEqual([]);
});

test('a pack that fails is run film by film; only who fails alone fails', async () => {
  const batcher = new StepBatcher(), failing = { ...runtime, programs: { get: (key: string, compile: () => Promise<never>) =>
    (/denoise none [4-9]/.test(key) ? Promise.reject(new Error('no memory')) : programs.get(key, compile)) } as unknown as ProgramCache };
  const seats = [1, 2].map(() => batcher.enter()), pair = FILMS.slice(1, 3);
  const films = await Promise.all(pair.map((a, i) => sampled(a, (step) => seats[i]!.step({ ...step, pack: { ...step.pack, rt: failing } }))));
  expect(await changed(pair.map((a, i) => [a, films[i]!]))).toEqual([]);
});

test('films of one kind need a layout for 2, 4 and 8 of them, not one for each number', async () => {
  const batcher = new StepBatcher({ tokens: 1e6, mixAfter: 1e6 });
  const films = Array.from({ length: 9 }, (_, i): Asked => ({ name: `same ${i}`, size: [2, 8, 8], words: [i + 2], steps: 3 + (i % 4) }));
  const made = await Promise.all(films.map((a) => { const seat = batcher.enter(); return sampled(a, seat.step).finally(() => { seat[Symbol.dispose](); }); }));
  expect(await changed(films.map((a, i) => [a, made[i]!]))).toEqual([]);
  expect(batcher.counts.layouts).toBeLessThanOrEqual(6);                                          // each with and without the unguided branch
});
