import { expect, test } from 'vitest';
import { LONG_WAYS, madeBy, planWindows, wholeLatents, type FilmWindow, type TimelineOptions } from './timeline.ts';

const plan = (o: Partial<TimelineOptions>): FilmWindow[] =>
  planWindows({ frames: 17, known: [], shots: [{ start: 0, join: 'cut' }], window: 33, overlap: 9, loop: false, ...o });
const show = (o: Partial<TimelineOptions>): string => plan(o).map(({ start, end, before, after, shot, anchor }) =>
  `${start}-${end}<${before}>${after}#${shot}${anchor ? `@${anchor.from}+${anchor.lead}` : ''}`).join(' ');

test.each<[string, Partial<TimelineOptions>, string]>([
  ['words alone: one piece', {}, '0-17<0>0#0'],
  ['a long film: forward, each piece sees the last nine frames', { frames: 70 }, '0-33<0>0#0 24-57<9>0#0 48-70<9>0#0'],
  ['on from a clip', { frames: 33, known: [{ start: 0, end: 17 }] }, '8-33<9>0#0'],
  ['on from one image', { frames: 17, known: [{ start: 0, end: 1 }] }, '0-17<1>0#0'],
  ['on from four frames: three of them have no whole latents', { frames: 17, known: [{ start: 0, end: 4 }] }, '3-17<1>0#0'],
  ['up to a clip', { frames: 33, known: [{ start: 16, end: 33 }] }, '0-25<0>9#0'],
  ['far up to a clip: backwards', { frames: 60, known: [{ start: 51, end: 60 }] }, '27-60<0>9#0 3-36<0>9#0 0-12<0>9#0'],
  ['between two clips', { frames: 50, known: [{ start: 0, end: 17 }, { start: 33, end: 50 }] }, '12-42<5>9#0'],
  ['between two clips, far', { frames: 54, known: [{ start: 0, end: 17 }, { start: 37, end: 54 }] }, '8-33<9>0#0 24-46<9>9#0'],
  ['between two clips, near', { frames: 40, known: [{ start: 0, end: 13 }, { start: 26, end: 40 }] }, '4-35<9>9#0'],
  ['a loop: its passage sees the end and the start', { loop: true }, '0-9<0>0#0 0-26<9>9#0'],
  ['a clip into a loop', { frames: 25, known: [{ start: 0, end: 17 }], loop: true }, '8-34<9>9#0'],
  ['words change on the way', { frames: 34, shots: [{ start: 0, join: 'cut' }, { start: 17, join: 'free' }] }, '0-17<0>0#0 8-34<9>0#1'],
  ['a cut: the second shot sees nothing', { frames: 34, shots: [{ start: 0, join: 'cut' }, { start: 17, join: 'cut' }] }, '0-17<0>0#0 17-34<0>0#1'],
  ['a blend: the passage is made last', { frames: 34, shots: [{ start: 0, join: 'cut' }, { start: 17, join: 'blend' }] }, '0-13<0>0#0 21-34<0>0#1 4-30<9>9#1'],
  ['in stages: each anchor goes on from the first window, each gap sees the anchors on both sides', { frames: 105, longBy: 'stages' },
    '0-33<0>0#0 32-57<9>0#0@24+7 24-57<9>9#0 56-81<9>0#0@24+7 48-81<9>9#0 72-105<9>0#0'],
  ['in stages, the rest like any last window', { frames: 70, longBy: 'stages' }, '0-33<0>0#0 32-57<9>0#0@24+7 24-57<9>9#0 48-70<9>0#0'],
  ['in stages, other words have anchors of their own', { frames: 114, longBy: 'stages', shots: [{ start: 0, join: 'cut' }, { start: 33, join: 'free' }] },
    '0-33<0>0#0 24-57<9>0#1 56-81<9>0#1@48+7 48-81<9>9#1 80-105<9>0#1@48+7 72-105<9>9#1 96-114<9>0#1'],
  ['in stages on from a clip', { frames: 60, known: [{ start: 0, end: 17 }], longBy: 'stages' }, '16-41<9>0#0@8+7 8-41<9>9#0 32-60<9>0#0'],
])('%s', (_, o, text) => {
  expect(show(o)).toBe(text);
});

test('whatever is asked for: every unknown frame is made once, context is known when it is needed, no window is too long, whole latents', () => {
  for (let frames = 10; frames <= 140; frames += 19) for (const longBy of LONG_WAYS)
    for (const loop of [false, true]) for (const joins of [[], ['free'], ['cut', 'blend'], ['blend', 'free', 'cut']] as const)
    for (const known of [[], [{ start: 0, end: 6 }], [{ start: frames - 5, end: frames }], [{ start: 3, end: 5 }, { start: frames >> 1, end: (frames >> 1) + 4 }]]) {
      const shots = [{ start: 0, join: 'cut' as const }, ...joins.map((join, i) => ({ start: Math.round((i + 1) * frames / (joins.length + 1)), join }))];
      if (shots.some(({ start }, i) => i > 0 && start - shots[i - 1]!.start < 9)) continue;
      const there = new Uint8Array(frames), label = JSON.stringify({ frames, longBy, loop, joins, known });
      for (const { start, end } of known) there.fill(1, start, end);
      for (const w of plan({ frames, longBy, loop, shots, known })) {
        const frame = (i: number): number => (i < frames ? i : i - frames);
        expect(w.end - w.start, label).toBeLessThanOrEqual(33 + 8);                            // a blend or a short stretch between known ends may add itself
        for (const n of [w.before, w.after]) expect(n === 0 || wholeLatents(n) === n, label).toBe(true);
        const made = madeBy(w), from = w.anchor?.from ?? w.start;
        for (let i = 0; i < w.before; i++) expect(there[from + i], `${label} frame ${from + i}`).toBe(1);
        for (let i = made.start; i < w.end; i++) expect(there[frame(i)], `${label} frame ${i}`).toBe(i >= made.end ? 1 : 0);
        there.fill(1, made.start, made.end);
      }
      expect(there.every(Boolean), label).toBe(true);
    }
});

test('a loop that is too short, and windows too short for their overlap, are refused', () => {
  expect(() => plan({ frames: 9, loop: true })).toThrow('a loop of 9 frames is not possible: wanted at least 10');
  expect(() => plan({ frames: 40, window: 20 })).toThrow('windows of 20 frames are too short');
});
