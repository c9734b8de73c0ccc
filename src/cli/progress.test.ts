import { expect, test } from 'vitest';
import { progressLine, progressReporter } from './progress.ts';

/** Reports 100 steps of 50 ms each into a buffer. */
function record(stream: { readonly isTTY?: boolean; readonly columns?: number }): string[] {
  const out: string[] = [];
  let now = 1000;
  const { report, end } = progressReporter({ stream: { ...stream, write: (text) => { out.push(text); } }, now: () => now });
  for (let done = 0; done <= 100; done++, now += 50) report({ stage: 'sample', done, total: 100 });
  report({ stage: 'encode', done: 1, total: 1 });
  end();
  return out;
}

test('JSON lines: the first, the last, and one a second between', () => {
  const lines = record({}).map((line) => JSON.parse(line) as { stage: string; done: number; total: number; seconds: number });
  expect(lines.map((l) => [l.stage, l.done])).toEqual([['sample', 0], ['sample', 20], ['sample', 40], ['sample', 60], ['sample', 80], ['sample', 100], ['encode', 1]]);
  expect(lines[2]!.seconds).toBe(2);
});

test('a terminal gets one line that rewrites itself, never wider than the terminal, and wiped at the end', () => {
  const out = record({ isTTY: true, columns: 30 });
  expect(out).toHaveLength(51 + 1 + 1);                         // every 100 ms of 5 s, the other stage, the wipe
  for (const text of out) {
    expect(text.startsWith('\r') && text.endsWith('\u001b[K') && !text.includes('\n')).toBe(true);
    expect(text.length - 4).toBeLessThan(30);
  }
  expect(out.at(-1)).toBe('\r\u001b[K');
});

test('the line says what is left', () => {
  expect(progressLine({ stage: 'sample', done: 12, total: 48 }, 3)).toBe(`sample  ${'█'.repeat(6)}${'─'.repeat(18)}  12/48  3.0 s, 9.0 s left`);
  expect(progressLine({ stage: 'train', done: 1, total: 1, note: 'loss 0.1' }, 3)).toBe(`train   ${'█'.repeat(24)}  1/1  3.0 s  loss 0.1`);
});
