/**
 * @file Our films in a real browser: a 24-colour chart through Chromium's decoders and compositor, seeking, alpha, frames and durations of animated images. Run
 * by `npm run test:browser`; needs the system's Chromium (Debian: apt-get install chromium).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHART, CHART_COLUMNS, SATURATED, chartFilm, glassFilm, inFolder, largestDifference, METADATA, visibleDifference, walkFilm } from './fixtures.ts';
import { type Frames, sliceFrames, toRgb, upscaleNearest } from './frames.ts';
import { psnr } from './metrics.ts';
import { writeFilm } from './sink.ts';

/** Where distributions install it. */
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Chromium converts colours in two ways: libyuv where there is no GPU, shaders where there is one (here a software one). */
const PATHS = { 'without a GPU': [], 'with shaders': ['--enable-unsafe-swiftshader', '--use-gl=angle', '--use-angle=swiftshader', '--ignore-gpu-blocklist'] };

interface Played { readonly width: number; readonly height: number; readonly duration: number; readonly frames: readonly string[] }

/** The bytes of a film's file, in base 64. */
async function written(film: Frames, format: string): Promise<string> {
  let bytes = '';
  await inFolder(async (folder) => {
    const file = join(folder, `a.${format}`);
    await writeFilm(file, film, { metadata: METADATA });
    bytes = (await readFile(file)).toString('base64');
  });
  return bytes;
}

/** What a page sees of a film at the middle of each frame, RGBA. */
async function play(browser: Browser, film: Frames, format: 'mp4' | 'webm' = 'mp4'): Promise<{ readonly played: Played; readonly decoded: Frames }> {
  const bytes = await written(film, format), page = await browser.newPage();
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
      const seeked = until('seeked'), shown = new Promise<void>((resolve) => { video.requestVideoFrameCallback(() => { resolve(); }); setTimeout(resolve, 400); });
      video.currentTime = (t + 0.5) / fps;
      await seeked;
      await shown;                                                      // on a busy machine the seek is done before its frame is there
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(video, 0, 0);
      let text = '';
      for (const byte of context.getImageData(0, 0, canvas.width, canvas.height).data) text += String.fromCharCode(byte);
      frames.push(btoa(text));
    }
    return { width: video.videoWidth, height: video.videoHeight, duration: video.duration, frames };
  }, { url: `data:video/${format};base64,${bytes}`, count: film.count, fps: film.fps });
  await page.close();
  const rgba = Buffer.concat(played.frames.map((text) => Buffer.from(text, 'base64')));
  return { played, decoded: { ...film, channels: 4, data: new Uint8Array(rgba) } };
}

/** What a page's decoder of animated images gives: frames RGBA, milliseconds of each. */
async function decodeImage(browser: Browser, film: Frames, format: 'webp' | 'apng' | 'gif'): Promise<{ readonly decoded: Frames; readonly ms: readonly number[] }> {
  const bytes = await written(film, format), page = await browser.newPage();
  await page.route('https://kinora.test/', (route) => route.fulfill({ contentType: 'text/html', body: '<p>' }));      // decoders want a secure page
  await page.goto('https://kinora.test/');
  const seen = await page.evaluate(async ({ url, type }) => {
    const decoder = new ImageDecoder({ data: await (await fetch(url)).arrayBuffer(), type });
    await decoder.tracks.ready;
    await decoder.completed;
    const { frameCount } = decoder.tracks.selectedTrack!, frames: string[] = [], ms: number[] = [];
    for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
      const { image } = await decoder.decode({ frameIndex }), canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
      const context = canvas.getContext('2d')!;
      context.drawImage(image, 0, 0);
      let text = '';
      for (const byte of context.getImageData(0, 0, canvas.width, canvas.height).data) text += String.fromCharCode(byte);
      frames.push(btoa(text));
      ms.push((image.duration ?? 0) / 1000);
      image.close();
    }
    return { frames, ms };
  }, { url: `data:image/${format};base64,${bytes}`, type: `image/${format === 'apng' ? 'png' : format}` });
  await page.close();
  return { decoded: { ...film, count: seen.frames.length, channels: 4, data: new Uint8Array(Buffer.concat(seen.frames.map((text) => Buffer.from(text, 'base64')))) }, ms: seen.ms };
}

describe.each(Object.entries(PATHS))('Chromium %s', (_name, flags) => {
  let browser: Browser;
  beforeAll(async () => { browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] }); });
  afterAll(async () => { await browser?.close(); });

  const charts = (['mp4', 'webm'] as const).flatMap((format) => [['ColorChecker', CHART, format], ['saturated', SATURATED, format]] as const);
  test.each(charts)('%s: 24 colours differ by at most 3/255 in the middle of every patch, in every frame', async (_chart, colours, format) => {
    const patch = 64, chart = chartFilm(patch, 5, 8, colours), { played, decoded: rgba } = await play(browser, chart, format), decoded = toRgb(rgba);
    expect([played.width, played.height, played.duration]).toEqual([384, 256, 0.625]);
    const errors = colours.map((colour, i) => Math.max(...Array.from({ length: chart.count }, (_, t) => {
      const x = (i % CHART_COLUMNS) * patch + patch / 2, y = Math.floor(i / CHART_COLUMNS) * patch + patch / 2;
      const at = ((t * chart.height + y) * chart.width + x) * 3;
      return largestDifference(Uint8Array.from(colour), decoded.data.subarray(at, at + 3)).difference;
    })));
    console.log(`chart as ${format} in Chromium ${browser.version()}: largest error ${Math.max(...errors)}/255, PSNR ${psnr(chart, decoded).toFixed(1)} dB`);
    expect(errors.every((e) => e <= 3), errors.join(' ')).toBe(true);
  });

  test('a seek shows the frame that was written there, at 8 fps and 512 pixels', async () => {
    const film = upscaleNearest(walkFilm(64, 17), 8), { played, decoded: rgba } = await play(browser, film), decoded = toRgb(rgba);
    expect(played.duration).toBe(2.125);
    const scores = Array.from({ length: 17 }, (_, t) => psnr(sliceFrames(film, t, t + 1), sliceFrames(decoded, t, t + 1)));
    console.log(`pixel art in Chromium: ${Math.min(...scores).toFixed(1)} dB at least`);
    expect(Math.min(...scores)).toBeGreaterThan(30);
  });

  test('a WebM keeps its alpha, and the colours of what is seen', async () => {
    const film = upscaleNearest(glassFilm(32, 5), 4), { played, decoded } = await play(browser, film, 'webm'), seen = visibleDifference(film, decoded);
    console.log(`alpha of a WebM in Chromium: ${seen.alpha}/255, colours ${seen.colour}/255`);
    expect(played.duration).toBe(0.625);
    expect(seen.alpha).toBeLessThanOrEqual(1);
    expect(seen.colour).toBeLessThanOrEqual(12);                        // the canvas multiplies by alpha and divides again: at 16/255 that is 8 bytes
  });

  test.each(['webp', 'apng', 'gif'] as const)('an animated %s: every frame, exact, with its duration and alpha', async (format) => {
    for (const film of [walkFilm(40, 9), glassFilm(32, 6)]) {
      const { decoded, ms } = await decodeImage(browser, film, format);
      const hard = format === 'gif' && film.channels === 4 ? { ...film, data: film.data.map((v, i) => (i % 4 < 3 ? v : v >= 128 ? 255 : 0)) } : film;
      expect([decoded.count, ms.reduce((a, b) => a + b)]).toEqual([film.count, format === 'gif' ? Math.round(100 * film.count / 8) * 10 : 125 * film.count]);
      if (film.channels === 3) expect(largestDifference(film.data, toRgb(decoded).data).difference).toBe(0);
      else {
        const seen = visibleDifference(hard, decoded);
        expect([seen.alpha, seen.colour <= 8]).toEqual([0, true]);
      }
    }
  });
});
