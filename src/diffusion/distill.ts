/**
 * @file What a student of few steps is trained towards: one Euler step over a segment of σ ends where the teacher's steps end.
 * Progressive distillation (Salimans & Ho 2022, algorithm 2, arXiv:2202.00512v2) with guidance folded into the teacher's velocity (Meng et al. 2023,
 * section 3, arXiv:2210.03142v3), on fixed segments (Yan et al. 2024, PeRFlow, section 3, arXiv:2405.07510). Linear path only. Knows no network.
 */
import { InputError } from '../core/errors.ts';
import { frameSpans } from './frames.ts';
import { convertPrediction, type PredictionName } from './prediction.ts';
import type { SampleOptions, Sampler } from './samplers/contract.ts';

/** One segment's exercise for the student. */
export interface SegmentTarget {
  /** z where the teacher's last step ends: the next segment's start. */
  readonly end: Float32Array;
  /** What the student shall predict at the segment's start, in its own prediction; 0 in frames that stand still. */
  readonly target: Float32Array;
  /** Of each frame: whether its σ falls, that is, whether `target` means anything there. */
  readonly moves: readonly boolean[];
}

/** Cuts a teacher's σ rows `[steps + 1][frames]` into `segments` of equally many steps; neighbours share a row. Throws an InputError when they do not divide. */
export function segmentRows(sigmas: readonly Float32Array[], segments: number): Float32Array[][] {
  const steps = sigmas.length - 1, each = steps / segments;
  if (!Number.isInteger(segments) || segments < 1 || !Number.isInteger(each) || each < 1) {
    throw new InputError(`${steps} steps of the teacher do not divide into ${segments} segments of whole steps`);
  }
  return Array.from({ length: segments }, (_, i) => sigmas.slice(i * each, (i + 1) * each + 1));
}

/** Runs the teacher over one segment (`o.noise` is z at its start, `o.velocity` guided already) and gives the student's target: v = (z_end − z) / (σ_end − σ), converted. */
export async function segmentTarget(teacher: Sampler, o: SampleOptions, prediction: PredictionName): Promise<SegmentTarget> {
  if (o.path !== undefined && o.path !== 'linear') throw new InputError(`distillation needs the path linear, not ${o.path}: one Euler step is straight`);
  const end = await teacher.sample(o), spans = frameSpans(o.pack), sigma = o.sigmas[0]!, last = o.sigmas.at(-1)!;
  const moves = spans.map((_, frame) => last[frame]! < sigma[frame]!);
  const velocity = new Float32Array(end.length);
  for (const [frame, span] of spans.entries()) {
    if (!moves[frame]) continue;
    const h = last[frame]! - sigma[frame]!;
    for (let i = span.start; i < span.end; i++) velocity[i] = (end[i]! - o.noise[i]!) / h;
  }
  const target = convertPrediction(velocity, { from: 'velocity', to: prediction, z: o.noise, sigma, pack: o.pack });
  for (const [frame, span] of spans.entries()) if (!moves[frame]) target.fill(0, span.start, span.end);
  return { end, target, moves };
}
