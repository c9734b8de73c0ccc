import { expect, test } from 'vitest';
import { CancelledError } from '../core/errors.ts';
import { FilmQueue } from './film-queue.ts';
import type { FromWorker, WebFilmFacts, WebFilmOptions } from './messages.ts';

/** Lets what is under way come to its end. */
const settle = () => new Promise((resolve) => { setTimeout(resolve, 5); });

/** A queue of films that are done when the test says so, and what it says, in short. */
function watched() {
  const said: string[] = [], begun: string[] = [], finish = new Map<string, () => void>();
  const make = ({ prompt }: WebFilmOptions, { signal }: { readonly signal?: AbortSignal }): Promise<WebFilmFacts> => new Promise((resolve, reject) => {
    begun.push(prompt);
    signal?.addEventListener('abort', () => { reject(new CancelledError('cancelled at step 1 of 2')); });
    finish.set(prompt, () => { resolve({} as WebFilmFacts); });
  });
  const queue = new FilmQueue(make, (message: FromWorker) => {
    if (message.kind === 'done') said.push(`done ${message.id}`);
    if (message.kind === 'failed') said.push(`failed ${message.id} ${message.error.code}: ${message.error.message}`);
  });
  return { queue, said, begun, finish };
}

test('films asked for at once are made one after the other; one that waits is cancelled at once, and never begun', async () => {
  const { queue, said, begun, finish } = watched();
  for (const [i, prompt] of ['a', 'b', 'c'].entries()) queue.add(i, { prompt });
  await settle();
  queue.cancel(1);
  expect([begun, said]).toEqual([['a'], ['failed 1 cancelled: cancelled']]);
  finish.get('a')!();
  await settle();
  finish.get('c')!();
  await settle();
  expect([begun, said.slice(1)]).toEqual([['a', 'c'], ['done 0', 'done 2']]);
});

test('the film that is made stops where it can, is told of once, and the next one is begun; what is done cannot be cancelled', async () => {
  const { queue, said, begun, finish } = watched();
  queue.add(1, { prompt: 'a' });
  queue.add(2, { prompt: 'b' });
  await settle();
  queue.cancel(1);
  queue.cancel(1);
  await settle();
  finish.get('b')!();
  await settle();
  queue.cancel(2);
  expect([begun, said]).toEqual([['a', 'b'], ['failed 1 cancelled: cancelled at step 1 of 2', 'done 2']]);
});
