/**
 * @file What a student of few steps is trained towards: one Euler step over a segment of σ ends where the teacher's steps end.
 * Progressive distillation (Salimans & Ho 2022, algorithm 2, arXiv:2202.00512v2) with guidance folded into the teacher's velocity (Meng et al. 2023,
 * section 3, arXiv:2210.03142v3), on fixed segments (Yan et al. 2024, PeRFlow, section 3, arXiv:2405.07510). Linear path only. Knows no network.
 */
import { InputError } from '../core/errors.ts';
import { checkLengths, frameSpans, type FrameLayout } from './frames.ts';
import { convertPrediction, type PredictionName } from './prediction.ts';
import type { SampleOptions, Sampler } from './samplers/contract.ts';

/** Of a teacher's σ rows `[steps + 1][frames]` those where equally long segments begin and end: `[segments + 1][frames]`. Throws an InputError when steps do not divide. */
export function segmentRows(sigmas: readonly Float32Array[], segments: number): Float32Array[] {
  const steps = sigmas.length - 1, each = steps / segments;
  if (!Number.isInteger(segments) || segments < 1 || !Number.isInteger(each) || each < 1) {
    throw new InputError(`${steps} steps of the teacher do not divide into ${segments} segments of whole steps`);
  }
  return sigmas.filter((_, row) => row % each === 0);
}

/**
 * The teacher's states z where its segments begin and end, `[segments + 1]` arrays of the pack's values: the first is `o.noise`, the last the film.
 * `o.velocity` is guided already. Throws an InputError when the steps do not divide, or on another path than the linear.
 */
export async function trajectoryStates(teacher: Sampler, o: SampleOptions, segments: number): Promise<Float32Array[]> {
  if (o.path !== undefined && o.path !== 'linear') throw new InputError(`distillation needs the path linear, not ${o.path}: one Euler step is straight`);
  const each = (o.sigmas.length - 1) / (segmentRows(o.sigmas, segments).length - 1), states = [o.noise.slice()];
  await teacher.sample({ ...o, onStep: async (progress) => {
    if (progress.step % each === 0) states.push(progress.z.slice());
    await o.onStep?.(progress);
  } });
  return states;
}

/** Where a segment begins and ends, laid out as `pack`; σ has one entry per frame. */
export interface Segment {
  readonly start: Float32Array;
  readonly end: Float32Array;
  readonly sigma: Float32Array;
  /** At the segment's end. */
  readonly next: Float32Array;
  readonly pack: readonly FrameLayout[];
}

/** One segment's exercise for the student. */
export interface SegmentTarget {
  /** What the student shall predict at the segment's start, in its own prediction; 0 in frames that stand still. */
  readonly target: Float32Array;
  /** Of each frame: whether its σ falls, that is, whether `target` means anything there. */
  readonly moves: readonly boolean[];
}

/** The student's target: v = (z_end − z) / (σ_end − σ), converted. Segments may differ from frame to frame. */
export function segmentTarget({ start, end, sigma, next, pack }: Segment, prediction: PredictionName): SegmentTarget {
  const spans = frameSpans(pack), moves = spans.map((_, frame) => next[frame]! < sigma[frame]!), velocity = new Float32Array(start.length);
  checkLengths(spans, { start, end });
  for (const [frame, span] of spans.entries()) {
    if (!moves[frame]) continue;
    const h = next[frame]! - sigma[frame]!;
    for (let i = span.start; i < span.end; i++) velocity[i] = (end[i]! - start[i]!) / h;
  }
  const target = convertPrediction(velocity, { from: 'velocity', to: prediction, z: start, sigma, pack });
  for (const [frame, span] of spans.entries()) if (!moves[frame]) target.fill(0, span.start, span.end);
  return { target, moves };
}
