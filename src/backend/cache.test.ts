import { expect, test } from 'vitest';
import type { Program } from './backend.ts';
import { ProgramCache } from './cache.ts';

/** A cache of two, what was compiled and disposed of in order, and how it is asked for a program. */
function watched() {
  const cache = new ProgramCache(2), compiled: string[] = [], disposed: string[] = [];
  const compile = (key: string) => (): Promise<Program> => {
    compiled.push(key);
    return Promise.resolve({ inputs: [], outputs: [key], compileMs: 0, run: () => Promise.resolve({}), [Symbol.dispose]() { disposed.push(key); } });
  };
  return { cache, compiled, disposed, compile, get: (key: string) => cache.get(key, compile(key)) };
}

const failing = () => Promise.reject(new Error('no memory'));
/** Lets what is under way come to its end. */
const settle = () => new Promise((resolve) => { setTimeout(resolve, 5); });

test('the program used longest ago makes room, and is disposed of; the others stay', async () => {
  const { compiled, disposed, get } = watched();
  const a = await get('a');
  await get('b');
  expect(await get('a')).toBe(a);
  await get('c');
  expect([compiled, disposed]).toEqual([['a', 'b', 'c'], ['b']]);
  expect(await get('a')).toBe(a);
  await get('b');
  expect([compiled, disposed]).toEqual([['a', 'b', 'c', 'b'], ['b', 'c']]);
});

test('those that hold too much together make room, the oldest first; the last four stay whatever they hold', async () => {
  const cache = new ProgramCache({ programs: 8, bytes: 100, kept: 4 }), disposed: string[] = [];
  const get = (key: string, bytes: number): Promise<Program> => cache.get(key, () =>
    Promise.resolve({ inputs: [], outputs: [key], compileMs: 0, bytes, run: () => Promise.resolve({}), [Symbol.dispose]() { disposed.push(key); } }));
  for (const key of ['a', 'b', 'c', 'd', 'e']) await get(key, 20);
  expect(disposed).toEqual([]);
  await get('a', 20);                                            // used again: the youngest
  await get('f', 50);
  expect(disposed).toEqual(['b', 'c']);
  for (const key of ['g', 'h', 'i', 'j']) await get(key, 400);
  expect(disposed).toEqual(['b', 'c', 'd', 'e', 'a', 'f']);
  await get('k', 1);
  expect(disposed.at(-1)).toBe('g');
});

test('two calls at once share one compilation', async () => {
  const { compiled, get } = watched(), [first, second] = await Promise.all([get('a'), get('a')]);
  expect(second).toBe(first);
  expect(compiled).toEqual(['a']);
});

test('a program that makes room while it is compiled is disposed of after its caller had it', async () => {
  const { cache, disposed, compile, get } = watched(), seen: string[][] = [];
  const slow = cache.get('slow', async () => { await settle(); return compile('slow')(); }).then(() => { seen.push([...disposed]); });
  await Promise.all([get('a'), get('b'), slow]);
  await settle();
  expect([seen, disposed]).toEqual([[[]], ['slow']]);
});

test('a failed compilation is tried again, and takes no place', async () => {
  const { cache, compiled, disposed, get } = watched();
  await get('a');
  await expect(Promise.all([cache.get('b', failing), cache.get('b', failing)])).rejects.toThrow('no memory');
  await get('b');
  await get('a');
  expect([compiled, disposed]).toEqual([['a', 'b'], []]);
});

test('a program that fails after it has made room for others rejects its own caller alone', async () => {
  const { cache, disposed, get } = watched();
  let fail: (e: Error) => void = () => undefined;
  const slow = cache.get('slow', () => new Promise((_, reject) => { fail = reject; }));
  const others = Promise.all([get('a'), get('b')]);
  fail(new Error('too late'));
  await expect(slow).rejects.toThrow('too late');
  expect((await others).map((p) => p.outputs)).toEqual([['a'], ['b']]);
  expect(disposed).toEqual([]);
});

test('disposing of the cache disposes of what it holds, also of what is still being compiled', async () => {
  const { cache, disposed, compile, get } = watched();
  await get('a');
  const late = cache.get('b', async () => { await settle(); return compile('b')(); });
  cache[Symbol.dispose]();
  await late;
  await settle();
  expect(disposed).toEqual(['a', 'b']);
  await get('c');
  cache[Symbol.dispose]();
  await settle();
  expect(disposed).toEqual(['a', 'b', 'c']);
});
