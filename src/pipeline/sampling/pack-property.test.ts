/** @file A film's bytes do not depend on where it stands in a pack, on its neighbours, or on threads; and chunks of a film equal the film whole. */
import { expect, test } from 'vitest';
import { ortBackend } from '../../backend/ort/ort.ts';
import type { HostArray } from '../../backend/backend.ts';
import { ProgramCache } from '../../backend/cache.ts';
import { normals } from '../../core/random.ts';
import { Graph } from '../../graph/graph.ts';
import { DIT_PRESETS, QUANTIZATIONS, type Quantization } from '../../models/dit/config.ts';
import { ditParams } from '../../models/dit/dit.ts';
import { packFeeds, type PackSegment } from '../../models/dit/pack-feeds.ts';
import { textParams } from '../../models/text/tower.ts';
import { VAE_PRESETS } from '../../models/vae/config.ts';
import { decode, encode, vaeParams } from '../../models/vae/vae.ts';
import { bindParams, listParams } from '../../nn/param.ts';
import { filmDenoiser } from '../../train/tasks/dit-task.ts';
import { denoiseProgram, encodeCaptions, type DitRuntime } from './denoise.ts';
import { int8Runtime } from './int8.ts';
import { decodeFilm, encodeFilm } from './vae-stream.ts';

const values = (stream: string, n: number, scale = 1): Float32Array => normals({ seed: 1, stream, step: 0 }, n).map((x) => x * scale);
const weightsOf = (specs: unknown): Record<string, Float32Array> =>
  Object.fromEntries(listParams(specs).map(({ name, leaf: { shape } }) => {
    const n = shape.reduce((a, b) => a * b, 1);
    return [name, values(name, n, 1 / Math.sqrt(shape.length > 1 ? n / shape[0]! : 1))];
  }));

const config = { ...DIT_PRESETS.small, depth: 2 }, text = { vocabulary: 16, length: 24, width: config.textWidth, depth: 1, heads: 2, mlp: 'relu2' } as const;
const weights = weightsOf({ dit: ditParams(config), text: textParams(text) });

/** Where a film stands, and beside whom. */
interface Place { readonly threads: number; readonly count: number; readonly at: number; readonly neighbours: string; readonly quantize: Quantization }

/** The prediction for one film of a pack. */
async function predicted({ threads, count, at, neighbours, quantize }: Place): Promise<Float32Array> {
  const frames = 3, size = frames * 64 * config.channels, perCaption = text.length * config.width;
  const segment = (who: string, caption: number): PackSegment => ({
    times: [0, 4, 8], kinds: [0, 0, 1], sigmas: [0.7, 0.7, 0.02], captions: [caption, caption, caption], tokens: values(who, size),
  });
  using programs = new ProgramCache(2);
  const layout = { groups: [{ frames, height: 8, width: 8, count }], captions: Math.max(2, count) };
  const plain: DitRuntime = { backend: ortBackend({ threads }), programs, config, text, weights, prediction: 'velocity' }, rt = quantize === 'int8' ? int8Runtime(plain) : plain;
  const program = await denoiseProgram(rt, layout);
  const names = Array.from({ length: count }, (_, i) => (i === at ? 'film' : `${neighbours} ${i}`));
  const pooled = new Float32Array(layout.captions * text.width), bias = new Float32Array(layout.captions * text.length);
  names.forEach((name, i) => { pooled.set(values(`${name} pooled`, text.width), i * text.width); });
  const kv = Object.fromEntries(Array.from({ length: config.depth }, (_, block) => ['k', 'v'].map((part) => `kv.${block}.${part}`)).flat().map((key) => {
    const rows = new Float32Array(layout.captions * perCaption);
    names.forEach((name, i) => { rows.set(values(`${name} ${key}`, perCaption), i * perCaption); });
    return [key, rows] as const;
  }));
  const feeds = packFeeds(layout, names.map((name, i) => segment(name, i)), config) as unknown as Record<string, HostArray>;
  const { prediction } = await program.run({ ...rt.weights, ...feeds, ...kv, pooled, bias });
  return prediction!.slice(at * size, (at + 1) * size);
}

test.each(QUANTIZATIONS)('a film is the same at every place of a pack, beside any neighbours, with 1 and 2 threads; quantize %s', async (quantize) => {
  const alone = await predicted({ threads: 1, count: 2, at: 0, neighbours: 'a', quantize });
  for (const [threads, count, at, neighbours] of [[2, 2, 0, 'a'], [1, 2, 1, 'a'], [1, 2, 0, 'b'], [2, 2, 1, 'b'], [1, 1, 0, ''], [2, 3, 2, 'a'], [2, 5, 3, 'b']] as const) {
    const moved = await predicted({ threads, count, at, neighbours, quantize });
    expect([threads, count, at, neighbours, moved.findIndex((v, i) => v !== alone[i])]).toEqual([threads, count, at, neighbours, -1]);
  }
});

test('the prediction in 8-bit integers is near the one in float32, and another', async () => {
  const place = { threads: 1, count: 2, at: 0, neighbours: 'a' }, float = await predicted({ ...place, quantize: 'none' }), int8 = await predicted({ ...place, quantize: 'int8' });
  const size = (x: Float32Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0)), error = size(int8.map((v, i) => v - float[i]!)) / size(float);
  expect(error).toBeGreaterThan(1e-4);
  expect(error).toBeLessThan(0.03);                             // reached: 0.021
});

test('keys and values made once a film give the bits of a denoiser that has its text tower inside', async () => {
  const layout = { groups: [{ frames: 2, height: 8, width: 8, count: 2 }], captions: 2 }, backend = ortBackend({ threads: 2 });
  using programs = new ProgramCache(3);
  const rt = { backend, programs, config, text, weights, prediction: 'velocity' } as const;
  const caption = (words: readonly number[]) => ({
    ids: Int32Array.from({ length: text.length }, (_, i) => words[i] ?? 0),
    present: Float32Array.from({ length: text.length }, (_, i) => Number(i < words.length)),
  });
  const [a, b] = [caption([3, 1, 4, 1, 5]), caption([9])], states = await encodeCaptions(rt, a, b);
  const segments = [0, 1].map((i): PackSegment => ({ times: [0, 4], kinds: [0, 0], sigmas: [0.6, 0.6], captions: [i, i], tokens: values(`kv ${i}`, 2 * 64 * config.channels) }));
  const feeds = { ...weights, ...(packFeeds(layout, segments, config) as unknown as Record<string, HostArray>) };
  const { prediction } = await (await denoiseProgram(rt, layout)).run({ ...feeds, ...states });
  const graph = new Graph(), p = bindParams(graph, { dit: ditParams(config), text: textParams(text) });
  using whole = await backend.compile({ outputs: { y: filmDenoiser(graph, p, layout, config, text) } });
  const { y } = await whole.run({ ...feeds, ids: Int32Array.from([...a.ids, ...b.ids]), present: Float32Array.from([...a.present, ...b.present]) });
  expect(Buffer.from(prediction!.buffer, prediction!.byteOffset, prediction!.byteLength).equals(Buffer.from(y!.buffer, y!.byteOffset, y!.byteLength))).toBe(true);
});

test('the autoencoder in chunks equals the autoencoder whole, up to rounding', async () => {
  const vae = VAE_PRESETS.tiny, backend = ortBackend({ threads: 1 }), programs = new ProgramCache(8), vaeWeights = weightsOf(vaeParams(vae));
  const size = { width: 48, height: 32 }, rt = { backend, programs, config: vae, weights: vaeWeights };
  const graph = new Graph(), p = bindParams(graph, vaeParams(vae));
  const whole = await backend.compile({ outputs: {
    video: decode(p.decoder, graph.input('latents', [1, vae.latentChannels, 4, 4, 6]), vae), mean: encode(p.encoder, graph.input('video', [1, 3, 13, 32, 48]), vae).mean } });
  const latents = values('latents', vae.latentChannels * 4 * 24), film = values('film', 3 * 13 * 32 * 48);
  const expected = await whole.run({ ...vaeWeights, latents, video: film });
  const difference = (a: Float32Array, b: Float32Array): number => Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0) / b.reduce((sum, v) => sum + v * v, 0));
  expect(difference(await encodeFilm(rt, film, size), expected['mean']!)).toBeLessThan(1e-6);
  let t = 0;
  const video = new Float32Array(film.length), plane = 32 * 48;
  for await (const chunk of decodeFilm(rt, latents, size)) {
    const frames = chunk.length / 3 / plane;
    for (let c = 0; c < 3; c++) video.set(chunk.subarray(c * frames * plane, (c + 1) * frames * plane), (c * 13 + t) * plane);
    t += frames;
  }
  expect(t).toBe(13);
  expect(difference(video, expected['video']!)).toBeLessThan(1e-6);
});
