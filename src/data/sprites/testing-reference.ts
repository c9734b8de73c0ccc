/**
 * @file A slow, independent renderer for tests: decodes PNG sheets and composites whole 64×64 cells with float alpha, knowing
 * nothing of packs, palettes and boxes. Not for use outside tests.
 */
import path from 'node:path';
import sharp from 'sharp';
import { paintGround } from './ground.ts';
import type { ClipSpec } from './spec.ts';

/** First row of each action, as the collection's README lists them. */
const ROWS = { spellcast: 0, thrust: 4, walk: 8, slash: 12, shoot: 16, fall: 20 };
const LAST = { spellcast: 6, thrust: 7, walk: 8, slash: 5, shoot: 12, fall: 5 };
const FACING_ROW = { away: 0, left: 1, towards: 2, right: 3 };

/** The film `[T, H, W, 3]` of a clip. */
export async function referenceFilm(dir: string, spec: ClipSpec): Promise<Uint8Array> {
  const { canvas: { width, height }, frames } = spec;
  const film = new Uint8Array(frames * width * height * 3);
  const sheets = new Map<string, Buffer>();
  for (const name of new Set(spec.characters.flatMap((c) => [...c.layers, ...c.next?.layers ?? []])))
    sheets.set(name, await sharp(path.join(dir, `${name}.png`)).ensureAlpha().raw().toBuffer());
  for (let t = 0; t < frames; t++) {
    const frame = Float64Array.from(paintGround(spec.ground, width, height));
    for (const c of [...spec.characters].sort((a, b) => a.place.y - b.place.y)) {
      const changed = c.next !== undefined && t >= c.next.from, deed = changed ? c.next! : c, at = deed.timing.start + t - (changed ? c.next!.from : 0);
      const { action, facing } = deed.labels, column = action === 'walk' ? 1 + (at % 8) : Math.min(LAST[action], at);
      const row = ROWS[action] + (action === 'fall' ? 0 : FACING_ROW[facing]);
      for (const name of deed.layers) {
        const sheet = sheets.get(name)!;
        for (let y = 0; y < 64; y++) for (let x = 0; x < 64; x++) {
          const X = x + c.place.x + c.place.dx * t, Y = y + c.place.y + c.place.dy * t;
          if (X < 0 || Y < 0 || X >= width || Y >= height) continue;
          const from = ((row * 64 + y) * 832 + column * 64 + x) * 4, alpha = sheet[from + 3]! / 255;
          for (let k = 0; k < 3; k++) { const at = (Y * width + X) * 3 + k; frame[at] = Math.round(frame[at]! * (1 - alpha) + sheet[from + k]! * alpha); }
        }
      }
    }
    film.set(Uint8Array.from(frame), t * width * height * 3);
  }
  return film;
}
