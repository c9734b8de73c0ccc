/** @file The page of a run in a real browser: the slider shows one step's films after the other, nothing is fetched, nothing fails. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Frames } from '../../media/frames.ts';
import { wallWriter } from './walls.ts';
import { writeRunReport } from './write.ts';

const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A still of one colour. */
const still = (red: number): Frames =>
  ({ data: Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i % 3 === 0 ? red : 0)), width: 16, height: 16, count: 1, channels: 3, fps: 8 });

test('one slider goes through the steps of a wall', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-page-'));
  try {
    const entry = { step: 30, loss: 1, gradNorm: 1, rate: 1, samplesPerSecond: 1, ms: { data: 1, gradients: 1, update: 1 } };
    await writeFile(join(dir, 'metrics.jsonl'), `${JSON.stringify(entry)}\n`);
    for (const step of [10, 20, 30]) await wallWriter(dir, step)('samples', [{ film: still(step * 8), caption: `a knight at ${step}` }, { film: still(0), caption: 'an orc' }]);
    const url = pathToFileURL(await writeRunReport(dir)).href, browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
    try {
      const page = await browser.newPage(), failures: string[] = [], fetched: string[] = [];
      page.on('pageerror', (error) => { failures.push(error.message); });
      page.on('console', (message) => { if (message.type() === 'error') failures.push(message.text()); });
      page.on('request', (request) => { if (!request.url().startsWith('data:')) fetched.push(request.url()); });
      await page.goto(url);
      const slider = page.locator('.wall input[type=range]');
      const seen = async (): Promise<unknown[]> => page.evaluate(() => {
        const shown = [...document.querySelectorAll<HTMLImageElement>('.wall img')].filter((img) => img.offsetParent !== null), canvas = document.createElement('canvas');
        const context = canvas.getContext('2d')!;
        context.drawImage(shown[0]!, 0, 0);
        return [document.querySelector('.wall output')!.textContent, shown.map((img) => img.alt), context.getImageData(8, 8, 1, 1).data[0]];
      });
      const at = (step: number): unknown[] => [`step ${step}`, [`a knight at ${step}`, 'an orc'], step * 8];
      expect(await slider.count()).toBe(1);
      expect(await seen()).toEqual(at(30));
      await slider.press('ArrowLeft');
      expect(await seen()).toEqual(at(20));
      await slider.press('Home');
      expect(await seen()).toEqual(at(10));
      await slider.press('ArrowRight');
      expect(await seen()).toEqual(at(20));
      expect([failures, fetched]).toEqual([[], [url]]);
    } finally { await browser.close(); }
  } finally { await rm(dir, { recursive: true, force: true }); }
});
