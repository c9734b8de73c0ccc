/**
 * @file One part of a shot: measured, refused with a reason, or made into a clip. Pure but for the index of near-duplicates that it is handed.
 * The order is that of {@link STAGES}, cheapest first; the first stage that refuses is the one that is told.
 */
import type { Frames } from '../../media/frames.ts';
import type { Luma } from '../../media/film-stream.ts';
import { clipLength, fitClip, nativeShape } from './clips.ts';
import { clipHash, type DuplicateIndex } from './duplicates.ts';
import { activeArea, cropPlanes, measureShot, refuseShot, SHOT_FILTERS, type ShotMeasures } from './filters.ts';
import { cameraStep, clipMotion, type ClipMotion } from './motion.ts';
import { type Area, whole } from './plane.ts';
import type { Segment } from './segments.ts';
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
  const { samples, planes } = segment, picture = samples[samples.length >> 1]?.picture, on = (stage: Stage): boolean => !o.skip.has(stage);
  const refused = (stage: Refusal, reason: string): Refused => ({ stage, reason, picture });
  const length = clipLength(samples.length, o.maxFrames), least = o.image ? 1 : o.minFrames;
  if (length < least) return refused('short', `${samples.length} frames at ${o.fps} a second${segment.part > 0 ? ' are left of the shot' : ''}, wanted ${least}`);
  const plane = planes[0]!, area = on('bars') ? activeArea(planes) : whole(plane), cropped = cropPlanes(planes, area), measures = measureShot(cropped);
  for (const filter of SHOT_FILTERS) {
    if (!on(filter) || (o.image && (filter === 'still' || filter === 'flicker'))) continue;
    const reason = refuseShot(measures, filter);
    if (reason !== undefined) return refused(filter, reason);
  }
  const box = scaled(area, plane, picture!), size = nativeShape(box, o.area);
  if (!size) return refused('small', `${box.width}×${box.height} pixels, wanted 8 a side`);
  const lumas = cropPlanes(samples.slice(0, length).map((s) => s.luma), area), hash = clipHash(lumas), twin = on('duplicates') ? o.index.find(hash, o.scene) : undefined;
  if (twin !== undefined) return refused('duplicates', `resembles ${twin}`);
  const motion = on('motion') && !o.image ? clipMotion(lumas.slice(1).map((l, i) => cameraStep(lumas[i]!, l)), o.fps) : null;
  return { clip: fitClip(samples.slice(0, length).map((s) => s.picture), box, size, o.fps), hash, measures, motion };
}
