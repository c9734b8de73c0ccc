/**
 * @file A tiny world for tests: sheets drawn by rule into a folder, where every cell says in its colour which cell it is.
 * Not for use outside tests.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { CELL, SHEET_HEIGHT, SHEET_WIDTH } from './sheet.ts';

/** Where a fixture layer paints in each cell, its blue value and opacity, and the first rows (of 21) that it leaves empty. */
interface FixtureLayer {
  readonly name: string;
  readonly box: readonly [x: number, y: number, w: number, h: number];
  readonly blue: number;
  readonly alpha?: number;
  readonly emptyRows?: readonly number[];
}

const THRUST_AND_SHOOT = [4, 5, 6, 7, 16, 17, 18, 19];
const OTHERS = (kept: readonly number[]): number[] => Array.from({ length: 21 }, (_, row) => row).filter((row) => !kept.includes(row));

/** The layers of the tiny world: what the tests need to dress both sexes, and three that nobody is listed for. */
export const FIXTURE_LAYERS: readonly FixtureLayer[] = [
  { name: 'body/female/light', box: [20, 12, 24, 50], blue: 10 }, { name: 'body/male/light', box: [18, 12, 28, 50], blue: 20 },
  { name: 'legs/pants/female/red_pants_female', box: [22, 44, 20, 14], blue: 30 }, { name: 'legs/pants/male/red_pants_male', box: [22, 44, 20, 14], blue: 40 },
  { name: 'legs/pants/female/white_pants_female', box: [22, 44, 20, 13], blue: 45 },
  { name: 'feet/shoes/female/black_shoes_female', box: [22, 58, 20, 4], blue: 50 }, { name: 'feet/shoes/male/black_shoes_male', box: [22, 58, 20, 4], blue: 60 },
  { name: 'torso/plate/chest_female', box: [20, 30, 24, 14], blue: 70 }, { name: 'torso/plate/arms_female', box: [16, 30, 32, 6], blue: 80, alpha: 120 },
  { name: 'torso/shirts/longsleeve/male/white_longsleeve', box: [18, 30, 28, 16], blue: 90 },
  { name: 'torso/shirts/longsleeve/male/teal_longsleeve', box: [18, 30, 28, 16], blue: 100 },
  { name: 'torso/robes_female_no_th-sh/blue', box: [18, 30, 28, 30], blue: 110, emptyRows: THRUST_AND_SHOOT },
  ...['plain', 'long'].flatMap((style, i) => ['black', 'redhead', 'blonde', 'green2', 'white', 'purple'].flatMap((shade, j) => ['male', 'female'].map((sex, k) => (
    { name: `hair/${sex}/${style}/${shade}`, box: [20, 10, 24, 12 + 8 * i] as const, blue: 120 + i * 30 + j * 4 + k })))),
  { name: 'hair/male/plain/shadows-lightbody', box: [20, 10, 24, 12], blue: 1 }, { name: 'hair/male/parted/black', box: [20, 10, 24, 12], blue: 2 },
  { name: 'weapons/right hand/female/spear_female', box: [0, 40, 64, 2], blue: 200, emptyRows: OTHERS([4, 5, 6, 7, 8, 9, 10, 11]) },
  { name: 'weapons/right hand/female/woodwand_female', box: [0, 40, 64, 2], blue: 210 },
];

/** The RGBA bytes of a fixture sheet: red = 12·row, green = 16·column, blue = the layer's own. */
export function fixtureSheet({ box: [bx, by, bw, bh], blue, alpha = 255, emptyRows = [] }: FixtureLayer): Buffer {
  const rgba = Buffer.alloc(SHEET_WIDTH * SHEET_HEIGHT * 4);
  for (let row = 0; row < 21; row++) {
    if (emptyRows.includes(row)) continue;
    for (let column = 0; column < 13; column++)
      for (let y = by; y < by + bh; y++)
        for (let x = bx; x < bx + bw; x++) {
          const at = ((row * CELL + y) * SHEET_WIDTH + column * CELL + x) * 4;
          rgba[at] = 12 * row; rgba[at + 1] = 16 * column; rgba[at + 2] = blue; rgba[at + 3] = alpha;
        }
  }
  return rgba;
}

/** Writes the fixture's sheets under `dir`. */
export async function writeFixture(dir: string): Promise<void> {
  for (const layer of FIXTURE_LAYERS) {
    const file = path.join(dir, `${layer.name}.png`);
    await mkdir(path.dirname(file), { recursive: true });
    await sharp(fixtureSheet(layer), { raw: { width: SHEET_WIDTH, height: SHEET_HEIGHT, channels: 4 } }).png({ compressionLevel: 1 }).toFile(file);
  }
}
