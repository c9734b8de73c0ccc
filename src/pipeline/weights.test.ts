/** @file Weights in a prompt, from tokens to what the transformer attends to, on a text tower with random weights. */
import { expect, test } from 'vitest';
import { ortBackend } from '../backend/ort/ort.ts';
import { ProgramCache } from '../backend/cache.ts';
import { normals } from '../core/random.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import { ditParams } from '../models/dit/dit.ts';
import { textParams, type TextConfig } from '../models/text/tower.ts';
import { initialValues, listParams } from '../nn/param.ts';
import { encodeCaptions, type CaptionTokens, type DitRuntime, type TextStates } from './sampling/denoise.ts';

const LENGTH = 8, TOKENS = 6, text: TextConfig = { vocabulary: 16, length: LENGTH, width: 16, depth: 2, heads: 2, mlp: 'relu2' }, config = { ...DIT_PRESETS.tiny, textWidth: 16 };
const weights = Object.fromEntries(listParams({ dit: ditParams(config), text: textParams(text) }).map(({ name, leaf }) => {
  const data = initialValues(leaf, name, 1);
  return [name, leaf.init.kind === 'constant' && leaf.init.value === 0 ? normals({ seed: 1, stream: name, step: 0 }, data.length).map((x) => 0.3 * x) : data];
}));
const runtime: DitRuntime = { backend: ortBackend({ threads: 1 }), programs: new ProgramCache(2), config, text, prediction: 'x', weights };
const present = Float32Array.from({ length: LENGTH }, (_, i) => Number(i < TOKENS)), ids = Int32Array.from({ length: LENGTH }, (_, i) => (i < TOKENS ? i + 1 : 0));
const empty: CaptionTokens = { ids: Int32Array.of(1, 2, 0, 0, 0, 0, 0, 0), present: Float32Array.of(1, 1, 0, 0, 0, 0, 0, 0) };
const encoded = (weighted?: readonly (readonly [token: number, weight: number])[]): Promise<TextStates> =>
  encodeCaptions(runtime, { ids, present, ...(weighted ? { weights: present.map((w, i) => weighted.find(([token]) => token === i)?.[1] ?? w) } : {}) }, empty);

/** Attention of a query to the tokens of the first caption, in the first block's first head. */
function attention(states: TextStates, query: Float32Array): number[] {
  const d = config.width / config.heads, keys = states['kv.0.k']!, bias = states['bias']!;
  const scores = Array.from({ length: LENGTH }, (_, token) => bias[token]! + query.reduce((sum, q, i) => sum + q * keys[token * d + i]!, 0) / Math.sqrt(d));
  const most = Math.max(...scores), odds = scores.map((score) => Math.exp(score - most)), all = odds.reduce((a, b) => a + b);
  return odds.map((o) => o / all);
}

test('weights of 1 give the same bytes as none', async () => {
  expect(await encoded([[2, 1], [3, 1]])).toEqual(await encoded());
});

test('a token is attended to more with a greater weight, less with a smaller one, not at all with 0', async () => {
  const plain = await encoded(), queries = Array.from({ length: 8 }, (_, step) => normals({ seed: 2, stream: 'query', step }, config.width / config.heads));
  const share = (states: TextStates): number => queries.reduce((sum, q) => sum + attention(states, q)[3]!, 0) / queries.length;
  const [none, half, double, most] = await Promise.all([0, 0.5, 2, 4].map(async (weight) => share(await encoded([[3, weight]]))));
  expect(none).toBe(0);
  expect(half).toBeLessThan(share(plain));
  expect(double).toBeGreaterThan(share(plain));
  expect(most).toBeGreaterThan(double!);
});

test('a token of weight 0 is a token that is not there', async () => {
  const zero = await encoded([[3, 0]]), gone = await encodeCaptions(runtime, { ids, present: present.map((p, i) => (i === 3 ? 0 : p)) }, empty);
  for (const name of ['pooled', 'bias']) expect(zero[name], name).toEqual(gone[name]);
  const d = config.width / config.heads, rows = (states: TextStates): number[][] =>
    Array.from({ length: TOKENS }, (_, token) => [...states['kv.0.k']!.subarray(token * d, (token + 1) * d)]).filter((_, token) => token !== 3);
  expect(rows(zero)).toEqual(rows(gone));
});

test('the pooled vector leans to what weighs more, and the other caption stays as it is', async () => {
  const [plain, heavy] = [await encoded(), await encoded([[3, 3]])], width = text.width;
  expect(heavy['pooled']!.subarray(width)).toEqual(plain['pooled']!.subarray(width));
  expect(heavy['pooled']!.subarray(0, width)).not.toEqual(plain['pooled']!.subarray(0, width));
});
