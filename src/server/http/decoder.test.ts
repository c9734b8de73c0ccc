/** @file Decoding processes that misbehave: one that grows, one that hangs, one that gives up; and turns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ApiError } from '../contract/errors.ts';
import type { DecodeRequest, DecodeResult } from '../workers/decode.ts';
import { bounded, decoderOf } from './decoder.ts';

const REQUEST: DecodeRequest = { file: '/none', kind: 'png', as: 'image', to: '/none', pixels: 1, seconds: 1 };
const running = (script: string) => decoderOf(['-e', script]);
/** Tells how long a call took, in milliseconds. */
async function timed<T>(call: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await call(), performance.now() - start];
}

test.skipIf(process.platform === 'win32')('one that grows outside of its heap is killed long before its time', async () => {
  const grow = 'const kept = []; setInterval(() => { if (kept.length < 100) kept.push(Buffer.alloc(8 << 20, 1)); }, 5);';     // at most 800 MiB
  const [result, ms] = await timed(() => running(grow)(REQUEST, { decodeMs: 60_000, decodeBytes: 200 * 2 ** 20 }));
  expect(result).toEqual({ wrong: 'it takes more than 200 MiB of memory to decode' });
  expect(ms).toBeLessThan(30_000);
});

test('one that hangs is killed when its time is over; one that ends says so at once', async () => {
  const [hung, ms] = await timed(() => running('setInterval(() => {}, 1000)')(REQUEST, { decodeMs: 1500, decodeBytes: 2 ** 30 }));
  expect(hung).toEqual({ wrong: 'it could not be decoded within 1.5 s' });
  expect(ms).toBeGreaterThan(1400);
  expect(await running('process.exit(3)')(REQUEST, { decodeMs: 60_000, decodeBytes: 2 ** 30 })).toEqual({ wrong: 'the decoder gave up on it' });
  expect(await running('console.log(JSON.stringify({ full: true }))')(REQUEST, { decodeMs: 60_000, decodeBytes: 2 ** 30 })).toEqual({ full: true });
});

test('so many at a time, in order; who waits too long is told when to come again', async () => {
  const begun: string[] = [], ends: (() => void)[] = [];
  let refused = 0;
  const decoder = bounded(async ({ file }): Promise<DecodeResult> => { begun.push(file); await new Promise<void>((done) => { ends.push(done); }); return { full: true }; },
    { limits: { decoders: 2, decodeWaitMs: 200 }, refused: () => { refused++; } });
  const call = (file: string): Promise<unknown> => decoder({ ...REQUEST, file }, { decodeMs: 1, decodeBytes: 1 }).catch((error: unknown) => error);
  const [a, , c, d] = [call('a'), call('b'), call('c'), call('d')];
  expect(begun).toEqual(['a', 'b']);
  ends[0]!();
  expect(await a).toEqual({ full: true });
  await sleep(0);
  expect(begun).toEqual(['a', 'b', 'c']);
  const late = await d;
  expect(late).toBeInstanceOf(ApiError);
  expect(late).toMatchObject({ status: 503, headers: { 'retry-after': '5' }, o: { code: 'decoders_busy' } });
  for (const end of ends) end();
  await c;
  const after = call('e');
  await sleep(0);
  expect([begun, refused]).toEqual([['a', 'b', 'c', 'e'], 1]);      // a place that nobody waits for is free again
  ends.at(-1)!();
  await after;
});
