/**
 * @file Configuration and presets of the video autoencoder.
 */

/** Shape of a video autoencoder. Space is halved from stage to stage after the first unshuffle; time is halved between stages. */
export interface VaeConfig {
  /** Latent channels. */
  readonly latentChannels: number;
  /** Factor of the pixel unshuffle in front (and of the shuffle at the end). */
  readonly patch: number;
  /** Channels of the three stages: full rate, half rate, quarter rate (where space is halved as well). */
  readonly channels: readonly [number, number, number];
  /** Residual blocks per stage, encoder. */
  readonly encoderBlocks: readonly [number, number, number];
  /** Residual blocks per stage, decoder. */
  readonly decoderBlocks: readonly [number, number, number];
}

/** Factor between pixels and latents in space: patch 4 × one halving. */
export const SPACE_FACTOR = 8;
/** Factor between frames and latent frames in time. */
export const TIME_FACTOR = 4;

/** Presets by name. */
export const VAE_PRESETS = {
  tiny: { latentChannels: 4, patch: 4, channels: [8, 16, 32], encoderBlocks: [1, 1, 1], decoderBlocks: [1, 1, 1] },
  base: { latentChannels: 16, patch: 4, channels: [48, 96, 192], encoderBlocks: [2, 2, 3], decoderBlocks: [3, 3, 3] },
  large: { latentChannels: 256, patch: 4, channels: [64, 128, 256], encoderBlocks: [1, 2, 2], decoderBlocks: [3, 3, 2] },
} as const satisfies Record<string, VaeConfig>;

/** Latent frames of a film of `frames` frames: the next 4n + 1, compressed. */
export const latentFrames = (frames: number): number => Math.ceil((frames - 1) / TIME_FACTOR) + 1;

/** Frames that `latents` latent frames decode to. */
export const decodedFrames = (latents: number): number => (latents - 1) * TIME_FACTOR + 1;
