/**
 * @file What makes the autoencoder a causal one: nothing looks ahead, films in chunks equal films whole, one frame is an image. Weights are
 * random everywhere (as they start, the layers over time are zero). And what the shipped one may cost.
 */
import { afterAll, expect, test } from 'vitest';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { ProgramCache } from '../../src/backend/cache.ts';
import { flopsOf } from '../../src/backend/ort/lower.ts';
import { evaluate } from '../../src/backend/reference/reference.ts';
import { concat } from '../../src/graph/build.ts';
import { Graph, reachable, type Tensor } from '../../src/graph/graph.ts';
import { decodedFrames, latentFrames, VAE_PRESETS } from '../../src/models/vae/config.ts';
import { decode, encode, vaeParams } from '../../src/models/vae/vae.ts';
import { bindParams } from '../../src/nn/param.ts';
import { WHOLE, type TimeContext } from '../../src/nn/conv3d.ts';
import { decodeFilm, encodeFilm } from '../../src/pipeline/sampling/vae-stream.ts';
import { drawn, weightsOfTree } from '../support/golden.ts';

const config = VAE_PRESETS.tiny, WIDTH = 24, HEIGHT = 16, z = config.latentChannels;
const PIXELS = WIDTH * HEIGHT, PLANE = PIXELS / 64;
const weights = weightsOfTree(vaeParams(config));
const backend = ortBackend({ threads: 1 });
const programs = new ProgramCache(16);
afterAll(() => { programs[Symbol.dispose](); });

type Direction = 'encode' | 'decode';
const sizes = { encode: { channels: 3, plane: PIXELS, out: 2 * z, outPlane: PLANE }, decode: { channels: z, plane: PLANE, out: 3, outPlane: PIXELS } };

/** Encoder (mean and log variance) or decoder. */
function direct(direction: Direction, x: Tensor, context: TimeContext): Tensor {
  const p = bindParams(x.graph, vaeParams(config));
  if (direction === 'decode') return decode(p.decoder, x, config, context);
  const { mean, logVariance } = encode(p.encoder, x, config, context);
  return concat([mean, logVariance], 1);
}

/** What runs a graph: onnxruntime, or the float64 evaluator. */
type Engine = 'ort' | 'float64';

async function run(engine: Engine, key: string, build: () => Record<string, Tensor>, feeds: Readonly<Record<string, Float64Array>>): Promise<Record<string, Float64Array>> {
  if (engine === 'float64') {
    const outputs = build(), values = evaluate(Object.values(outputs)[0]!.graph, Object.values(outputs), { ...weights, ...feeds });
    return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, values[i]!.data]));
  }
  const program = await programs.get(key, () => backend.compile({ outputs: build() }));
  const result = await program.run({ ...weights, ...Object.fromEntries(Object.entries(feeds).map(([name, x]) => [name, Float32Array.from(x)])) });
  return Object.fromEntries(Object.entries(result).map(([name, x]) => [name, Float64Array.from(x)]));
}

/** Runs a film `[C, T, plane]` in chunks of the given lengths; every frame of the result is an array of its own. */
async function inChunks(direction: Direction, film: Float64Array, chunks: readonly number[], engine: Engine = 'ort'): Promise<Float64Array[]> {
  const { channels, plane, out: outChannels } = sizes[direction], total = film.length / channels / plane, out: Float64Array[] = [];
  expect(chunks.reduce((a, b) => a + b, 0)).toBe(total);
  const whole = chunks.length === 1;
  let start = 0, kept: Record<string, Float64Array> = {};
  for (const length of chunks) {
    const first = start === 0;
    const build = (): Record<string, Tensor> => {
      const graph = new Graph(), outputs: Record<string, Tensor> = {};
      const x = graph.input('chunk', [1, channels, length, ...(direction === 'encode' ? [HEIGHT, WIDTH] : [HEIGHT / 8, WIDTH / 8])]);
      const context: TimeContext = whole ? WHOLE : {
        first, before: (name, shape) => (first ? null : graph.input(`kept:${name}`, shape)), keep: (name, frames) => { outputs[`kept:${name}`] = frames; },
      };
      outputs['result'] = direct(direction, x, context);
      return outputs;
    };
    const chunk = new Float64Array(channels * length * plane);
    for (let c = 0; c < channels; c++) chunk.set(film.subarray((c * total + start) * plane, (c * total + start + length) * plane), c * length * plane);
    const { result, ...keep } = await run(engine, `${direction} ${whole} ${first} ${length}`, build, { ...kept, chunk });
    out.push(...framesOf(result!, outChannels));
    kept = keep;
    start += length;
  }
  return out;
}

/** `[C, T, plane]` → T arrays `[C, plane]`. */
function framesOf(x: Float64Array, channels: number): Float64Array[] {
  const plane = channels === 3 ? PIXELS : PLANE, total = x.length / channels / plane;
  return Array.from({ length: total }, (_, t) => {
    const frame = new Float64Array(channels * plane);
    for (let c = 0; c < channels; c++) frame.set(x.subarray((c * total + t) * plane, (c * total + t + 1) * plane), c * plane);
    return frame;
  });
}

const film = (frames: number): Float64Array => Float64Array.from(drawn('property/film', [3, frames, PIXELS]));
const latents = (frames: number): Float64Array => Float64Array.from(drawn('property/latents', [z, frames, PLANE]));
const bytesEqual = (a: Float64Array, b: Float64Array): boolean => Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

/** Indices of frames that differ in any bit. */
function differing(a: readonly Float64Array[], b: readonly Float64Array[]): number[] {
  expect(a.length).toBe(b.length);
  return a.flatMap((frame, i) => (bytesEqual(frame, b[i]!) ? [] : [i]));
}

/**
 * Allowed share of the greatest value. Reached: 4e-7. Not zero, because onnxruntime's matrix product cuts its sums at other places when
 * it has 64 columns or fewer, and a chunk of one frame has few. Films always go through chunks of one latent frame, so they do not see it.
 */
const ROUNDING = 1e-6;

function expectNear(a: readonly Float64Array[], b: readonly Float64Array[]): void {
  expect(a.length).toBe(b.length);
  const top = Math.max(...b.map((frame) => Math.max(...frame.map(Math.abs))));
  for (const [t, frame] of a.entries()) for (const [i, v] of frame.entries()) {
    const error = Math.abs(v - b[t]![i]!) / top;
    if (!(error <= ROUNDING)) expect.fail(`frame ${t}, index ${i}: got ${v}, want ${b[t]![i]}, error ${error} > ${ROUNDING}`);
  }
}

/** Adds 1 to one frame of `[C, T, plane]`. */
function withFrameChanged(x: Float64Array, channels: number, plane: number, t: number): Float64Array {
  const total = x.length / channels / plane;
  return x.map((v, i) => (Math.floor(i / plane) % total === t ? v + 1 : v));
}

const CHUNKS = { encode: [[1, 4, 4, 4], [5, 8], [9, 4], [1, 8, 4]], decode: [[1, 1, 1, 1], [2, 2], [1, 2, 1], [3, 1]] } as const;
const cases = (['encode', 'decode'] as const).flatMap((direction) => CHUNKS[direction].map((chunks) => [direction, chunks] as const));
const filmOf = { encode: film(13), decode: latents(4) };

test.each(cases)('%s in chunks of %j frames equals the film whole', async (direction, chunks) => {
  expectNear(await inChunks(direction, filmOf[direction], chunks), await inChunks(direction, filmOf[direction], [direction === 'encode' ? 13 : 4]));
});

test.each([
  ['encode', [1, 4]], ['encode', [1, 4, 4]], ['decode', [1, 1, 1]], ['decode', [1, 2]],
] as const)('%s in chunks of %j frames equals the film whole bit for bit in float64', async (direction, chunks) => {
  const frames = chunks.reduce((a: number, b) => a + b, 0), whole = direction === 'encode' ? film(frames) : latents(frames);
  expect(differing(await inChunks(direction, whole, chunks, 'float64'), await inChunks(direction, whole, [frames], 'float64'))).toEqual([]);
});

test('the streams that films go through equal those chunks bit for bit', async () => {
  const vae = { backend, programs, config, weights }, size = { width: WIDTH, height: HEIGHT };
  const streamed: Float64Array[] = [];
  for await (const part of decodeFilm(vae, Float32Array.from(latents(4)), size)) streamed.push(...framesOf(Float64Array.from(part), 3));
  expect(differing(streamed, await inChunks('decode', latents(4), [1, 1, 1, 1]))).toEqual([]);
  const encoded = framesOf(Float64Array.from(await encodeFilm(vae, Float32Array.from(film(13)), size)), z);
  expect(differing(encoded, (await inChunks('encode', film(13), [1, 4, 4, 4])).map((both) => both.slice(0, z * PLANE)))).toEqual([]);
});

test.each([0, 1, 4, 5, 8, 12])('frame %i of the film changes its own latent frame and none before', async (k) => {
  const whole = await inChunks('encode', film(13), [13]);
  const changed = differing(await inChunks('encode', withFrameChanged(film(13), 3, PIXELS, k), [13]), whole);
  expect(changed[0]).toBe(latentFrames(k + 1) - 1);
});

test.each([0, 1, 2, 3])('latent frame %i changes its own frames and none before', async (k) => {
  const whole = await inChunks('decode', latents(4), [4]);
  const changed = differing(await inChunks('decode', withFrameChanged(latents(4), z, PLANE, k), [4]), whole);
  expect(changed[0]).toBe(k === 0 ? 0 : decodedFrames(k));
  expect(changed.length, 'it reaches to the end of what it may').toBeGreaterThanOrEqual(k === 0 ? 1 : 4);
});

test('one frame is an image: the first latent of any film, and back to the first frame', async () => {
  const image = await inChunks('encode', Float64Array.from(framesOf(film(13), 3)[0]!), [1]);
  expect(image).toHaveLength(1);
  expect(differing(image, (await inChunks('encode', film(13), [1, 4, 4, 4])).slice(0, 1))).toEqual([]);
  expectNear(image, (await inChunks('encode', film(13), [13])).slice(0, 1));
  const still = await inChunks('decode', Float64Array.from(framesOf(latents(4), z)[0]!), [1]);
  expect(still).toHaveLength(1);
  expect(differing(still, (await inChunks('decode', latents(4), [1, 1, 1, 1])).slice(0, 1))).toEqual([]);
  expectNear(still, (await inChunks('decode', latents(4), [4])).slice(0, 1));
});

// Its graphs say 3.94 and 5.66.
test('a film of 17 frames of 64×64 takes the large preset at most 10 GFLOP to encode and 15 to decode', () => {
  const large = VAE_PRESETS.large, graph = new Graph(), p = bindParams(graph, vaeParams(large));
  const gflop = (output: Tensor): number => reachable(graph, [output]).reduce((n, id) => {
    const node = graph.nodes[id]!;
    return n + flopsOf(node.op, node.inputs.map((i) => graph.nodes[i]!), node.shape, node.params);
  }, 0) / 1e9;
  expect(gflop(encode(p.encoder, graph.input('video', [1, 3, 17, 64, 64]), large).mean)).toBeLessThanOrEqual(10);
  expect(gflop(decode(p.decoder, graph.input('latents', [1, large.latentChannels, latentFrames(17), 8, 8]), large))).toBeLessThanOrEqual(15);
});
