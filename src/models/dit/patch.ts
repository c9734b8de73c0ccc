/**
 * @file Latents ⇄ tokens on the host. Latents are `[C, T, H, W]` as the autoencoder sees them (one sample); tokens are `[T·h·w, C·p²]` with
 * h = H/p and w = W/p: frame-major, then rows, then columns; inside a token channels first, then its p × p cells (patchify of Peebles & Xie
 * 2022, section 3.2, arXiv:2212.09748v2). The same pass normalises: the transformer works on (latent − mean) / scale, with
 * one scale for all channels, so that an error counts as much as it will be seen.
 */
import { InputError } from '../../core/errors.ts';

/** Mean and standard deviation of each latent channel. */
export interface LatentStats {
  readonly mean: ArrayLike<number>;
  readonly std: ArrayLike<number>;
}

/** What divides latents: the root mean square of the channels' deviations. */
export const latentScale = ({ std }: Pick<LatentStats, 'std'>): number => Math.sqrt(Array.from(std, (s) => s ** 2).reduce((a, b) => a + b, 0) / std.length);

/** Size of one sample's latents. */
export interface LatentShape {
  readonly channels: number;
  /** Latent frames. */
  readonly frames: number;
  /** Latent rows. */
  readonly height: number;
  /** Latent columns. */
  readonly width: number;
}

/** Options of {@link patchify} and {@link unpatchify}. */
export interface PatchOptions extends LatentShape {
  /** Latent rows and columns of one token; divides both. */
  readonly patch: number;
  /** Default: latents are normalised already. */
  readonly stats?: LatentStats;
}

/** Throws unless both sides are of the shape, and calls `row` for each row of latents: its first latent, and where its tokens' values begin. */
function walk(
  { channels, frames, height, width, patch, stats }: PatchOptions, lengths: readonly [string, number],
  row: (latent: number, token: number, channel: number) => void,
): void {
  if (height % patch !== 0 || width % patch !== 0) throw new InputError(`latents of ${height}×${width} do not divide into patches of ${patch}×${patch}`);
  const size = channels * frames * height * width;
  if (lengths[1] !== size) throw new InputError(`${lengths[0]} of ${channels}×${frames}×${height}×${width} have ${size} values, got ${lengths[1]}`);
  if (stats && (stats.mean.length !== channels || stats.std.length !== channels)) throw new InputError(`statistics of ${stats.mean.length} channels for ${channels}`);
  const columns = width / patch, cells = patch * patch, perToken = channels * cells;
  for (let c = 0, latent = 0; c < channels; c++) for (let t = 0; t < frames; t++) for (let y = 0; y < height; y++, latent += width) {
    row(latent, (t * (height / patch) + Math.floor(y / patch)) * columns * perToken + c * cells + (y % patch) * patch, c);
  }
}

/** Latents `[C, T, H, W]` → tokens `[T·h·w, C·p²]`, normalised. */
export function patchify(latents: Float32Array, o: PatchOptions): Float32Array {
  const out = new Float32Array(latents.length), { stats } = o, scale = stats ? latentScale(stats) : 1;
  const { width, patch, channels } = o, perToken = channels * patch * patch;
  walk(o, ['latents', latents.length], (from, to, c) => {
    const mean = stats ? stats.mean[c]! : 0;
    for (let x = 0; x < width; x++) out[to + Math.floor(x / patch) * perToken + x % patch] = (latents[from + x]! - mean) / scale;
  });
  return out;
}

/** Tokens `[T·h·w, C·p²]` → latents `[C, T, H, W]`, in the autoencoder's own scale. */
export function unpatchify(tokens: Float32Array, o: PatchOptions): Float32Array {
  const out = new Float32Array(tokens.length), { stats } = o, scale = stats ? latentScale(stats) : 1;
  const { width, patch, channels } = o, perToken = channels * patch * patch;
  walk(o, ['tokens', tokens.length], (to, from, c) => {
    const mean = stats ? stats.mean[c]! : 0;
    for (let x = 0; x < width; x++) out[to + x] = tokens[from + Math.floor(x / patch) * perToken + x % patch]! * scale + mean;
  });
  return out;
}
