/**
 * @file Films for several clients, each of which asks for its next film when it has one: those that are made at a time and share denoising steps, beside one by one, in turns.
 * What a worker does is done, from words to the files that are downloaded, without database and HTTP. Throughput, p50 and p95 of a film's time, and where the time goes:
 * `matmul`, programs of the transformer; `decode`, frames of latents; `deliver`, enlarging and encoding (beside the rest where films are made at a time); `dispatch`, the rest.
 * Flags: --clients=1,4,8,16  --films=N of each client (default 2)  --places=N films at a time (default 4)  --rounds=N (default 3)  --size=WxH and --seconds=N as delivered
 * (default 512x512, 2)  --model=ID|DIR.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integer } from '../src/cli/options.ts';
import { InputError, oneOf } from '../src/core/errors.ts';
import { readFilm } from '../src/media/read.ts';
import { openPipeline, type Pipeline } from '../src/pipeline/pipeline.ts';
import { deliverFilm } from '../src/server/workers/deliver.ts';
import { Delivery } from '../src/server/workers/delivery.ts';
import { interleave, median } from './interleave.ts';
import type { Bench, BenchCase } from './contract.ts';

const FLAGS = ['clients', 'films', 'places', 'rounds', 'size', 'seconds', 'model'] as const;
/** Films a second against one by one, with eight clients on two cores. */
const WANTED = { ratio: 1.3, clients: 8 } as const;
const PROMPTS = ['a woman with long red hair walks to the left', 'a knight walks to the right', 'a skeleton casts a spell', 'a man in a blue shirt shoots an arrow'];

/** What one side did in its rounds, milliseconds. */
interface Done { elapsed: number; matmul: number; decode: number; deliver: number; films: number; packs: number; steps: number; readonly each: number[] }
interface Way { readonly pipeline: Pipeline; readonly delivery: Delivery | null; readonly done: Done }

const nothing = (): Done => ({ elapsed: 0, matmul: 0, decode: 0, deliver: 0, films: 0, packs: 0, steps: 0, each: [] });
const percentile = (list: readonly number[], p: number): number => list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(p * list.length))] ?? Number.NaN;

/** The bench. */
export const bench: Bench = {
  summary: 'films for 1, 4, 8, 16 clients: sharing denoising steps beside one by one',
  async run({ seed, threads, flags, log }) {
    for (const flag of Object.keys(flags)) oneOf('flag', flag, FLAGS);
    const number = (flag: (typeof FLAGS)[number], fallback: number): number => integer(`--${flag}`, { min: 1 })(String(flags[flag] ?? fallback));
    const counts = String(flags['clients'] ?? '1,4,8,16').split(',').map(integer('--clients', { min: 1, max: 256 }));
    const places = number('places', 4), rounds = number('rounds', 3), perClient = number('films', 2), seconds = number('seconds', 2);
    const [width, height] = String(flags['size'] ?? '512x512').split('x').map(integer('--size', { min: 16, max: 4096 })) as [number, number];
    if (height === undefined) throw new InputError(`--size "${String(flags['size'])}" is not possible: wanted WIDTHxHEIGHT`);
    const model = flags['model'] === undefined ? {} : { model: String(flags['model']) }, dir = await mkdtemp(join(tmpdir(), 'kinora-bench-'));
    let made = 0;

    /** Makes and delivers one film. */
    const film = async ({ pipeline, delivery, done }: Way, client: number): Promise<void> => {
      const n = made++, folder = join(dir, String(n)), output = join(dir, `${n}.png`), started = performance.now(), { signal } = new AbortController();
      await mkdir(folder);
      for await (const { ms, fps } of pipeline.films({ prompt: PROMPTS[client % PROMPTS.length]!, seed: seed + n, scale: 1, output })) {
        const delivering = performance.now(), deliver = { width, height, frames: Math.round(seconds * fps), fps };
        if (delivery) await delivery.deliver({ native: output, deliver, folder }, { signal }); else await deliverFilm({ native: await readFilm(output), deliver, folder });
        done.decode += ms.decode;
        done.deliver += performance.now() - delivering;
      }
      done.films++;
      done.each.push(performance.now() - started);
      await rm(folder, { recursive: true });
    };
    /** All films of so many clients. One by one they wait for each other, and a film's time is counted from when it was asked for. */
    const serve = async (way: Way, clients: number, turns: { last: Promise<void> } | null): Promise<void> => {
      const { pipeline, done } = way, before = pipeline.steps, started = performance.now();
      await Promise.all(Array.from({ length: clients }, async (_, client) => {
        for (let i = 0; i < perClient; i++) {
          if (!turns) { await film(way, client); continue; }
          const asked = performance.now();
          turns.last = turns.last.then(async () => { await film(way, client); done.each[done.each.length - 1] = performance.now() - asked; });
          await turns.last;
        }
      }));
      const { packs, steps, ms } = pipeline.steps;
      done.elapsed += performance.now() - started; done.matmul += ms - before.ms; done.packs += packs - before.packs; done.steps += steps - before.steps;
    };
    const row = (side: string, clients: number, { elapsed, matmul, decode, deliver, films, packs, steps, each }: Done, beside: boolean): BenchCase => ({
      side, clients, films_per_minute: films / elapsed * 60_000, p50_ms: median(each), p95_ms: percentile(each, 0.95), matmul: matmul / elapsed, decode: decode / elapsed,
      deliver: deliver / elapsed, dispatch: beside ? null : (elapsed - matmul - decode - deliver) / elapsed, steps_per_pack: steps / packs, films,
    });
    try {
      using one = await openPipeline({ threads, ...model });
      using many = await openPipeline({ threads, places, ...model });
      using delivery = new Delivery();
      const cases: BenchCase[] = [];
      for (const clients of counts) {
        const a: Way = { pipeline: many, delivery, done: nothing() }, b: Way = { pipeline: one, delivery: null, done: nothing() };
        let round = 0;
        const fresh = (way: Way): void => { if (round++ < 4) Object.assign(way.done, nothing()); };      // both sides anew with the first round that counts
        const found = await interleave(() => { fresh(a); return serve(a, clients, null); }, () => { fresh(b); return serve(b, clients, { last: Promise.resolve() }); }, { rounds });
        cases.push({ ...row('at a time', clients, a.done, true), ratio: found.ratio }, { ...row('one by one', clients, b.done, false), ratio: 1 });
        log(`${clients} clients: ${found.ratio.toFixed(2)} times as many films (${found.ratioRange.map((r) => r.toFixed(2)).join(' … ')}), ${many.steps.layouts} joint layouts`);
      }
      const at8 = cases.find(({ side, clients }) => side === 'at a time' && clients === WANTED.clients)?.['ratio'] ?? null;
      return {
        config: { model: many.model.info.id, counts, perClient, places, rounds, width, height, seconds, threads, weights: many.model.info.files }, cases,
        extra: { wanted: WANTED, ratio_at_8: at8, layouts: many.steps.layouts },
      };
    } finally { await rm(dir, { recursive: true, force: true }); }
  },
};
