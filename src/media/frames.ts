/**
 * @file Frames: a film as bytes in host memory, the form in which everything outside the models sees it.
 * Axes [T, H, W, C], sRGB (BT.709 primaries), C = 3 (RGB) or 4 (RGBA, straight alpha). Models see [C, T, H, W] in [−1, 1].
 * Only pure functions on bytes here; resizing that needs a filter is in resize.ts, files are in sink.ts and read.ts.
 */
import { InputError } from '../core/errors.ts';

/** A film (or, with `count` 1, an image) as bytes. */
export interface Frames {
  /** `[T, H, W, C]`, one byte a channel. */
  readonly data: Uint8Array;
  /** T ≥ 1. */
  readonly count: number;
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  readonly channels: 3 | 4;
  /** Frames a second. */
  readonly fps: number;
}

/** Bytes of one frame: H·W·C. */
export const frameBytes = (f: Pick<Frames, 'width' | 'height' | 'channels'>): number => f.width * f.height * f.channels;

/** Throws an InputError unless sizes are positive integers and `data` holds exactly T·H·W·C bytes. */
export function checkFrames(f: Frames): void {
  for (const [what, n] of [['count', f.count], ['height', f.height], ['width', f.width]] as const) {
    if (!Number.isInteger(n) || n < 1) throw new InputError(`frames: ${what} must be an integer ≥ 1, got ${n}`);
  }
  if (f.channels !== 3 && f.channels !== 4) throw new InputError(`frames: channels must be 3 or 4, got ${String(f.channels)}`);
  if (!(f.fps > 0) || !Number.isFinite(f.fps)) throw new InputError(`frames: fps must be a positive number, got ${f.fps}`);
  const want = f.count * frameBytes(f);
  if (f.data.length !== want) {
    throw new InputError(`frames: ${f.count}×${f.height}×${f.width}×${f.channels} needs ${want} bytes, got ${f.data.length}`);
  }
}

/** Frames [start, end) as a view on the same bytes. */
export function sliceFrames(f: Frames, start: number, end = f.count): Frames {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > f.count || start >= end) {
    throw new InputError(`frames [${start}, ${end}) is not a non-empty range of ${f.count} frames`);
  }
  const size = frameBytes(f);
  return { ...f, data: f.data.subarray(start * size, end * size), count: end - start };
}

/** One after the other in time; all of one size and channel count; the first one's fps. */
export function concatFrames(parts: readonly Frames[]): Frames {
  const first = parts[0];
  if (!first) throw new InputError('concatFrames: needs at least one part');
  for (const p of parts) {
    if (p.width !== first.width || p.height !== first.height || p.channels !== first.channels) {
      throw new InputError(`concatFrames: ${p.width}×${p.height}×${p.channels} beside ${first.width}×${first.height}×${first.channels}`);
    }
  }
  const data = new Uint8Array(parts.reduce((sum, p) => sum + p.data.length, 0));
  let at = 0;
  for (const p of parts) { data.set(p.data, at); at += p.data.length; }
  return { ...first, data, count: parts.reduce((sum, p) => sum + p.count, 0) };
}

/** Every pixel becomes factor × factor pixels (exact; the way pixel art is delivered). The bytes go to `into`, when that is given and of their size. */
export function upscaleNearest(f: Frames, factor: number, into?: Uint8Array): Frames {
  if (!Number.isInteger(factor) || factor < 1) throw new InputError(`scale must be an integer ≥ 1, got ${factor}`);
  if (factor === 1) return f;
  const { count, height, width, channels } = f;
  const rowBytes = width * factor * channels;
  const size = f.data.length * factor * factor, data = into?.length === size ? into : new Uint8Array(size);        // [T, H·k, W·k, C]
  for (let row = 0; row < count * height; row++) {
    const to = row * factor * rowBytes;
    let at = to;
    for (let x = 0, from = row * width * channels; x < width; x++, from += channels) {
      for (let k = 0; k < factor; k++) for (let c = 0; c < channels; c++) data[at++] = f.data[from + c]!;
    }
    for (let k = 1; k < factor; k++) data.copyWithin(to + k * rowBytes, to, to + rowBytes);
  }
  return { ...f, data, height: height * factor, width: width * factor };
}

/** RGB without alpha: composited over `background` (black unless given); the same object when it has no alpha. */
export function toRgb(f: Frames, background: readonly [number, number, number] = [0, 0, 0]): Frames {
  if (f.channels === 3) return f;
  const pixels = f.count * f.height * f.width;
  const data = new Uint8Array(pixels * 3);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 4) {
    const alpha = f.data[from + 3]!;
    for (let c = 0; c < 3; c++) {
      data[to++] = Math.floor((f.data[from + c]! * alpha + background[c]! * (255 - alpha)) / 255 + 0.5);
    }
  }
  return { ...f, data, channels: 3 };
}

/** RGBA; opaque where there was no alpha. The same object when it has alpha already. */
export function toRgba(f: Frames): Frames {
  if (f.channels === 4) return f;
  const pixels = f.count * f.height * f.width;
  const data = new Uint8Array(pixels * 4).fill(255);
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) data[i * 4 + c] = f.data[i * 3 + c]!;
  return { ...f, data, channels: 4 };
}

/** Drops an alpha channel that is 255 everywhere. */
export function dropOpaqueAlpha(f: Frames): Frames {
  if (f.channels === 3) return f;
  for (let i = 3; i < f.data.length; i += 4) if (f.data[i] !== 255) return f;
  return toRgb(f);
}

/** Bytes [T, H, W, C] → float32 [C, T, H, W], v / 127.5 − 1: 0 ↦ −1, 255 ↦ 1. */
export function toModel(f: Frames): Float32Array {
  const plane = f.count * f.height * f.width;
  const out = new Float32Array(plane * f.channels);                     // [C, T, H, W]
  for (let c = 0; c < f.channels; c++) {
    for (let i = 0, from = c, to = c * plane; i < plane; i++, from += f.channels) out[to++] = f.data[from]! / 127.5 - 1;
  }
  return out;
}

/** Shape of a model's output: T, H, W, C and the frame rate. */
export type FramesShape = Omit<Frames, 'data'>;

/**
 * Float32 [C, T, H, W] → bytes [T, H, W, C]: ⌊(v + 1)·127.5 + ½⌋ (nearest, halves up), clamped to 0…255; NaN ↦ 0.
 * Inverse of `toModel` for every byte.
 */
export function fromModel(values: Float32Array, shape: FramesShape): Frames {
  const plane = shape.count * shape.height * shape.width;
  const data = new Uint8Array(plane * shape.channels);                  // [T, H, W, C]
  if (values.length !== data.length) {
    throw new InputError(`fromModel: ${shape.channels}×${shape.count}×${shape.height}×${shape.width} needs ${data.length} values, got ${values.length}`);
  }
  for (let c = 0; c < shape.channels; c++) {
    for (let i = 0, to = c, from = c * plane; i < plane; i++, to += shape.channels) {
      const v = Math.floor((values[from++]! + 1) * 127.5 + 0.5);
      data[to] = v > 255 ? 255 : v > 0 ? v : 0;                         // NaN compares false twice
    }
  }
  return { ...shape, data };
}
