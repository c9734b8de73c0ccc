/**
 * @file A contact sheet of drawn clips: one row a clip, evenly spaced film frames across, for `kinora data sprites --preview`.
 */
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

const GAP = 2;                                                 // pixels

/** Draws `count` clips and lays their frames out on one image. */
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
  const cellWidth = Math.max(...clips.map((c) => c.canvas.width)) + GAP;
  const width = cellWidth * columns, height = clips.reduce((sum, c) => sum + c.canvas.height + GAP, 0);
  const data = new Uint8Array(width * height * 3).fill(24);
  let top = 0;
  for (const clip of clips) {
    const film = renderClip(world, clip).frames;
    for (let column = 0; column < columns; column++) {
      const t = columns === 1 ? 0 : Math.round((column * (film.count - 1)) / (columns - 1));
      for (let y = 0; y < film.height; y++) {
        const from = (t * film.height + y) * film.width * 3;
        data.set(film.data.subarray(from, from + film.width * 3), ((top + y) * width + column * cellWidth) * 3);
      }
    }
    top += clip.canvas.height + GAP;
  }
  return { sheet: { data, count: 1, height, width, channels: 3, fps: 8 }, clips, captions };
}
