/**
 * @file A sample's prediction does not depend on its place in a pack, on its neighbours, or on the number of threads: bit-equal. This is what
 * makes a film of one seed the same film at any `-n`. Two limits of onnxruntime's matrix product, measured: a product of one row takes another
 * path, so a pack needs two latent frames (both guidance branches have them); and where threads share the columns of a product of few rows,
 * 64 columns or fewer per thread are summed in another order: at width 320 from five threads on.
 */
import { expect, test } from 'vitest';
import { DIT_PRESETS, type DiTConfig } from '../../src/models/dit/config.ts';
import { compileDit, ditFeeds, type DiTCase, type Sample } from '../support/dit-case.ts';

const text = { vocabulary: 12, length: 16, width: 16, depth: 2, heads: 2, mlp: 'relu2' } as const;

function sample(name: string, [frames, height, width]: readonly [number, number, number], caption: number): Sample {
  const each = <T>(f: (i: number) => T): T[] => Array.from({ length: frames }, (_, i) => f(i));
  const time = each((i) => (i === frames - 1 ? 4 * i + name.length : 4 * i));             // the last frame stands between latent ones, as a given one may
  return { name, frames, height, width, sigma: each((i) => 0.9 - 0.17 * i), kind: each((i) => Number(i === 2)), caption: each(() => caption), time };
}

/** Captions differ in every pack; a sample carries its words, not their index. */
const words = { left: [1, 7, 3, 9], sword: [2], red: [11, 5, 5, 8, 4, 10] } as const;
type Caption = keyof typeof words;
interface Placed { readonly name: string; readonly shape: readonly [number, number, number]; readonly caption: Caption }

function packOf(config: DiTConfig, placed: readonly Placed[], order: readonly Caption[]): DiTCase {
  return { config, text, captions: order.map((c) => words[c]), samples: placed.map((p) => sample(p.name, p.shape, order.indexOf(p.caption))) };
}

const film: Placed = { name: 'film', shape: [3, 8, 8], caption: 'red' };
const twin: Placed = { name: 'twin', shape: [3, 8, 8], caption: 'left' };
const wide: Placed = { name: 'wide', shape: [2, 8, 16], caption: 'sword' };
const tall: Placed = { name: 'tall', shape: [2, 12, 8], caption: 'left' };
const still: Placed = { name: 'still', shape: [1, 8, 8], caption: 'sword' };
const small: Placed = { name: 'small', shape: [1, 4, 4], caption: 'red' };

const packs: readonly { readonly placed: readonly Placed[]; readonly order: readonly Caption[] }[] = [
  { placed: [film], order: ['red', 'left'] },
  { placed: [film, twin], order: ['red', 'left'] },
  { placed: [twin, film], order: ['left', 'red', 'sword'] },
  { placed: [wide, film, small], order: ['sword', 'left', 'red'] },
  { placed: [still, { ...still, name: 'still2' }, twin, film, tall, wide], order: ['left', 'sword', 'red'] },
  { placed: [small, tall, still, film], order: ['red', 'sword', 'left'] },
  { placed: [still, { ...still, name: 'still2' }], order: ['sword', 'left'] },
  { placed: [tall, small], order: ['left', 'red'] },
];

const configs = {
  tiny: DIT_PRESETS.tiny,
  'width of small': { ...DIT_PRESETS.small, depth: 1, textWidth: 16 },
  'paper, patch 2': { ...DIT_PRESETS['DiT-S/2'], depth: 1 },
} as const satisfies Record<string, DiTConfig>;

test.each(Object.entries(configs))('%s: same bits anywhere in any pack, with one thread, two, four', async (name, config) => {
  const chosen = name === 'tiny' ? packs : packs.filter((_, i) => [0, 3, 4, 6].includes(i));
  const seen = new Map<string, { bytes: Buffer; where: string }>(), different: string[] = [];
  for (const threads of [1, 2, 4]) for (const [i, { placed, order }] of chosen.entries()) {
    const c = packOf(config, placed, order);
    using program = await compileDit(c, { threads, gradients: false });
    const { y } = await program.run(ditFeeds(c));
    const perToken = config.channels * config.patch ** 2 * config.outputs;
    let at = 0;
    for (const s of c.samples) {
      const end = at + s.frames * s.height * s.width * perToken, part = y!.slice(at, end);
      const bytes = Buffer.from(part.buffer), where = `pack ${i}, ${threads} threads`, known = seen.get(s.name);
      if (!known) seen.set(s.name, { bytes, where });
      else if (!known.bytes.equals(bytes)) {
        const other = new Float32Array(known.bytes.buffer, known.bytes.byteOffset, part.length);
        different.push(`${s.name}: ${where} against ${known.where}: greatest difference ${Math.max(...part.map((v, j) => Math.abs(v - other[j]!)))}`);
      }
      at = end;
    }
  }
  expect(seen.size).toBe(7);
  expect(different).toEqual([]);
});
