import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { SAYS_USED, usedBy } from './machine.ts';

const used = async (program: string): ReturnType<typeof run> => run(['--import', SAYS_USED, '-e', program]);
const run = async (argv: readonly string[]) => usedBy((await promisify(execFile)(process.execPath, argv)).stderr);

test("a program's peak is its own, not that of who starts it", async () => {
  const held = Buffer.alloc(400e6, 1);
  const { peak } = await used('0');
  expect(held.length).toBe(400e6);
  expect(peak).toBeGreaterThan(20e6);
  expect(peak).toBeLessThan(200e6);
});

test('what it held for a moment counts, and so does its CPU', async () => {
  const { peak, cpuSeconds } = await used("Buffer.alloc(300e6, 1); const t = process.cpuUsage(); while (process.cpuUsage(t).user < 3e5);");
  expect(peak).toBeGreaterThan(300e6);
  expect(peak).toBeLessThan(450e6);
  expect(cpuSeconds).toBeGreaterThan(0.3);
});

test('a program that did not say what it used is an error', () => {
  expect(() => usedBy('used 12')).toThrow('did not say what it used');
});
