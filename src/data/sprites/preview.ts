/**
 * @file A contact sheet of drawn clips with their captions, for `kinora data sprites --preview`.
 */
import { contactSheet } from '../../media/contact-sheet.ts';
import type { Frames } from '../../media/frames.ts';
import { captionOf } from './captions.ts';
import { drawClip } from './draw.ts';
import type { SpriteWorld } from './load.ts';
import { renderClip } from './render.ts';
import type { ClipSpec } from './spec.ts';
import { CANVASES, type Split } from './vocabulary.ts';

/** Options of {@link previewSprites}. */
export interface PreviewSpritesOptions {
  /** Clips, one a row. Default 12. */
  readonly count?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default `train`. */
  readonly split?: Split;
  /** Film frames of each clip. Default 17. */
  readonly frames?: number;
  /** Columns: film frames shown, evenly spaced. Default 9. */
  readonly columns?: number;
  /** Canvases, taken in turn, pixels. Default: the four that training uses. */
  readonly canvases?: readonly (readonly [width: number, height: number])[];
}

/** A contact sheet of clips with their captions. */
export interface SpritePreview {
  /** One RGB image. */
  readonly sheet: Frames;
  readonly clips: readonly ClipSpec[];
  /** One a row, in English and in Chinese. */
  readonly captions: readonly { readonly en: string; readonly zh: string }[];
}

/** Draws `count` clips and lays their frames out on one image, one row a clip. */
export function previewSprites(world: SpriteWorld, options: PreviewSpritesOptions = {}): SpritePreview {
  const { count = 12, seed = 0, split = 'train', frames = 17, columns = 9, canvases = CANVASES } = options;
  const clips = Array.from({ length: count }, (_, step) => {
    const [width, height] = canvases[step % canvases.length]!;
    return drawClip(world, { key: { seed, stream: 'preview', step }, split, width, height, frames });
  });
  const captions = clips.map((clip, step) => {
    const key = { seed, stream: 'preview', step };
    return { en: captionOf(clip, { key, language: 'en' }), zh: captionOf(clip, { key, language: 'zh' }) };
  });
  return { sheet: contactSheet(clips.map((clip) => renderClip(world, clip).frames), { columns, margin: 2 }), clips, captions };
}
