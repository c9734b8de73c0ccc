import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProgramCache } from '../backend/cache.ts';
import { ortBackend } from '../backend/ort/ort.ts';
import { writeFixture } from '../data/sprites/testing-fixture.ts';
import { frameSpans } from '../diffusion/frames.ts';
import { convertPrediction } from '../diffusion/prediction.ts';
import { euler } from '../diffusion/samplers/euler.ts';
import { GIVEN } from '../models/dit/pack-feeds.ts';
import { REGIONS, stage, type Walk } from '../models/dit/regions.ts';
import { latentFrames } from '../models/vae/config.ts';
import { encodeCaptions, filmVelocity } from '../pipeline/sampling/denoise.ts';
import { openModel, readModelFile, readModelWeights } from '../pipeline/model/model-store.ts';
import { openPipeline } from '../pipeline/pipeline.ts';
import { loadTokenizer } from '../pipeline/prompt/tokenizer.ts';
import { writeTinyModel } from '../../test/support/tiny-model.ts';
import type { DistillRunConfig } from './config.ts';
import { distillBank, exportStudent, teacherSampling, trainDistilled, type DistillRunOptions } from './distill.ts';
import { distillTask, turnOf } from './tasks/distill-task.ts';
import { planDistill } from './plan.ts';
import { openOwnStates } from './tasks/own-states.ts';
import { openTrajectories, packSigmas, packVelocity } from './tasks/trajectories.ts';

const size = { width: 64, height: 64 }, backend = ortBackend({ threads: 1 });
const CONFIG: DistillRunConfig = {
  kind: 'distill', seed: 0, segments: 2, rounds: 1, tokens: 1120, layouts: 1, packs: { train: 2, heldout: 1 },
  shapes: [
    { ...size, frames: 9, given: 0, share: 1 }, { ...size, frames: 9, given: 1, share: 1 },
    { ...size, frames: 1, given: 0, share: 1 }, { ...size, frames: 9, given: 0, ending: 5, share: 1 },
    { width: 96, height: 64, frames: 9, given: 0, deeds: 'pair', regions: 2, share: 1 },
  ],
  clips: { '1x64x64': 4, '9x64x64': 4, '9x64x64/5': 4, '9x96x64@pair': 4 }, dropCaption: 0, noisyCaption: 0, deedCaption: 0, prefix: 0.5,
  optim: { steps: 6, rate: 0.004, warmup: 2, decayShare: 0.5, weightDecay: 0, clip: 1, emaLimit: 0.9, beta2: 0.99, matrices: 'muon' },
  validateEvery: 1000, checkpointSeconds: 1e9, programs: 1,
};

let root: string, model: string;
const options = (name: string, o: Partial<DistillRunOptions> = {}): DistillRunOptions =>
  ({ backend, lpc: path.join(root, 'lpc'), cacheDir: path.join(root, 'cache'), dir: path.join(root, name), resume: false, model, ...o });
/** The teacher samples in four steps: two segments of two. */
const change = async (dir: string, what: object): Promise<void> => {
  const file = path.join(dir, 'model.json'), info = JSON.parse(await readFile(file, 'utf8')) as { sampling: object };
  await writeFile(file, JSON.stringify({ ...info, ...what, sampling: { ...info.sampling, ...('sampling' in what ? what.sampling as object : {}) } }));
};
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'kinora-distill-'));
  model = path.join(root, 'tiny');
  await writeFixture(path.join(root, 'lpc'));
  await writeTinyModel(model);
  await change(model, { sampling: { steps: 4, shift: 2 } });
  await trainDistilled({ ...CONFIG, optim: { ...CONFIG.optim, steps: 1 } }, options('first'));
}, 180_000);
afterAll(() => rm(root, { recursive: true, force: true }));

const validations = async (name: string): Promise<Record<string, number>[]> => (await readFile(path.join(root, name, 'metrics.jsonl'), 'utf8')).trim().split('\n')
  .map((line) => JSON.parse(line) as Record<string, number> & { event?: string }).filter((entry) => entry['event'] === 'validation');

/** The first run's trajectories, as they lie there. */
const kept = async (name = 'first') => {
  const { info } = await openModel(model), bank = distillBank(CONFIG, 1), tokenizer = await loadTokenizer(model, { length: info.text.config.length });
  const student = { backend, config: info.dit.config, text: info.text.config, tokenizer, prediction: info.dit.prediction }, dir = path.join(root, name, 'trajectories');
  const identity = /"identity":"(\w+)"/.exec(await readFile(path.join(dir, 'train-0000.safetensors'), 'latin1'))![1]!;
  const never = { sample: () => { throw new Error('made again'); } };
  const teacher = { ...student, weights: {}, sampling: teacherSampling(info, CONFIG) }, { seed, segments, packs } = CONFIG;
  return openTrajectories({ teacher, makers: { train: never, heldout: never }, bank, seed, segments, packs, dir, identity });
};

/** Root of the squared difference's sum over the square's. */
function relativeRms(got: Float32Array, want: Float32Array): number {
  let off = 0, all = 0;
  for (const [i, value] of want.entries()) { off += (got[i]! - value) ** 2; all += value ** 2; }
  return Math.sqrt(off / all);
}

/** Where two stand, off what the first row of tokens hears. */
function standing(hears: readonly number[], width: number): readonly [Walk, Walk] {
  const heard = (staging: readonly [Walk, Walk], region: number): number[] =>
    Array.from(stage({ staging, progress: [0], height: 1, width, side: 8 }).hears).filter((_, i) => i % REGIONS === region);
  const at = (region: number): Walk => {
    const own = hears.slice(0, width * REGIONS).filter((_, i) => i % REGIONS === region);
    const middle = Array.from({ length: width + 1 }, (_, i) => 8 * i).find((x) => heard([{ from: x, to: x }, { from: x, to: x }], region).join('') === own.join(''))!;
    return { from: middle, to: middle };
  };
  return [at(0), at(1)];
}

test('each film of a pack is the one that the pipeline makes alone from its noise, caption and given frames', async () => {
  const teacher = await openModel(model), { info } = teacher, { samples, bank, pack, states, sigmas } = await (await kept()).read('train', 0);
  const tokenizer = await loadTokenizer(model, { length: info.text.config.length }), spans = frameSpans(pack), rows = packSigmas({ bank, samples }, 4, 2);
  using programs = new ProgramCache(8);
  const rt = {
    backend, programs, config: info.dit.config, text: info.text.config, prediction: info.dit.prediction, weights: await readModelWeights(teacher, 'dit.safetensors'),
  };
  expect(sigmas).toEqual(rows.filter((_, row) => row % 2 === 0));
  expect(new Set(bank.samples)).toEqual(new Set(CONFIG.shapes));
  for (const [i, sample] of samples.entries()) {
    const own = spans.flatMap((span, frame) => (span.sample === i ? [{ ...span, frame }] : [])), frames = latentFrames(bank.samples[i]!.frames), film = own.slice(0, frames);
    const of = (state: Float32Array, from: number, to: number): Float32Array => state.slice(own[from]!.start, own[to - 1]!.end);
    const beside = own.slice(frames).map((_, j) => ({ time: sample.times[frames + j]!, tokens: of(states[0]!, frames + j, frames + j + 1) }));
    const beginning = sample.kinds.slice(0, frames).filter((kind) => kind === GIVEN).length;
    const { width, regions, given } = bank.samples[i]!, context = beside.slice(0, given), ending = beside.slice(given);
    const apart = regions && { staging: standing(sample.hears!, width / 8), start: 0, frames: 9 };
    expect(sample.captions).toHaveLength(regions ?? 1);
    const text = await encodeCaptions(rt, sample.captions.map((caption) => tokenizer.encode(caption)), tokenizer.encode(''));
    const velocity = filmVelocity(rt, { frames, height: 8, width: width / 8, context, beginning, ending, regions: apart }, text, { scale: 3, interval: [0, 0.9], rescale: 0.2 });
    const levels = rows.map((row) => Float32Array.from(film, (s) => row[s.frame]!));
    const z = await euler.sample({ velocity, noise: of(states[0]!, 0, frames), pack: [{ frames, perFrame: pack[i]!.perFrame }], sigmas: levels });
    const kept = of(states.at(-1)!, 0, frames), far = z.reduce((most, x, j) => Math.max(most, Math.abs(x - kept[j]!) / (1 + Math.abs(x))), 0);
    expect(far).toBeLessThan(5e-3);                              // the noise was rounded to half precision, and so were the ends
    expect(z.some((x, j) => Math.abs(x - states[0]![own[0]!.start + j]!) > 0.1)).toBe(true);
  }
});

test('what is there of trajectories is gone on with; those of another teacher or configuration are refused', async () => {
  const dir = path.join(root, 'first', 'trajectories'), again = path.join(dir, 'train-0001.safetensors'), bytes = await readFile(again);
  const before = await stat(path.join(dir, 'train-0000.safetensors'));
  expect(await readdir(dir)).toEqual(['heldout-0000.safetensors', 'train-0000.safetensors', 'train-0001.safetensors']);
  await rm(again);
  await writeFile(`${again}.1234.tmp`, 'cut off');
  await trainDistilled({ ...CONFIG, optim: { ...CONFIG.optim, steps: 1 } }, options('first', { resume: true }));
  expect([await readFile(again), await readdir(dir)]).toEqual([bytes, ['heldout-0000.safetensors', 'train-0000.safetensors', 'train-0001.safetensors']]);
  expect((await stat(path.join(dir, 'train-0000.safetensors'))).mtimeMs).toBe(before.mtimeMs);
  await expect(trainDistilled({ ...CONFIG, deedCaption: 0.1 }, options('first', { resume: true }))).rejects.toThrow('holds trajectories of another teacher or configuration');
  await change(model, { sampling: { guidance: 2 } });
  await expect(trainDistilled(CONFIG, options('first', { resume: true }))).rejects.toThrow('holds trajectories of another teacher or configuration');
  await change(model, { sampling: { guidance: 3 } });
  const signal = AbortSignal.abort();
  await expect(trainDistilled(CONFIG, options('stopped', { signal }))).rejects.toThrow('stopped after 0 of 3 packs of trajectories');
}, 180_000);

test('each film is at each of its segments once an epoch, in another order each', () => {
  const of = { segments: 4, packs: { train: 3, heldout: 1 } }, epoch = (n: number) => Array.from({ length: 12 }, (_, i) => turnOf(1, of, 12 * n + i));
  const names = (turns: ReturnType<typeof epoch>): string[] => turns.map(({ pack, segment }) => `${pack}/${segment}`);
  expect(new Set(names(epoch(0))).size).toBe(12);
  expect(names(epoch(1)).toSorted()).toEqual(names(epoch(0)).toSorted());
  expect(names(epoch(1))).not.toEqual(names(epoch(0)));
});

test('a run resumed after an abort equals one that was not interrupted, and the student comes nearer to held-out films of its teacher', async () => {
  const stop = new AbortController(), onStep = ({ step }: { step: number }): void => { if (step === 2) stop.abort(); };
  const whole = await trainDistilled(CONFIG, options('whole'));
  await expect(trainDistilled(CONFIG, options('halves', { signal: stop.signal, onStep }))).rejects.toThrow('stopped after step 3');
  expect((await readFile(await trainDistilled(CONFIG, options('halves', { resume: true })))).equals(await readFile(whole))).toBe(true);
  await trainDistilled({ ...CONFIG, optim: { ...CONFIG.optim, steps: 24, rate: 0.01 } }, options('longer'));
  const [first] = await validations('first'), last = (await validations('longer')).at(-1)!;
  expect(Object.keys(first!)).toEqual(expect.arrayContaining(['end', 'end/9x64x64', 'end/9x64x64+1', 'end/1x64x64', 'end/9x64x64/5', 'end/9x96x64@pair', 'loss/1', 'loss/2']));
  expect(last['end']).toBeLessThan(0.8 * first!['end']!);
}, 300_000);

test('later rounds start half of the films where the student itself gets to, and lead them where the teacher goes from there', async () => {
  const trajectories = await kept(), { info } = await openModel(model), weights = await readModelWeights(await openModel(model), 'dit.safetensors');
  const tokenizer = await loadTokenizer(model, { length: info.text.config.length }), dir = path.join(root, 'own');
  const student = { backend, config: info.dit.config, text: info.text.config, tokenizer, prediction: info.dit.prediction };
  const sampling = { sampler: 'euler', steps: 4, shift: 2, guidance: { scale: 1 } } as const, teacher = { ...student, weights, sampling };
  const open = (identity: string, signal?: AbortSignal) => openOwnStates({ student, teacher, weights, trajectories, dir, identity, ...(signal ? { signal } : {}) });
  await expect(open('a', AbortSignal.abort())).rejects.toThrow("stopped after 0 of 2 packs of a student's states");
  const own = await open('a'), { starts: [noise, reached], ends } = await own(1), of = await trajectories.read('train', 1), { states, sigmas, pack } = of;
  await expect(open('b')).rejects.toThrow("holds a student's states of another teacher or configuration");
  using programs = new ProgramCache(1);
  const velocity = await packVelocity(student, programs, of, weights)(states[0]!, sigmas[0]!), spans = frameSpans(pack);
  expect(noise).toEqual(states[0]);
  let far = 0, moved = 0;
  for (const [frame, { start, end }] of spans.entries()) for (let i = start; i < end; i++) {
    far = Math.max(far, Math.abs(reached![i]! - (states[0]![i]! + (sigmas[1]![frame]! - sigmas[0]![frame]!) * velocity[i]!)) / (1 + Math.abs(reached![i]!)));
    moved = Math.max(moved, Math.abs(reached![i]! - states[1]![i]!));
  }
  expect(far).toBeLessThan(2e-3);                                // half precision
  expect(moved).toBeGreaterThan(0.01);                            // not the teacher's: that is guided, and takes two steps

  expect(ends[0]).toEqual(states[1]);                             // the noise is the teacher's own start
  const rows = packSigmas(of, 4, 2), going = reached!.slice();    // two steps of a teacher without guidance, by hand
  for (const step of [2, 3]) {
    const v = await packVelocity(student, programs, of, weights)(going, rows[step]!);
    for (const [frame, { start, end }] of spans.entries()) for (let i = start; i < end; i++) going[i]! += (rows[step + 1]![frame]! - rows[step]![frame]!) * v[i]!;
  }
  expect(relativeRms(ends[1]!, going)).toBeLessThan(2e-3);
  expect(relativeRms(ends[1]!, states[2]!)).toBeGreaterThan(0.01);

  const parts = { student, tower: {}, trajectories, bank: distillBank(CONFIG, 1), seed: 3 }, plain = distillTask(parts), mine = distillTask({ ...parts, own });
  const films = { own: 0, its: 0, noise: 0 };
  for (let step = 0; step < 8; step++) {
    const [a, b] = [(await plain.batch(step)).feeds, (await mine.batch(step)).feeds] as Record<string, Float32Array>[], turn = turnOf(3, trajectories, step);
    expect([b!['sigma'], b!['weight']]).toEqual([a!['sigma'], a!['weight']]);
    const at = await trajectories.read('train', turn.pack), drawn = await own(turn.pack), z = b!['tokens']!, layout = frameSpans(at.pack);
    const segment = layout.map(({ sample }) => (turn.segment + sample) % 2), sigma = Float32Array.from(segment, (s, frame) => at.sigmas[s]![frame]!);
    const v = convertPrediction(b!['target']!, { from: info.dit.prediction, to: 'velocity', z, sigma, pack: at.pack });
    for (const [film, { kinds }] of at.samples.entries()) {
      const frame = layout.findIndex(({ sample }, i) => sample === film && kinds[i - layout.findIndex((l) => l.sample === film)] !== GIVEN), { start, end } = layout[frame]!;
      const h = at.sigmas[segment[frame]! + 1]![frame]! - sigma[frame]!, led = z.slice(start, end).map((value, i) => value + h * v[start + i]!);
      const part = (values: Float32Array): Float32Array => values.subarray(start, end), from = part(z).join();
      const isOwn = from === part(drawn.starts[segment[frame]!]!).join(), kind = segment[frame] === 0 ? 'noise' : isOwn ? 'own' : 'its';
      const target = kind === 'own' ? drawn.ends[1]! : at.states[segment[frame]! + 1]!;
      expect(relativeRms(led, part(target)), `${kind} of step ${step}`).toBeLessThan(1e-4);
      expect(isOwn || from === part(at.states[segment[frame]!]!).join()).toBe(true);
      films[kind]++;
    }
  }
  expect(Math.min(films.own, films.its)).toBeGreaterThan(4);      // half of those at the second segment each; at the first all start from noise
}, 120_000);

test('a run of two rounds goes on from either, to the same weights as one that was not interrupted', async () => {
  const config = { ...CONFIG, rounds: 2, optim: { ...CONFIG.optim, steps: 2 } }, file = await trainDistilled(config, options('two'));
  expect(await readdir(path.join(root, 'two', 'round-2', 'states'))).toEqual(['train-0000.safetensors', 'train-0001.safetensors']);
  const one = await readFile(await trainDistilled({ ...config, rounds: 1 }, options('two again')));
  const stop = new AbortController(), onStep = ({ step }: { step: number }): void => { if (step === 0) stop.abort(); };
  await expect(trainDistilled(config, options('two again', { resume: true, signal: stop.signal, onStep }))).rejects.toThrow('stopped after step 1');
  const both = await readFile(await trainDistilled(config, options('two again', { resume: true })));
  expect(both.equals(await readFile(file))).toBe(true);
  expect(both.equals(one)).toBe(false);
}, 180_000);

test('the exported student makes a film in its steps from its teacher\'s files, and refuses what was folded in', async () => {
  const out = path.join(root, 'tiny-turbo'), card = path.join(model, 'README.md');
  const student = await exportStudent({ run: path.join(root, 'first'), base: model, out, id: 'tiny-turbo', version: '1', card });
  expect(await readdir(out)).toEqual(['README.md', 'dit.safetensors', 'model.json']);
  expect(student.info).toMatchObject({
    sampling: { sampler: 'euler', steps: 2, guidance: 1, shift: 2 }, distilled: { teacher: 'tiny', guidance: 3 }, files: { 'vae.safetensors': { from: 'tiny' } },
  });
  using pipeline = await openPipeline({ model: out, threads: 1 });
  for await (const film of pipeline.films({ prompt: 'a man walks', seed: 1, frames: 5 })) expect([film.steps, film.frames, film.film!.count]).toEqual([2, 5, 5]);
  const ask = (o: object) => pipeline.films({ prompt: 'a man walks', ...o }).next();
  await expect(ask({ guidance: 3 })).rejects.toThrow('guidance 3 is not possible: tiny-turbo has that of its teacher, 3, in it, wanted 1; another needs the model tiny');
  await expect(ask({ negative: 'a hat' })).rejects.toThrow('cannot be told to tiny-turbo, which samples without guidance; use the model tiny');
  await expect(trainDistilled(CONFIG, options('second', { model: out }))).rejects.toThrow('tiny-turbo is a student of few steps itself; its teacher is tiny');

  const exported = { run: path.join(root, 'first'), base: model, out: path.join(root, 'tiny'), id: 'tiny', version: '1' };
  await expect(exportStudent(exported)).rejects.toThrow('cannot be called tiny as its teacher is');
  await expect(exportStudent({ ...exported, run: model })).rejects.toThrow("is not the end of a student's run");
  await writeTinyModel(path.join(root, 'other'));
  await change(path.join(root, 'other'), { files: { ...(await openModel(model)).info.files, 'dit.safetensors': { sha256: 'a'.repeat(64), bytes: 1 } } });
  await expect(exportStudent({ ...exported, base: path.join(root, 'other') })).rejects.toThrow('is the student of tiny, whose transformer is not that of');
  await writeFile(path.join(model, 'words.json'), '{}');
  await expect(readModelFile(student, 'words.json')).rejects.toThrow('model.json says');
});

test('a plan counts the teacher too; steps that do not divide are refused', async () => {
  const { info } = await openModel(model), plan = planDistill(CONFIG, info), none = planDistill({ ...CONFIG, packs: { train: 200, heldout: 1 } }, info);
  expect(plan.data).toMatch(/^2 \+ 1 packs of trajectories, 0\.00 GB on disk, made first in about 0\.00 h; 1\.5 epochs$/);
  expect(none.hours).toBeGreaterThan(20 * plan.hours);
  expect(planDistill({ ...CONFIG, rounds: 2 }, info).hours).toBeGreaterThan(1.5 * plan.hours);
  expect(() => planDistill({ ...CONFIG, segments: 3 }, info)).toThrow('4 steps of the teacher tiny do not divide into 3 segments of whole steps');
  expect(() => planDistill({ ...CONFIG, segments: 3, teacherSteps: 6 }, info)).not.toThrow();
  expect(teacherSampling(info, { segments: 3, teacherSteps: 6 })).toMatchObject({ steps: 6, shift: 2 });
});
