import { expect, test } from 'vitest';
import { QUOTA_MS, quotaWait } from './quota.ts';
import { moved } from './waiting.ts';

test('a quota says when there is room: as soon as enough of what was made is a day old', () => {
  const made = [{ created: 300, seconds: 4 }, { created: 100, seconds: 10 }, { created: 200, seconds: 2 }], now = 1000;
  expect(quotaWait(made, { seconds: 4, now }, {})).toBeNull();
  expect(quotaWait(made, { seconds: 4, now }, { films: 4, seconds: 20 })).toBeNull();
  expect(quotaWait(made, { seconds: 4, now }, { films: 3 })).toBe(100 + QUOTA_MS - now);
  expect(quotaWait(made, { seconds: 4, now }, { films: 2 })).toBe(200 + QUOTA_MS - now);
  expect(quotaWait(made, { seconds: 5, now }, { seconds: 20 })).toBe(100 + QUOTA_MS - now);
  expect(quotaWait(made, { seconds: 15, now }, { seconds: 20 })).toBe(200 + QUOTA_MS - now);
  expect(quotaWait(made, { seconds: 15, now }, { films: 1, seconds: 20 })).toBe(300 + QUOTA_MS - now);
  expect(quotaWait([], { seconds: 21, now }, { seconds: 20 })).toBe(Infinity);
});

test('one of a list goes elsewhere, and no other one is lost', () => {
  const ids = ['a', 'b', 'c', 'd'];
  expect([0, 1, 2, 3, 9].map((position) => moved(ids, 'b', { position })!.join(''))).toEqual(['bacd', 'abcd', 'acbd', 'acdb', 'acdb']);
  expect([moved(ids, 'd', { before: 'b' }), moved(ids, 'a', { after: 'c' })]).toEqual([['a', 'd', 'b', 'c'], ['b', 'c', 'a', 'd']]);
  expect([moved(ids, 'a', { before: 'x' }), moved(ids, 'a', { after: 'a' })]).toEqual([undefined, undefined]);
});
