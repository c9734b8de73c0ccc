/**
 * @file One part of a shot: measured, refused with a reason, or made into a clip. Pure but for the index of near-duplicates that it is handed.
 * The order is that of {@link STAGES}, cheapest first; the first stage that refuses is the one that is told.
 */
import { concatFrames, type Frames } from '../../media/frames.ts';
import type { Luma } from '../../media/film-stream.ts';
import { clipLength, type ClipSize, fitClip, nativeShape } from './clips.ts';
import { clipHash, type DuplicateIndex } from './duplicates.ts';
import { activeArea, cropPlanes, measureShot, refuseShot, SHOT_FILTERS, type ShotMeasures } from './filters.ts';
import { cameraStep, clipMotion, type ClipMotion } from './motion.ts';
import { type Area, whole } from './plane.ts';
import type { Sample, Segment } from './segments.ts';
import type { Refusal, Stage } from './stages.ts';

/** Options of {@link judge}. */
export interface JudgeOptions {
  readonly fps: number;
  readonly minFrames: number;
  readonly maxFrames: number;
  /** Most pixels of a clip's frame. */
  readonly area: number;
  readonly skip: ReadonlySet<Stage>;
  /** A still image: one frame is enough, and movement is not asked for. */
  readonly image: boolean;
  /** Clips that were kept before, and the shot that this part is of. */
  readonly index: DuplicateIndex;
  readonly scene: string;
}

/** A refusal, with the picture that it is about. */
export interface Refused { readonly stage: Refusal; readonly reason: string; readonly picture: Frames | undefined }
/** A clip, and what was measured of it; `motion` is null where it was not measured. */
export interface Judged { readonly clip: Frames; readonly hash: string; readonly measures: ShotMeasures; readonly motion: ClipMotion | null }

/** The area of a plane in pixels of a picture of the same frame: inwards to whole pixels, so that no bar is left. */
function scaled(area: Area, from: Luma, to: Frames): Area {
  const kx = to.width / from.width, ky = to.height / from.height, x = Math.ceil(area.x * kx), y = Math.ceil(area.y * ky);
  return { x, y, width: Math.floor((area.x + area.width) * kx) - x, height: Math.floor((area.y + area.height) * ky) - y };
}

/** Judges a part of a shot. */
export function judge(segment: Segment, o: JudgeOptions): Refused | Judged {
  const { samples, planes } = segment, shown = samples[samples.length >> 1], picture = shown?.fitted ?? shown?.picture;
  const on = (stage: Stage): boolean => !o.skip.has(stage);
  const refused = (stage: Refusal, reason: string): Refused => ({ stage, reason, picture });
  const length = clipLength(samples.length, o.maxFrames), least = o.image ? 1 : o.minFrames;
  if (length < least) return refused('short', `${samples.length} frames at ${o.fps} a second${segment.part > 0 ? ' are left of the shot' : ''}, wanted ${least}`);
  const plane = planes[0]!, area = on('bars') ? activeArea([...planes, ...samples.map((s) => s.luma)]) : whole(plane);        // planes may be thinned
  const measures = measureShot(cropPlanes(planes, area));
  for (const filter of SHOT_FILTERS) {
    if (!on(filter) || (o.image && (filter === 'still' || filter === 'flicker'))) continue;
    const reason = refuseShot(measures, filter);
    if (reason !== undefined) return refused(filter, reason);
  }
  const taken = samples.slice(0, length), clip = clipOf(taken, area, plane, o);
  if ('small' in clip) return refused('small', `${clip.small.width}×${clip.small.height} pixels, wanted 8 a side`);
  const lumas = cropPlanes(taken.map((s) => s.luma), area), hash = clipHash(lumas), twin = on('duplicates') ? o.index.find(hash, o.scene) : undefined;
  if (twin !== undefined) return refused('duplicates', `resembles ${twin}`);
  const motion = on('motion') && !o.image ? clipMotion(lumas.slice(1).map((l, i) => cameraStep(lumas[i]!, l)), o.fps) : null;
  return { clip: clip.make(), hash, measures, motion };
}

/** How a clip is made of what is kept in `area` of the `plane`: of fitted frames where that is all of it, else out of the pictures. Or the box that is too `small`. */
function clipOf(samples: readonly Sample[], area: Area, plane: Luma, { area: most, fps }: JudgeOptions): { readonly make: () => Frames } | { readonly small: ClipSize } {
  const fitted = area.width === plane.width && area.height === plane.height ? samples.flatMap((s) => s.fitted ?? []) : [];
  if (fitted.length === samples.length) return { make: () => ({ ...concatFrames(fitted), fps }) };
  const pictures = samples.map((s) => s.picture!);                // there is one where bars were found (fillsFrame), or nothing is fitted
  const box = scaled(area, plane, pictures[0]!), size = nativeShape(box, most);
  return size ? { make: () => fitClip(pictures, box, size, fps) } : { small: box };
}
