/** @file The real layers: needs a checkout at KINORA_LPC or ../shared/data/lpc; its absence fails in CI and skips elsewhere. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artistsOf } from './credits.ts';
import { CELLS, cellIndex } from './sheet.ts';
import { referenceFilm } from './testing-reference.ts';
import { ACTIONS, drawClip, FACINGS, GARMENTS, HAIR_COLOURS, HAIR_STYLES, HEADGEAR, loadSpriteWorld, renderClip, WEAPONS, type ClipSpec, type SpriteWorld } from './world.ts';
import { HIDES_HAIR, layersWanted } from './wardrobe.ts';

const LPC = process.env.KINORA_LPC ?? '../shared/data/lpc';
const missing = !existsSync(path.join(LPC, 'AUTHORS.txt'));
test('the sprite layers are there in CI', () => {
  expect(missing && process.env.CI, `no Liberated Pixel Cup checkout at ${path.resolve(LPC)}; set KINORA_LPC`).toBeFalsy();
});

describe.skipIf(missing)('the Liberated Pixel Cup layers', () => {
  let world: SpriteWorld, cacheDir: string, clips: ClipSpec[];
  beforeAll(async () => {
    cacheDir = await mkdtemp(path.join(tmpdir(), 'kinora-lpc-'));
    world = await loadSpriteWorld(LPC, { cacheDir });
    clips = Array.from({ length: 3000 }, (_, step) => drawClip(world, {
      key: { seed: 11, stream: 'test', step }, split: step % 4 === 3 ? 'heldout' : 'train', width: 64, height: 64, frames: 9,
    }));
  }, 120_000);
  afterAll(() => rm(cacheDir, { recursive: true, force: true }));

  test('every layer that the wardrobe names exists and has a listed author', () => {
    const wanted = [...layersWanted()];
    expect(wanted.filter((name) => artistsOf(name).length === 0)).toEqual([]);
    expect(wanted.filter((name) => !world.layers.has(name))).toEqual([]);
    expect(world.credits.length).toBeGreaterThanOrEqual(15);
  });

  test('loads from its cache in under two seconds, in under 100 MB', async () => {
    const start = performance.now();
    const { pack } = await loadSpriteWorld(LPC, { cacheDir });
    expect(performance.now() - start).toBeLessThan(2000);
    expect(pack.pixels.byteLength + pack.placements.byteLength + pack.palettes.byteLength + pack.blocks.byteLength).toBeLessThan(100e6);
  });

  test('films equal a slow composition of the sheets within rounding of half-transparent pixels', async () => {
    for (const spec of clips.slice(0, 24)) {
      const fast = renderClip(world, spec).frames.data, slow = await referenceFilm(LPC, spec);
      let worst = 0;
      for (let i = 0; i < fast.length; i++) worst = Math.max(worst, Math.abs(fast[i]! - slow[i]!));
      expect(worst, spec.characters[0]!.layers.join()).toBeLessThanOrEqual(spec.characters[0]!.labels.folk === 'orc' ? 8 : 2);   // the orc holds 257 colours
    }
  }, 60_000);

  test('every member of the vocabulary occurs, and hair shows in at least 85 % of the clips', () => {
    const labels = clips.map((c) => c.characters[0]!.labels);
    const occurring = <T>(values: readonly T[], of: (l: (typeof labels)[number]) => unknown): void =>
      expect(values.filter((v) => !labels.some((l) => of(l) === v))).toEqual([]);
    occurring(ACTIONS, (l) => l.action); occurring(FACINGS, (l) => l.facing); occurring(GARMENTS, (l) => l.garment); occurring(HAIR_COLOURS, (l) => l.hairColour);
    occurring(HAIR_STYLES, (l) => l.hairStyle); occurring(HEADGEAR, (l) => l.headgear); occurring(WEAPONS, (l) => l.weapon);
    expect(labels.filter((l) => l.hairColour !== null).length / labels.length).toBeGreaterThan(0.85);
    for (const l of labels) if (l.headgear && HIDES_HAIR.has(l.headgear)) expect(l.hairColour).toBeNull();
  });

  test('no layer is worn with an action that its sheet lacks, in any facing', () => {
    const lacks = (name: string, action: ClipSpec['characters'][number]['labels']['action'], facing: (typeof FACINGS)[number]): boolean => {
      const first = cellIndex(action, facing, 0);
      return CELLS.every((cell, i) => i < first || cell.action !== action || cell.facing !== facing
        || world.pack.placements[(world.layers.get(name)! * CELLS.length + i) * 3]! < 0);
    };
    const wrong = clips.flatMap(({ characters: [c] }) => c!.layers.flatMap((name) => {
      const hides = c!.labels.facing === 'away' && /^(facial|weapons)|tie$/.test(name);      // a body hides these
      return !hides && lacks(name, c!.labels.action, c!.labels.facing) ? [`${name} is not drawn for ${c!.labels.action} ${c!.labels.facing}`] : [];
    }));
    expect(wrong).toEqual([]);
  });

  test('hair that is told can be seen: at least 40 pixels change when it is taken off', () => {
    for (const spec of clips.slice(0, 600)) {
      const [c] = spec.characters;
      if (c!.labels.hairColour === null) continue;
      const place = { x: 0, y: 0, dx: 0, dy: 0 };
      const film = (layers: readonly string[]): Uint8Array => renderClip(world, { ...spec, characters: [{ ...c!, place, layers }] }).frames.data;
      const shown = film(c!.layers), bald = film(c!.layers.filter((l) => !l.startsWith('hair/')));
      let most = 0;
      for (let t = 0; t < spec.frames; t++) {
        let changed = 0;
        for (let i = t * 4096; i < (t + 1) * 4096; i++) if (shown[i * 3] !== bald[i * 3] || shown[i * 3 + 1] !== bald[i * 3 + 1] || shown[i * 3 + 2] !== bald[i * 3 + 2]) changed++;
        most = Math.max(most, changed);
      }
      expect(most, c!.layers.join()).toBeGreaterThanOrEqual(40);
    }
  });
});
