/**
 * @file Diffusion transformer against PyTorch in float64: output and the gradient of every parameter and of the tokens. The reference runs each
 * sample alone, without padding, masks or packs; here all stand in one pack of four shapes, with noise, kind and caption per latent frame.
 */
import { expect, test } from 'vitest';
import { DIT_PRESETS, type DiTConfig } from '../../src/models/dit/config.ts';
import { ditParams } from '../../src/models/dit/dit.ts';
import type { TextConfig } from '../../src/models/text/tower.ts';
import { textParams } from '../../src/models/text/tower.ts';
import { listParams } from '../../src/nn/param.ts';
import { compileDit, ditFeeds, type DiTCase, type Sample } from '../support/dit-case.ts';
import { golden } from '../support/golden.ts';

interface PackCase {
  readonly config: DiTConfig;
  readonly text: TextConfig;
  readonly captions: readonly (readonly number[])[];
  readonly groups: readonly { frames: number; height: number; width: number; count: number; regions?: number }[];
  readonly sigma: readonly number[];
  readonly kind: readonly number[];
  readonly captionOfFrames: readonly number[];
  readonly time: readonly number[];
  /** By sample; absent or null where frames have one caption. */
  readonly hears?: readonly (readonly number[] | null)[];
  readonly columns?: readonly (readonly number[] | null)[];
}

function samplesOf(c: PackCase): Sample[] {
  let at = 0, index = 0, place = 0;
  return c.groups.flatMap(({ count, regions = 1, ...shape }) => Array.from({ length: count }, (): Sample => {
    const cut = <T>(list: readonly T[]): T[] => list.slice(at, at + shape.frames);
    const hears = c.hears?.[index], columns = c.columns?.[index], caption = c.captionOfFrames.slice(place, place += shape.frames * regions);
    const sample = {
      name: String(index++), ...shape, sigma: cut(c.sigma), kind: cut(c.kind), caption, time: cut(c.time), ...(hears ? { hears } : {}), ...(columns ? { columns } : {}),
    };
    at += shape.frames;
    return sample;
  }));
}

test('the golden of our own style is that of preset tiny', async () => {
  expect((await golden<PackCase>('dit-tiny')).config.config).toEqual(DIT_PRESETS.tiny);
});

test.each(['dit-tiny', 'dit-paper', 'dit-regions'] as const)('%s: output and every gradient', async (name) => {
  const g = await golden<PackCase>(name);
  const c: DiTCase = { config: g.config.config, text: g.config.text, captions: g.config.captions, samples: samplesOf(g.config) };
  for (const rematerialise of [false, true]) {
    const each = { ...c, config: { ...c.config, rematerialise } };
    using program = await compileDit(each, { threads: 1, gradients: true });
    const got = await program.run(ditFeeds(each));
    g.expect('output', got['y']!);
    g.expect('grad:tokens', got['grad:tokens']!);
    const names = [...listParams(ditParams(c.config)).map((p) => p.name), ...(c.config.textWidth === null ? [] : listParams(textParams(c.text)).map((p) => `text.${p.name}`))];
    for (const param of names) g.expect(`grad/${param}`, got[`grad:${param}`]!);
  }
  expect(g.left(), 'tensors that were not compared').toEqual([]);
});
