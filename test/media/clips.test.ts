/**
 * @file Films that cameras made, through `ingest`: those of Debian's package opencv-doc, which `tools/clips/fetch` brings into .cache/clips (not committed). In CI they have to be
 * there. What is expected was seen on a contact sheet: KINORA_SHEET names a file, .png, and a new one is written there, a row of nine frames for each clip.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readClip } from '../../src/data/footage/dataset.ts';
import { ingest, type IngestResult } from '../../src/data/footage/ingest.ts';
import { difference, lumaOf, mean } from '../../src/data/footage/plane.ts';
import { contactSheet, writePng } from '../../src/media/contact-sheet.ts';

const clips = fileURLToPath(new URL('../../.cache/clips', import.meta.url)), there = existsSync(join(clips, '.done'));
if (!there) console.log('films of cameras are not there, and not tested: tools/clips/fetch brings them');

/** Rows of one film, by its name. */
const of = <T extends { readonly source: string }>(rows: readonly T[], name: string): T[] => rows.filter(({ source }) => basename(source) === name);

test.runIf(process.env['CI'] !== undefined)('CI has the films', () => { expect(there, 'tools/clips/fetch brings them').toBe(true); });

describe.runIf(there)('films of cameras', () => {
  let out: string, made: IngestResult;
  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'kinora-clips-'));
    made = await ingest({ inputs: [clips], out, area: 16_384 });
  }, 900_000);
  afterAll(async () => { await rm(out, { recursive: true, force: true }); });

  test('each is read to its end, and no frame is damaged', () => {
    expect(made.sources.map(({ source, frames, damaged, error }) => [basename(source), frames, damaged, error])).toEqual([
      ['Megamind.avi', 270, 0, undefined], ['Megamind_bugy.avi', 270, 0, undefined], ['box.mp4', 455, 0, undefined], ['camshift_face.gif', 16, 0, undefined],
      ['cup.mp4', 217, 0, undefined], ['meanshift_face.gif', 17, 0, undefined], ['tree.avi', 68, 0, undefined], ['vtest.avi', 795, 0, undefined],
    ]);
    expect(made.notes).toEqual([]);
  });

  test('shots end where the scene does: after a black frame she, he, she, he; nowhere in films of one shot', () => {
    expect(of(made.clips, 'Megamind.avi').map(({ shot, part, start }) => [shot, part, start])).toEqual(
      [[1, 0, 0.04], [2, 0, 4.09], [3, 0, 6.42], [4, 0, 8.34]].map(([shot, part, start]) => [shot, part, expect.closeTo(start!, 1)]));
    for (const name of ['box.mp4', 'cup.mp4', 'tree.avi', 'vtest.avi']) {
      const rows = [...of(made.clips, name), ...of(made.refused, name)];
      expect([name, rows.length > 1, rows.filter(({ shot }) => shot !== 0)]).toEqual([name, true, []]);
    }
  });

  test('the same film in another codec and at another rate is a duplicate, shot by shot', () => {
    const originals = of(made.clips, 'Megamind.avi').map(({ file }) => `resembles ${file}`);
    expect(of(made.refused, 'Megamind_bugy.avi').filter(({ stage }) => stage === 'duplicates').map(({ reason }) => reason)).toEqual(originals);
    expect(of(made.clips, 'Megamind_bugy.avi')).toEqual([]);
    expect(made.refused.filter(({ stage, source }) => stage === 'duplicates' && basename(source) !== 'Megamind_bugy.avi')).toEqual([]);
  });

  test('words over a picture are found, a street is not taken for them but once in twenty', () => {
    const texts = made.refused.filter(({ stage }) => stage === 'text').map(({ source }) => basename(source));
    expect(texts.filter((name) => name.endsWith('_face.gif')).length).toBeGreaterThanOrEqual(5);
    expect(texts.filter((name) => !name.endsWith('_face.gif')).length).toBeLessThanOrEqual(1);        // windows in a row
    expect(of(made.clips, 'vtest.avi').length).toBeGreaterThanOrEqual(19);
  });

  test('cameras on a stand do not move, people, leaves and a hand do; colours are those that one sees', () => {
    for (const [name, colour] of [['vtest.avi', 'green'], ['tree.avi', 'green'], ['box.mp4', 'grey']] as const) {
      for (const { motion, caption, colours } of of(made.clips, name)) {
        expect([name, motion!.camera, colours.includes(colour), motion!.own > 0.2]).toEqual([name, ['static'], true, true]);
        expect(caption.startsWith(`${name.split('.')[0]!}, the camera stands still, `)).toBe(true);
      }
    }
    const [leaves, hand] = [of(made.clips, 'tree.avi')[0]!, of(made.clips, 'tree.avi').at(-1)!];      // in the end a hand comes before the lens
    expect(hand.motion!.own).toBeGreaterThan(3 * leaves.motion!.own);
  });

  test('every clip can be read, none is black or grey all over, and the report tells of each film', async () => {
    const films = await Promise.all(made.clips.map((row) => readClip(out, row)));
    for (const [i, film] of films.entries()) {
      const luma = lumaOf(film, film.count >> 1), grey = { ...luma, data: new Uint8Array(luma.data.length).fill(mean(luma)) };
      expect([made.clips[i]!.file, film.count % 4, film.width % 8, film.height % 8, difference(luma, grey) > 8]).toEqual([made.clips[i]!.file, 1, 0, 0, true]);
    }
    const html = await readFile(made.report, 'utf8');
    for (const { source } of made.sources) expect(html).toContain(basename(source));
    const sheet = process.env['KINORA_SHEET'];
    if (sheet !== undefined) await writePng(sheet, contactSheet(films, { columns: 9 }));
  });
});
