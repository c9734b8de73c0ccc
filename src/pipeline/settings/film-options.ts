/**
 * @file What a caller may ask of a film, and the same in full: plain numbers that stand in the film's metadata, so that a film can be made again from what it says of itself.
 */
import type { SamplerName } from '../../diffusion/samplers/registry.ts';
import type { Frames } from '../../media/frames.ts';
import type { Quantization } from '../../models/dit/config.ts';
import type { Engine } from '../engine.ts';
import type { Expanded, ExpandOptions } from '../prompt/expand.ts';
import type { GivenLora, LoraMark } from '../model/lora.ts';
import type { Join, LongWay, ShotStart } from './timeline.ts';

/** Where a given image comes from: a PNG, JPEG, WebP or GIF file, or memory (one frame; a name is for records). It is brought to the film's size. */
export type ImageSource = { readonly file: string } | { readonly image: Frames; readonly name?: string | null };

/** An image that the film holds. */
export type GivenImage = ImageSource & {
  /** Index of the frame that it is, from 0; `last` is the film's last. Default 0. */
  readonly frame?: number | 'last';
};

/** A part of another film that the film holds, pixel for pixel: it begins with it, ends with it, or passes through it. */
export interface GivenClip {
  /** Brought to the film's size. */
  readonly clip: Frames;
  /** Index of the film's frame with which the clip begins, from 0; `end` lets the clip end where the film ends. Default 0. */
  readonly frame?: number | 'end';
}

/** A film that is made anew from another (SDEdit, Meng et al. 2022, section 3, arXiv:2108.01073v2), all of it or within a region. */
export interface GivenSource {
  /** Brought to the film's size; it decides the film's length. */
  readonly film: Frames;
  /** Share of the way from noise that is gone again: 0 leaves the film as it is, 1 keeps nothing of it. Default 0.6; with a mask 1. */
  readonly strength?: number;
  /** One frame, brought to the film's size: where it is bright the film is made again, elsewhere it stays pixel for pixel. */
  readonly mask?: Frames;
}

/** From a time on, other words. */
export interface GivenShot {
  /** Index of its first frame, ≥ 1. */
  readonly frame: number;
  readonly prompt: string;
  /** Default `free`. */
  readonly join?: Join;
  /** What the model reads for it, from a film's record. Default: as the prompt is expanded. */
  readonly reads?: Expanded;
}

/** A film that shares its layout with that of the seed, and differs from it the more the greater `amount`. */
export interface GivenVariation {
  /** 0 is the seed's own film, 1 another one. */
  readonly amount: number;
  /** Which variation. */
  readonly seed: number;
}

/** What decides a film's pictures. What is left out is the model's default. */
export interface FilmOptions extends ExpandOptions {
  /** Whether a prompt that leaves looks out is told those of given images and clips, by models that read them. Default true. */
  readonly describe?: boolean;
  /** What the film shows, in English or Chinese. May be empty where pictures are given. */
  readonly prompt: string;
  /** What the model reads for the prompt, from a film's record. Default: as it is expanded. */
  readonly reads?: Expanded;
  /** What it should not show. */
  readonly negative?: string;
  /** Integer from 0 to 2⁵³ − 1. Same seed and settings, same film. Default: drawn at random, and told. */
  readonly seed?: number;
  /** Length in frames, ≥ 1; one frame is an image. */
  readonly frames?: number;
  /** Length in seconds, instead of `frames`. */
  readonly seconds?: number;
  /** Pixels before scaling. */
  readonly width?: number;
  /** Pixels before scaling. */
  readonly height?: number;
  /** Frames a second at which the film is played; changes no frame. */
  readonly fps?: number;
  /** Sampling steps, 1 to 1000. */
  readonly steps?: number;
  /** How strongly the words pull, 0 to 30; 1 is off, and twice as fast. */
  readonly guidance?: number;
  /** Noise levels between which guidance acts, lowest and highest, within [0, 1]. */
  readonly interval?: readonly [number, number];
  /** How far guidance's contrast is brought back to that of the prompt alone, 0 to 1. */
  readonly rescale?: number;
  readonly sampler?: SamplerName;
  /** `int8` computes the transformer's large products in 8-bit integers: nearly twice as fast, another film very like the one without. Default `none`. */
  readonly quantize?: Quantization;
  /** Adaptations of the model, each with its strength. */
  readonly loras?: readonly GivenLora[];
  readonly images?: readonly GivenImage[];
  readonly clips?: readonly GivenClip[];
  readonly source?: GivenSource;
  /** Shots after the first, in order. */
  readonly shots?: readonly GivenShot[];
  /** Whether the end runs into the start. Default no. */
  readonly loop?: boolean;
  readonly vary?: GivenVariation;
  /** How what is longer than one piece is made. Default `rolling`. */
  readonly longBy?: LongWay;
  /** A quarter of the steps: what the film will be, sooner. `kinora master` makes the film itself of it. Default no. */
  readonly draft?: boolean;
  /** Delivered pixels per native pixel, 1 to 64. Default: the least that makes the long side 512 or more. */
  readonly scale?: number;
  /** Colours of the whole film, 2 to 256; 0 leaves them as they are. */
  readonly palette?: number;
  /** Differences from frame to frame, in bytes, up to which a pixel is taken to stand still and is kept from shimmering, 0 to 64; 0 leaves all as it is. */
  readonly steady?: number;
  /** Whether the film is cut out of its ground, which has to be of one flat colour; frames are RGBA then. Not for .mp4. Default no. */
  readonly transparent?: boolean;
}

/** An image at its frame. */
export type PlacedImage = ImageSource & { readonly frame: number };

/** A clip at its first frame. */
export interface PlacedClip { readonly clip: Frames; readonly frame: number }

/** A shot at its first frame. */
export interface PlacedShot extends ShotStart {
  readonly prompt: string;
  /** What the model reads instead. */
  readonly reads?: Expanded;
}

/** A source with its defaults. */
export interface PlacedSource { readonly film: Frames; readonly strength: number; readonly mask: Frames | null }

/** A film's settings in full. What it is computed on stands there where it is not the CPU in float32. */
export interface FilmSettings extends Engine {
  readonly prompt: string;
  readonly negative: string;
  readonly seed: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly steps: number;
  readonly guidance: number;
  readonly interval: readonly [number, number];
  readonly rescale: number;
  /** Of the noise levels: the model's own factor times √(tokens ÷ those of the default film), of the longest window. */
  readonly shift: number;
  readonly sampler: SamplerName;
  readonly quantize: Quantization;
  /** In the order of their hashes: who names them in another order gets the same film. */
  readonly loras: readonly LoraMark[];
  /** In order of their frames, as are clips: who asks in another order gets the same film. */
  readonly images: readonly PlacedImage[];
  readonly clips: readonly PlacedClip[];
  readonly source: PlacedSource | null;
  /** The first begins at frame 0 with `prompt`. */
  readonly shots: readonly PlacedShot[];
  readonly loop: boolean;
  readonly longBy: LongWay;
  readonly vary: GivenVariation | null;
  /** Steps of the film of which this is a draft; null when it is none. */
  readonly draftOf: number | null;
  /** Most frames that are made in one piece. */
  readonly window: number;
  readonly scale: number;
  readonly palette: number;
  readonly steady: number;
  readonly transparent: boolean;
}
