/**
 * @file Configurations of the diffusion transformer. One table holds our presets and those of the DiT paper.
 */
import { QUANTIZATIONS, type Quantization } from '../../nn/int8.ts';
import { MLP_KINDS, type MlpKind } from '../../nn/mlp.ts';

export { MLP_KINDS, type MlpKind, QUANTIZATIONS, type Quantization };

/** Modulation: `zero` = a projection per block (DiT's adaLN-Zero), `single` = one shared projection and a table per block (PixArt-α, section 2.3). */
export const MODULATIONS = ['zero', 'single'] as const;
export type Modulation = (typeof MODULATIONS)[number];

/** Norm without gain in front of each layer. */
export const NORMS = ['rms', 'layer'] as const;
export type Norm = (typeof NORMS)[number];

/** Shape of a diffusion transformer. */
export interface DiTConfig {
  /** Latent channels. */
  readonly channels: number;
  /** Latent rows and columns of one token. */
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly mlpRatio: number;
  readonly mlp: MlpKind;
  readonly modulation: Modulation;
  readonly norm: Norm;
  /** RMS norm of queries and keys per head. */
  readonly qkNorm: boolean;
  /** Rotary positions; without them positions are the caller's to add to the tokens. */
  readonly rope: boolean;
  /** Also add where a token stands between the canvas's edges, learned from sinusoids (as LightningDiT and JiT do beside rotary positions). */
  readonly places: boolean;
  /**
   * Adds to the prediction the noised tokens themselves, each channel times a gain that the noise level decides (from zero on), so that what hardly
   * carries noise need not pass through the residual stream: a learned form of EDM's c_skip (Karras et al. 2022, section 5, arXiv:2206.00364v2).
   */
  readonly skip?: boolean | undefined;
  /**
   * Every other rotary pair of the width turns by the column from which whoever is near began to walk, so that attention finds a walker's body, frame after frame, where it
   * finds one that stands (docs/decisions/029).
   */
  readonly follow?: boolean | undefined;
  /** Biases in attention and MLP. */
  readonly bias: boolean;
  /** Width of the text states that cross-attention reads; null = no text. */
  readonly textWidth: number | null;
  /** Output channels ÷ channels: 2 where a variance is predicted too (DiT). */
  readonly outputs: 1 | 2;
  /** Recompute each block in the backward pass. */
  readonly rematerialise: boolean;
}

const paper = {
  channels: 4, patch: 2, mlpRatio: 4, mlp: 'gelu', modulation: 'zero', norm: 'layer', qkNorm: false, rope: false, places: false,
  bias: true, textWidth: null, outputs: 2, rematerialise: false,
} as const;
const ours = {
  channels: 16, patch: 1, mlpRatio: 4, mlp: 'relu2', modulation: 'single', norm: 'rms', qkNorm: true, rope: true, places: true,
  bias: false, outputs: 1, rematerialise: false,
} as const;

/** Presets by name. `DiT-*` are those of Peebles & Xie 2022, table 1, with patch 2 (their GFLOPs count multiply-adds: test/parity/presets). */
export const DIT_PRESETS = {
  tiny: { ...ours, skip: true, channels: 4, width: 32, depth: 2, heads: 2, textWidth: 16 },
  small: { ...ours, width: 320, depth: 6, heads: 5, textWidth: 192 },
  base: { ...ours, width: 384, depth: 12, heads: 6, textWidth: 256 },
  'DiT-S/2': { ...paper, width: 384, depth: 12, heads: 6 },
  'DiT-B/2': { ...paper, width: 768, depth: 12, heads: 12 },
  'DiT-L/2': { ...paper, width: 1024, depth: 24, heads: 16 },
  'DiT-XL/2': { ...paper, width: 1152, depth: 28, heads: 16 },
} as const satisfies Record<string, DiTConfig>;
