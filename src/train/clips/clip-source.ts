/**
 * @file The seam between a run and where its clips come from: the sprite world, which draws as many as are wanted (sprite-source.ts), or a dataset of
 * footage, which has so many and no more (footage-source.ts). All that is drawn is a pure function of seed, split, shape and index.
 */
import type { RandomKey } from '../../core/random.ts';
import type { Split } from '../../data/sprites/world.ts';
import type { Frames } from '../../media/frames.ts';
import type { Staging } from '../../models/dit/regions.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import type { ClipShape } from './clip-shape.ts';

/** One clip of a run. */
export interface ClipRef {
  readonly seed: number;
  readonly split: Split;
  readonly shape: ClipShape;
  /** Among the clips of its split and shape, from 0. */
  readonly index: number;
}

/** How a clip is told. */
export interface CaptionDraw {
  /** Wordings are drawn by it, where there are several. */
  readonly key: RandomKey;
  /** Whether looks are told, where words tell them apart from deeds. */
  readonly looks: boolean;
}

/** A clip as {@link import('../../models/dit/regions.ts').REGIONS} captions, the same twice of somebody alone. */
export interface ToldRegions { readonly captions: readonly [left: string, right: string]; readonly alone: boolean; readonly staging: Staging }

/** What an autoencoder is trained on. */
export interface PieceRequest {
  readonly key: RandomKey;
  readonly split: Split;
  readonly size: Pick<ClipShape, 'frames' | 'width' | 'height'>;
}

/** A clip or a part of one, with what is to be weighted up in it: 1 there, 0 elsewhere, `[T, H, W]`. */
export interface Piece { readonly frames: Frames; readonly silhouette: Uint8Array }

/** Where clips come from. */
export interface ClipSource {
  /** What is validated first and shown on sheets. */
  readonly main: ClipShape;
  /** Hash of all clips and captions, 16 hexadecimal digits; with a tokenizer, of the captions' tokens too. */
  fingerprint(tokenizer?: CaptionTokenizer): string;
  /** The frames of a clip. */
  clip(ref: ClipRef): Promise<Frames>;
  /** The caption of a clip. */
  caption(ref: ClipRef, draw: CaptionDraw): string;
  /** The clip told by regions (models/dit/regions.ts): a caption for each of two characters, or the same twice. Absent: its clips are told as wholes only. */
  regions?(ref: ClipRef, draw: CaptionDraw): ToldRegions;
  /** Latent frames before a character goes on to do something else, of a clip of changing deeds. Throws an InputError where clips know no deeds. */
  framesBefore(ref: ClipRef): number;
  /** A clip of a size, or a part of a larger one, drawn by a key. */
  piece(request: PieceRequest): Promise<Piece>;
  /** Prompts of sheets: captions of held-out clips. */
  prompts(seed: number, count: number): string[];
  /** What there is, of a source that ends. Absent: clips are drawn without end. */
  readonly stock?: ClipStock;
}

/** The clips of a source that ends. */
export interface ClipStock {
  /** How many clips there are of a shape. */
  count(split: Split, shape: ClipShape): number;
  /** What makes clip after clip of a shape what it is, as text: caches of others are not opened. */
  identity(split: Split, shape: ClipShape): readonly string[];
  /** The training clip of a shape at a position of a run, counted from 0: each once an epoch, in an order drawn by (seed, shape, epoch). */
  turn(seed: number, shape: ClipShape, position: number): number;
}
