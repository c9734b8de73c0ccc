import { expect, test } from 'vitest';
import { CancelledError, ResourceError } from '../core/errors.ts';
import type { MemoryNeeds } from './memory.ts';
import { Room } from './room.ts';

/** Films of so many bytes, in a process of 100; entering notes when it happens. */
function rooms(places: number, free: { bytes: number }) {
  const room = new Room({ places, available: () => free.bytes }), came: string[] = [];
  const needs = (name: string, film: number, shared = 0): MemoryNeeds => ({ process: 100, film, shared, asked: name });
  return { room, came, enter: async (name: string, film: number, o: { readonly shared?: number; readonly signal?: AbortSignal } = {}) => {
    const place = await room.enter(needs(name, film, o.shared), o.signal);
    came.push(name);
    return place;
  } };
}
const settle = () => new Promise(setImmediate);

test('places are given in the order of coming; who does not fit beside others waits for them, and who does waits behind', async () => {
  const free = { bytes: 1000 }, { came, enter } = rooms(3, free), a = await enter('a', 300), b = await enter('b', 300);
  free.bytes = 10;                                              // what is under way has taken its part
  const large = enter('large', 700), small = enter('small', 10);
  await settle();
  expect(came).toEqual(['a', 'b']);
  a[Symbol.dispose]();
  a[Symbol.dispose]();
  await settle();
  expect(came).toEqual(['a', 'b']);
  free.bytes = 1000;
  b[Symbol.dispose]();
  await Promise.all([large, small]);
  expect(came).toEqual(['a', 'b', 'large', 'small']);
  const [c, d] = [enter('c', 10), enter('d', 10)];
  (await c)[Symbol.dispose]();
  await d;
  expect(came.slice(4)).toEqual(['c', 'd']);
});

test('what steps that are shared need counts beside others, not alone', async () => {
  const { came, enter } = rooms(2, { bytes: 1000 }), a = await enter('a', 800, { shared: 800 }), b = enter('b', 10);
  await settle();
  expect(came).toEqual(['a']);
  a[Symbol.dispose]();
  await b;
});

test('a film that cannot fit alone is refused with both figures, at once or when its turn comes; who is cancelled leaves, and the next one comes', async () => {
  const free = { bytes: 1e9 }, { room, came, enter } = rooms(1, free), stop = new AbortController(), a = await enter('a', 300);
  expect(() => { room.check({ process: 1e9, film: 1e9, shared: 0, asked: 'huge' }); }).not.toThrow();          // nobody knows yet
  const stopped = enter('stopped', 1, { signal: stop.signal }), huge = enter('huge', 2e9), last = enter('last', 1);
  stop.abort('enough');
  await expect(stopped).rejects.toThrow(CancelledError);
  a[Symbol.dispose]();
  await expect(huge).rejects.toThrow(new ResourceError('huge need about 2,000 MB of memory, 1,000 MB are free: make it smaller or shorter'));
  (await last)[Symbol.dispose]();
  expect(came).toEqual(['a', 'last']);
  expect(() => { room.check({ process: 1e9, film: 1e9, shared: 0, asked: 'huge' }); }).toThrow(ResourceError);
  await expect(enter('late', 1, { signal: AbortSignal.abort('before') })).resolves.toBeDefined();
});
