/**
 * @file Our MP4 in a real browser: a 24-colour chart through Chromium's decoder and compositor, and seeking. Run by
 * `npm run test:browser`; needs the system's Chromium (Debian: apt-get install chromium).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHART, CHART_COLUMNS, SATURATED, chartFilm, inFolder, largestDifference, METADATA, walkFilm } from './fixtures.ts';
import { type Frames, sliceFrames, upscaleNearest } from './frames.ts';
import { psnr } from './metrics.ts';
import { writeFilm } from './sink.ts';

/** Where distributions install it. */
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Chromium converts colours in two ways: libyuv where there is no GPU, shaders where there is one (here a software one). */
const PATHS = { 'without a GPU': [], 'with shaders': ['--enable-unsafe-swiftshader', '--use-gl=angle', '--use-angle=swiftshader', '--ignore-gpu-blocklist'] };

interface Played { readonly width: number; readonly height: number; readonly duration: number; readonly frames: readonly string[] }

/** What a page sees of a film at the middle of each frame. */
async function play(browser: Browser, film: Frames): Promise<{ readonly played: Played; readonly decoded: Frames }> {
  let bytes = '';
  await inFolder(async (folder) => {
    const file = join(folder, 'a.mp4');
    await writeFilm(file, film, { metadata: METADATA });
    bytes = (await readFile(file)).toString('base64');
  });
  const page = await browser.newPage();
  const played = await page.evaluate(async ({ url, count, fps }): Promise<Played> => {
    const video = document.createElement('video');
    const until = (event: string): Promise<void> => new Promise((resolve, reject) => {
      video.addEventListener(event, () => { resolve(); }, { once: true });
      video.addEventListener('error', () => { reject(new Error(video.error?.message)); }, { once: true });
    });
    const ready = until('loadeddata');
    video.muted = true;
    video.src = url;
    await ready;
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    const frames: string[] = [];
    for (let t = 0; t < count; t++) {
      const seeked = until('seeked');
      video.currentTime = (t + 0.5) / fps;
      await seeked;
      context.drawImage(video, 0, 0);
      let text = '';
      for (const byte of context.getImageData(0, 0, canvas.width, canvas.height).data) text += String.fromCharCode(byte);
      frames.push(btoa(text));
    }
    return { width: video.videoWidth, height: video.videoHeight, duration: video.duration, frames };
  }, { url: `data:video/mp4;base64,${bytes}`, count: film.count, fps: film.fps });
  await page.close();
  const rgba = Buffer.concat(played.frames.map((text) => Buffer.from(text, 'base64')));
  return { played, decoded: { ...film, data: new Uint8Array(rgba.filter((_, i) => i % 4 !== 3)) } };
}

describe.each(Object.entries(PATHS))('Chromium %s', (_name, flags) => {
  let browser: Browser;
  beforeAll(async () => { browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] }); });
  afterAll(async () => { await browser?.close(); });

  test.each([['ColorChecker', CHART], ['saturated', SATURATED]])('%s: 24 colours differ by at most 3/255 in the middle of every patch, in every frame', async (_chart, colours) => {
    const patch = 64, chart = chartFilm(patch, 5, 8, colours), { played, decoded } = await play(browser, chart);
    expect([played.width, played.height, played.duration]).toEqual([384, 256, 0.625]);
    const errors = colours.map((colour, i) => Math.max(...Array.from({ length: chart.count }, (_, t) => {
      const x = (i % CHART_COLUMNS) * patch + patch / 2, y = Math.floor(i / CHART_COLUMNS) * patch + patch / 2;
      const at = ((t * chart.height + y) * chart.width + x) * 3;
      return largestDifference(Uint8Array.from(colour), decoded.data.subarray(at, at + 3)).difference;
    })));
    console.log(`chart in Chromium ${browser.version()}: largest error ${Math.max(...errors)}/255, PSNR ${psnr(chart, decoded).toFixed(1)} dB`);
    expect(errors.every((e) => e <= 3), errors.join(' ')).toBe(true);
  });

  test('a seek shows the frame that was written there, at 8 fps and 512 pixels', async () => {
    const film = upscaleNearest(walkFilm(64, 17), 8), { played, decoded } = await play(browser, film);
    expect(played.duration).toBe(2.125);
    const scores = Array.from({ length: 17 }, (_, t) => psnr(sliceFrames(film, t, t + 1), sliceFrames(decoded, t, t + 1)));
    console.log(`pixel art in Chromium: ${Math.min(...scores).toFixed(1)} dB at least`);
    expect(Math.min(...scores)).toBeGreaterThan(30);
  });
});
