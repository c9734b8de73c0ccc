import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileError, InputError } from '../../core/errors.ts';
import { drawCrossing, drawPair, drawWalk, hasPlaces } from './places.ts';
import { CELLS, cellIndex, PackBuilder, SHEET_HEIGHT, SHEET_WIDTH, type Pack } from './sheet.ts';
import { FIXTURE_LAYERS, writeFixture } from './testing-fixture.ts';
import { referenceFilm } from './testing-reference.ts';
import { afterChange, drawClip, loadSpriteWorld, previewSprites, renderClip, splitOf, walksOf, type ClipSpec, type DrawClipOptions, type SpriteWorld } from './world.ts';

let dir: string, cacheDir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-sprites-'));
  cacheDir = path.join(dir, 'cache');
  await writeFixture(path.join(dir, 'lpc'));
  world = await loadSpriteWorld(path.join(dir, 'lpc'), { cacheDir });
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const clips = (count: number, o: Partial<DrawClipOptions>): ClipSpec[] =>
  Array.from({ length: count }, (_, step) => drawClip(world, { key: { seed: 3, stream: 'test', step }, split: 'train', width: 64, height: 64, frames: 9, ...o }));

describe('loading', () => {
  test('layers without a listed author are dropped, and the rest credited', () => {
    expect(world.counts.files).toBe(FIXTURE_LAYERS.length);
    for (const unlisted of ['weapons/right hand/female/woodwand_female', 'hair/male/plain/shadows-lightbody', 'hair/male/parted/black'])
      expect(world.layers.has(unlisted)).toBe(false);
    expect(world.layers.size).toBe(FIXTURE_LAYERS.length - 3);
    expect(world.credits.find((c) => c.artist === 'Joe White')?.layers).toBe(12 + 2 + 1);   // plain hair; a woman's two trousers; her shoes
  });

  test('the cache file gives back the same pack, and a damaged one is made anew', async () => {
    const again = await loadSpriteWorld(path.join(dir, 'lpc'), { cacheDir });
    const same = (a: Pack, b: Pack): void => {
      expect(a.names).toEqual(b.names);
      for (const part of ['palettes', 'placements', 'blocks', 'pixels'] as const)
        expect(Buffer.compare(
          new Uint8Array(a[part].buffer, a[part].byteOffset, a[part].byteLength),
          new Uint8Array(b[part].buffer, b[part].byteOffset, b[part].byteLength),
        ), part).toBe(0);
    };
    same(again.pack, world.pack);
    const file = path.join(cacheDir, (await readdir(cacheDir))[0]!);
    await writeFile(file, (await readFile(file)).subarray(0, 5000));
    same((await loadSpriteWorld(path.join(dir, 'lpc'), { cacheDir })).pack, world.pack);
    expect((await readdir(cacheDir)).length).toBe(1);
  });

  test('a folder without sheets is refused in one line', async () => {
    await expect(loadSpriteWorld(cacheDir)).rejects.toThrow(FileError);
    await expect(loadSpriteWorld(path.join(dir, 'nowhere'))).rejects.toThrow(/cannot read the sprite layers in/);
  });

  test('a cache that cannot be written is named in one line', async () => {
    const file = path.join(dir, 'file');
    await writeFile(file, '');
    const loading = loadSpriteWorld(path.join(dir, 'lpc'), { cacheDir: file });
    await expect(loading).rejects.toThrow(FileError);
    await expect(loading).rejects.toThrow(/^cannot write .*file\/sprites-[0-9a-f]{24}\.bin: /);
  });
});

describe('sheets', () => {
  test('178 cells, falling only towards the viewer', () => {
    expect(CELLS.length).toBe(4 * (7 + 8 + 9 + 6 + 13) + 6);
    expect(CELLS[cellIndex('shoot', 'left', 12)]).toEqual({ action: 'shoot', facing: 'left', column: 12, row: 17 });
    expect(() => cellIndex('fall', 'left', 0)).toThrow(InputError);
    expect(() => cellIndex('slash', 'left', 6)).toThrow(/has 6 frames/);
  });

  test('equal shapes in other colours share their blocks; more than 255 colours map to the nearest', () => {
    const sheet = (colour: (x: number, y: number) => number): Uint8Array => {
      const words = new Uint32Array(SHEET_WIDTH * SHEET_HEIGHT);
      for (let y = 0; y < 20; y++) for (let x = 0; x < 20; x++) words[y * SHEET_WIDTH + x] = colour(x, y);
      return new Uint8Array(words.buffer);
    };
    const builder = new PackBuilder();
    builder.add('red', sheet((x) => 0xff0000ff + x * 256));
    builder.add('blue', sheet((x) => 0xffff0000 + x * 256));
    expect(builder.build().blocks.length / 3).toBe(1);
    builder.add('many', sheet((x, y) => (0xff000000 + x + y * 0x0100) >>> 0));                 // 400 colours
    const { palettes, pixels, blocks } = builder.build();
    for (let y = 0; y < 20; y++) for (let x = 0; x < 20; x++) {
      const word = palettes[2 * 256 + pixels[blocks[3]! + y * 20 + x]!]!;
      expect(Math.abs((word & 255) - x) + Math.abs(((word >>> 8) & 255) - y)).toBeLessThanOrEqual(y < 12 ? 0 : 10);
    }
  });
});

describe('drawing', () => {
  test('the same key gives the same clip, another step another', () => {
    expect(clips(20, {})).toEqual(clips(20, {}));
    expect(new Set(clips(20, {}).map((c) => JSON.stringify(c))).size).toBe(20);
  });

  test('train and held-out clips share no triple of garment, hair colour and action', () => {
    for (const split of ['train', 'heldout'] as const)
      for (const clip of clips(100, { split, width: 128 })) for (const { labels: l } of clip.characters) expect(splitOf(l.garment, l.hairColour, l.action)).toBe(split);
  });

  test('sheets without thrust and shoot are never worn with these actions, and every character is dressed', () => {
    for (const clip of clips(300, { width: 128, frames: 17 })) {
      for (const { labels, layers } of clip.characters) {
        if (labels.action === 'thrust' || labels.action === 'shoot') expect(layers.join()).not.toContain('no_th-sh');
        for (const part of ['body/', 'legs/', 'torso/', 'feet/']) expect(layers.some((l) => l.startsWith(part)), `${part} in ${layers.join()}`).toBe(true);
        for (const layer of layers) expect(layer.includes('female')).toBe(labels.sex === 'female');
      }
    }
  });

  test('two characters only from 96 wide, crossing only from 128 and then really changing places', () => {
    expect(clips(100, {}).every((c) => c.characters.length === 1)).toBe(true);
    expect(clips(100, { width: 96, frames: 17 }).every((c) => c.relation === 'apart')).toBe(true);
    expect(clips(100, { width: 96 }).some((c) => c.characters.length === 2)).toBe(true);
    for (const frames of [13, 17, 25, 33]) {
      const crossing = clips(200, { width: 128, frames }).filter((c) => c.relation === 'crossing');
      expect(crossing.length).toBeGreaterThan(5);
      for (const { characters: [a, b] } of crossing) {
        const at = (c: ClipSpec['characters'][number], t: number): number => c.place.x + c.place.dx * t;
        expect(at(b!, 0) - at(a!, 0)).toBeGreaterThan(32);
        expect(at(a!, frames - 1) - at(b!, frames - 1)).toBeGreaterThan(30);
        for (const c of [a!, b!]) expect(Math.abs(c.place.dx)).toBeLessThanOrEqual(5);
      }
    }
  });

  test('walkers stay on the canvas and move the way they face', () => {
    let travelled = 0;
    for (const [width, height] of [[96, 64], [128, 64], [64, 96]] as const)
      for (const frames of [2, 9, 17, 33])
        for (const { characters } of clips(60, { width, height, frames })) for (const { place, labels } of characters) {
          for (const t of [0, frames - 1]) {
            expect(place.x + place.dx * t).toBeGreaterThanOrEqual(-16);
            expect(place.x + place.dx * t).toBeLessThanOrEqual(width - 46);
            expect(place.y + place.dy * t).toBeGreaterThanOrEqual(-8);
            expect(place.y + place.dy * t).toBeLessThanOrEqual(height - 62);
          }
          expect(labels.travels).toBe(place.dx !== 0 || place.dy !== 0);
          if (!labels.travels) continue;
          travelled++;
          expect([Math.sign(place.dx), Math.sign(place.dy)]).toEqual({ left: [-1, 0], right: [1, 0], away: [0, -1], towards: [0, 1] }[labels.facing]);
        }
    expect(travelled).toBeGreaterThan(50);
  });

  test('walks for films are drawn as those of clips: the same places and speeds, none farther', () => {
    const seeds = Array.from({ length: 300 }, (_, seed) => seed), canvas = { width: 128, height: 64, frames: 17 };
    const text = (walks: readonly unknown[]): string => JSON.stringify(walks);
    for (const goes of ['left', 'right'] as const) {
      const drawn = new Set(clips(600, { ...canvas, deeds: 'travel' }).filter(({ characters: [c] }) => c!.labels.facing === goes).map((spec) => text(walksOf(spec))));
      expect(new Set(seeds.map((seed) => text([drawWalk(seed, goes, canvas)])))).toEqual(drawn);
    }
    const crossing = clips(400, { ...canvas, deeds: 'pair' }).filter(({ relation }) => relation === 'crossing').map((spec) => text(walksOf(spec)));
    expect(new Set(seeds.map((seed) => text(drawCrossing(seed, canvas)!)))).toEqual(new Set(crossing));
    expect(drawCrossing(1, { ...canvas, frames: 65 })).toEqual(drawCrossing(1, { ...canvas, frames: 33 }));             // as far, in more time
    expect(drawCrossing(1, { ...canvas, frames: 9 })).toBeNull();
    for (const seed of seeds.slice(0, 40)) {
      const still = drawWalk(seed, undefined, canvas), { from, to } = drawWalk(seed, 'left', { ...canvas, frames: 1 });
      expect([still.to, to]).toEqual([still.from, from]);
    }
    expect([128, 96, 64].map((width) => hasPlaces({ width }))).toEqual([true, true, false]);
    const long = drawWalk(1, 'left', { ...canvas, frames: 65 });
    expect(long.to).toBe(long.from);                                                                                  // no walk is slow enough
  });

  test('two who stand side by side stand in films where they do in clips', () => {
    const canvas = { width: 128, height: 64, frames: 17 }, text = (walks: readonly object[]): string => JSON.stringify(walks);
    const drawn = new Set(clips(400, { ...canvas, deeds: 'pair' }).filter(({ relation }) => relation === 'apart').map((spec) => text(walksOf(spec))));
    const films = new Set(Array.from({ length: 60 }, (_, seed) => text(drawPair(seed, canvas))));
    expect(films.size).toBeGreaterThan(3);
    expect([...films].filter((walks) => !drawn.has(walks))).toEqual([]);
  });

  test('falls alone, and characters that go on to do something else where a latent frame begins, in the same clothes and split', () => {
    for (const spec of clips(20, { deeds: 'fall' })) expect(spec.characters.map(({ labels }) => labels.action)).toEqual(['fall']);
    const starts = new Set<number>(), seconds = new Set<string>();
    for (const split of ['train', 'heldout'] as const) for (const spec of clips(80, { deeds: 'change', frames: 25, split })) {
      const [{ next, ...first }] = spec.characters as [ClipSpec['characters'][number]], [later] = afterChange(spec).characters;
      starts.add(next!.from); seconds.add(next!.labels.action);
      expect([next!.labels.action === first.labels.action, first.labels.action === 'fall']).toEqual([false, false]);
      for (const same of ['garment', 'garmentColour', 'hairColour', 'hairStyle', 'sex'] as const) expect(next!.labels[same]).toBe(first.labels[same]);
      const splits = [first.labels, next!.labels].map(({ garment, hairColour, action }) => splitOf(garment, hairColour, action));
      expect(splits).toEqual(['train', split]);
      expect(next!.layers.some((layer) => layer.includes('spear'))).toBe(next!.labels.action === 'thrust');
      expect([later!.labels, later!.layers]).toEqual([next!.labels, next!.layers]);
    }
    expect([...starts].sort((a, b) => a - b)).toEqual([5, 9, 13, 17]);
    expect([...seconds].sort()).toEqual(['fall', 'spellcast', 'thrust', 'walk']);
    expect(() => clips(1, { deeds: 'change', frames: 9 })).toThrow('a sprite clip of 9 frames has no room for a change of deeds; wanted 13 or more');
  });

  test('deeds that began before the clip, and are over after their last frame', () => {
    const starts = new Set<number>(), specs = clips(80, { deeds: 'late', frames: 17 });
    for (const { characters: [who, ...others], frames } of specs) {
      expect([others, who!.labels.action === 'walk', who!.next, who!.timing.start % 4, frames]).toEqual([[], false, undefined, 0, 17]);
      starts.add(who!.timing.start);
    }
    expect(Math.min(...starts)).toBe(4);
    const over = specs.find(({ characters: [who] }) => who!.labels.action === 'fall' && who!.timing.start >= 8)!, { frames } = renderClip(world, over);
    expect(frames.data.subarray(0, 64 * 64 * 3)).toEqual(frames.data.subarray(16 * 64 * 64 * 3));      // has fallen, and lies
  });

  test('pairs where they are asked for, every second one passing where there is room', () => {
    const wide = clips(60, { deeds: 'pair', width: 128, frames: 17 });
    expect(new Set(wide.map(({ characters }) => characters.length))).toEqual(new Set([2]));
    const crossing = wide.filter(({ relation }) => relation === 'crossing').length;
    expect(crossing).toBeGreaterThan(15); expect(crossing).toBeLessThan(45);
    expect(new Set(clips(20, { deeds: 'pair', width: 96, frames: 17 }).map(({ characters, relation }) => `${characters.length} ${relation}`))).toEqual(new Set(['2 apart']));
    expect(() => clips(1, { deeds: 'pair', width: 88 })).toThrow('a sprite clip 88 pixels wide has no room for two characters; wanted 96 or more');
  });

  test('walkers who cross the canvas, along a side that has room', () => {
    const size = { '128x64': ['left', 'right'], '64x128': ['away', 'towards'], '128x128': ['away', 'left', 'right', 'towards'] } as const;
    for (const [name, facings] of Object.entries(size)) {
      const [width, height] = name.split('x').map(Number) as [number, number], seen = new Set<string>();
      for (const { characters: [who, ...others] } of clips(60, { deeds: 'travel', width, height, frames: 17 })) {
        const { labels, place: { x, y, dx, dy } } = who!, across = labels.facing === 'left' || labels.facing === 'right';
        expect([others, labels.action, labels.travels, dx !== 0, dy !== 0]).toEqual([[], 'walk', true, across, !across]);
        for (const at of [x, x + 16 * dx]) { expect(at).toBeGreaterThanOrEqual(-14); expect(at).toBeLessThanOrEqual(width - 50); }
        for (const at of [y, y + 16 * dy]) { expect(at).toBeGreaterThanOrEqual(-8); expect(at).toBeLessThanOrEqual(height - 62); }
        seen.add(labels.facing);
      }
      expect([...seen].sort()).toEqual(facings);
    }
    for (const options of [{ width: 64, frames: 17 }, { width: 128, frames: 1 }] as const)
      expect(() => clips(1, { deeds: 'travel', ...options })).toThrow('no room to walk across');
  });

  test('wrong sizes and lengths are refused', () => {
    expect(() => clips(1, { width: 63 })).toThrow(/width is 63; allowed: whole numbers from 64/);
    expect(() => clips(1, { frames: 34 })).toThrow(InputError);
  });
});

describe('rendering', () => {
  test('equals a slow composition of the sheets, bit for bit', async () => {
    const kinds = [...clips(8, { frames: 17 }), ...clips(8, { width: 128, frames: 13 }), ...clips(4, { height: 96, frames: 1 }), ...clips(8, { frames: 17, deeds: 'change' })];
    for (const spec of kinds) {
      const { frames } = renderClip(world, spec);
      expect(Buffer.compare(frames.data, await referenceFilm(path.join(dir, 'lpc'), spec))).toBe(0);
    }
  });

  test('the silhouette is where the film differs from its ground', () => {
    for (const spec of clips(10, { frames: 5 })) {
      const { frames, silhouette } = renderClip(world, spec);
      const bare = renderClip(world, { ...spec, characters: [] }).frames;
      for (let i = 0; i < silhouette.length; i++) {
        const differs = [0, 1, 2].some((k) => frames.data[i * 3 + k] !== bare.data[i * 3 + k]);
        if (silhouette[i] === 0) { if (differs && spec.characters[0]!.labels.garment !== 'plate_armor') throw new Error(`pixel ${i} is drawn but not in the silhouette`); }
      }
      expect(silhouette.reduce((a, b) => a + b, 0) / spec.frames).toBeGreaterThan(600);      // the fixture's body: 24 × 50 pixels, partly off the canvas at worst
    }
  });

  test('cycles repeat after eight frames, one-shots end in a hold', () => {
    const frameOf = (data: Uint8Array, t: number): Buffer => Buffer.from(data.subarray(t * 64 * 64 * 3, (t + 1) * 64 * 64 * 3));
    const seen = new Set<string>();
    for (const spec of clips(60, { frames: 33 })) {
      const { data } = renderClip(world, spec).frames, { action } = spec.characters[0]!.labels;
      seen.add(action);
      if (action === 'walk') for (let t = 0; t + 8 < 33; t++) expect(frameOf(data, t).equals(frameOf(data, t + 8))).toBe(true);
      else for (let t = 16; t < 32; t++) expect(frameOf(data, t).equals(frameOf(data, 32))).toBe(true);
      expect(frameOf(data, 3).equals(frameOf(data, 4))).toBe(false);
    }
    expect([...seen].sort()).toEqual(['fall', 'spellcast', 'thrust', 'walk']);              // the fixture has no bow and no dagger
  });

  test('a preview shows every clip with its captions', () => {
    const { sheet, clips: drawn, captions } = previewSprites(world, { count: 5, columns: 3, frames: 9 });
    expect([drawn.length, captions.length]).toEqual([5, 5]);
    expect(sheet.data.length).toBe(sheet.width * sheet.height * 3);
    expect([sheet.width, sheet.height]).toEqual([3 * 130 + 2, 4 * 66 + 98 + 2]);
    const film = renderClip(world, drawn[0]!).frames.data;
    for (let y = 0; y < 64; y++) expect(Buffer.compare(
      sheet.data.subarray(((2 + y) * sheet.width + 132) * 3, ((2 + y) * sheet.width + 132 + 64) * 3),
      film.subarray((4 * 64 + y) * 64 * 3, (4 * 64 + y + 1) * 64 * 3),
    )).toBe(0);
  });
});
