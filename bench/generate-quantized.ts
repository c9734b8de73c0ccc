/**
 * @file What quantization buys and costs, on the default film: the same films with and without it, in turns from one warm pipeline, a seed a round. Reports each
 * side's milliseconds and GFLOP by phase, the ratio of their sampling in the same round, and how near the films are, as decoded (all colours, nothing stilled)
 * and as delivered, both at native size.
 */
import { psnr } from '../src/media/metrics.ts';
import { QUANTIZATIONS, type Quantization } from '../src/models/dit/config.ts';
import type { FilmOptions } from '../src/pipeline/settings/film-options.ts';
import type { GeneratedFilm, Pipeline } from '../src/pipeline/pipeline.ts';
import { filmSettings } from '../src/pipeline/settings/settings.ts';
import type { BenchCase } from './contract.ts';
import { filmFlops } from './film-flops.ts';
import { median } from './interleave.ts';

/** What {@link compareQuantized} compares. */
export interface CompareQuantizedOptions {
  readonly pipeline: Pipeline;
  /** The film, its first seed included. */
  readonly film: Omit<FilmOptions, 'seed' | 'quantize'> & { readonly seed: number };
  readonly quantize: Exclude<Quantization, 'none'>;
  readonly rounds: number;
  readonly log: (line: string) => void;
}

/** How the films of a round differ but for quantization. */
const KINDS = { delivered: {}, decoded: { palette: 0, steady: 0 } } as const;
type Kind = keyof typeof KINDS;

/** A row a side. `sample_ratio` and its range: sampling without ÷ with, in the same round. */
export async function compareQuantized({ pipeline, film, quantize, rounds, log }: CompareQuantizedOptions): Promise<BenchCase[]> {
  const pair = [QUANTIZATIONS[0], quantize] as const, empty = (): Record<Kind, GeneratedFilm[]> => ({ delivered: [], decoded: [] });
  const sides: Record<Quantization, ReturnType<typeof empty>> = { none: empty(), int8: empty() };
  const make = async (o: FilmOptions): Promise<GeneratedFilm> => {
    for await (const made of pipeline.films({ ...film, scale: 1, ...o })) return made;
    throw new RangeError('no film was made');
  };
  for (let round = -1; round < rounds; round++) {
    for (const kind of ['delivered', 'decoded'] as const) for (const side of (round % 2 === 0) === (kind === 'delivered') ? pair : pair.toReversed()) {
      const made = await make({ ...film, seed: film.seed + Math.max(0, round), quantize: side, ...KINDS[kind] });
      if (round >= 0) sides[side][kind].push(made);
    }
    if (round >= 0) log(`round ${round + 1} of ${rounds}: sampling ${pair.map((side) => `${side} ${sides[side].delivered.at(-1)!.ms.sample.toFixed(0)} ms`).join(', ')}`);
  }
  const sampled = (side: Quantization): number[] => [...sides[side].delivered, ...sides[side].decoded].map(({ ms }) => ms.sample);
  const [none, other] = [sampled('none'), sampled(quantize)], ratios = none.map((ms, i) => ms / other[i]!);
  const near = (kind: Kind): number[] => sides.none[kind].map(({ film: whole }, i) => psnr(whole!, sides[quantize][kind][i]!.film!));
  return Promise.all(pair.map(async (side) => {
    const { text, sample, sampleInt8, decode } = await filmFlops(filmSettings({ ...film, quantize: side }, pipeline.model.info, film.seed), pipeline.model.info);
    const phase = (name: keyof GeneratedFilm['ms']): number => median(sides[side].delivered.map(({ ms }) => ms[name]));
    return {
      quantize: side, text: phase('text'), sample: median(sampled(side)), decode: phase('decode'), encode: phase('encode'),
      text_gflop: text, sample_gflop: sample, sample_int8_gflop: sampleInt8, decode_gflop: decode, sample_gflops: sample / median(sampled(side)) * 1000,
      ...(side === 'none' ? {} : {
        sample_ratio: median(ratios), ratio_low: Math.min(...ratios), ratio_high: Math.max(...ratios),
        psnr_decoded: median(near('decoded')), psnr_decoded_low: Math.min(...near('decoded')), psnr_delivered: median(near('delivered')),
      }), rounds,
    };
  }));
}
