import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventFile, maskedCrc32c, type ScalarEvent } from './tensorboard.ts';

interface Golden { readonly crcs: readonly (readonly [string, number])[]; readonly events: readonly ScalarEvent[]; readonly file: string }
const golden = JSON.parse(readFileSync(new URL('../../test/fixtures/goldens/tensorboard.json', import.meta.url), 'utf8')) as Golden;

test("checksums are TensorBoard's", () => {
  expect(golden.crcs.length).toBeGreaterThan(3);
  for (const [text, crc] of golden.crcs) expect([text, maskedCrc32c(Buffer.from(text))]).toEqual([text, crc]);
});

test("an event file is byte for byte that of TensorBoard's own writer", () => {
  expect(Buffer.from(eventFile(golden.events)).toString('base64')).toBe(golden.file);
});

test('a file with more events begins as the file with fewer', () => {
  const more = Buffer.from(eventFile(golden.events)), fewer = Buffer.from(eventFile(golden.events.slice(0, 2)));
  expect(more.length).toBeGreaterThan(fewer.length);
  expect(more.subarray(0, fewer.length).equals(fewer)).toBe(true);
});
