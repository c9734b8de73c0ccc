/**
 * @file How well an autoencoder gives films back: PSNR over the frame and inside the characters' silhouettes, SSIM; in all, per action, per
 * ground, and for one-frame images. Both readings of a group's PSNR stand side by side: that of its mean squared error, and the mean of its clips' decibels,
 * which is what the field usually prints and is the kinder one (Jensen).
 */
import { drawClip, renderClip, type ClipSpec, type RenderedClip, type SpriteWorld } from '../data/sprites/world.ts';
import { psnr, ssim } from '../media/metrics.ts';
import type { Frames } from '../media/frames.ts';
import type { Reconstructor } from '../train/tasks/reconstruct.ts';

/** Figures of a group of clips. */
export interface VaeFigures {
  /** dB of the group's mean squared error; clips weigh the same. */
  readonly psnr: number;
  readonly psnr_character: number;
  /** Means of the clips' own dB. */
  readonly psnr_mean: number;
  readonly psnr_character_mean: number;
  readonly ssim: number;
  readonly clips: number;
}

/** Figures in all, and by group. */
export interface VaeReport extends VaeFigures {
  readonly by_action: Readonly<Record<string, VaeFigures>>;
  readonly by_ground: Readonly<Record<string, VaeFigures>>;
  /** One-frame films. */
  readonly images: VaeFigures | null;
}

interface Measured { readonly psnr: number; readonly character: number; readonly ssim: number }

/** Decibels of the mean error of several. */
const pooled = (decibels: readonly number[]): number => -10 * Math.log10(decibels.reduce((sum, x) => sum + 10 ** (-x / 10), 0) / decibels.length);

const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;

function figures(list: readonly Measured[]): VaeFigures {
  const frame = list.map((m) => m.psnr), character = list.map((m) => m.character).filter((x) => !Number.isNaN(x));
  return {
    psnr: pooled(frame), psnr_character: pooled(character), psnr_mean: mean(frame), psnr_character_mean: mean(character),
    ssim: mean(list.map((m) => m.ssim)), clips: list.length,
  };
}

const measure = (clip: RenderedClip, made: Frames): Measured => ({
  psnr: psnr(clip.frames, made),
  character: psnr(clip.frames, made, clip.silhouette),
  ssim: ssim(clip.frames, made),
});

function grouped(list: readonly Measured[], names: readonly string[]): Record<string, VaeFigures> {
  return Object.fromEntries([...new Set(names)].sort().map((name) => [name, figures(list.filter((_, i) => names[i] === name))]));
}

/** Real clips with what was made of each. `images` are one-frame clips. */
export interface VaePairs {
  readonly specs: readonly ClipSpec[];
  readonly clips: readonly RenderedClip[];
  readonly made: readonly Frames[];
  readonly images: readonly { readonly clip: RenderedClip; readonly made: Frames }[];
}

/** Measures reconstructions. */
export function vaeReport({ specs, clips, made, images }: VaePairs): VaeReport {
  const measured = clips.map((clip, i) => measure(clip, made[i]!));
  return {
    ...figures(measured),
    by_action: grouped(measured, specs.map((s) => s.characters[0]!.labels.action)),
    by_ground: grouped(measured, specs.map((s) => s.ground.kind)),
    images: images.length === 0 ? null : figures(images.map(({ clip, made: image }) => measure(clip, image))),
  };
}

/** One-frame clips `0 … count − 1` of held-out combinations and their reconstructions. */
export async function reconstructImages(world: SpriteWorld, reconstruct: Reconstructor, count: number): Promise<VaePairs['images']> {
  const clips = Array.from({ length: count }, (_, step) => renderClip(world, drawClip(world, {
    key: { seed: 0, stream: 'eval/images', step }, split: 'heldout', width: 64, height: 64, frames: 1,
  })));
  const made = await reconstruct(clips.map((clip) => clip.frames));
  return clips.map((clip, i) => ({ clip, made: made[i]! }));
}
