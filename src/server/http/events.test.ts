import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import type { Video } from '../contract/contract.ts';
import { Changes, eventStream } from './events.ts';
import type { JobRow } from '../state/job-row.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const job = (rev: number, status: JobRow['status']): JobRow => ({ id: 'a', rev, status }) as JobRow;

test('what another process changes is seen, though nobody tells and memory is collected meanwhile', async () => {
  let row = job(1, 'in_progress');
  const stopping = new AbortController(), client = new AbortController(), decoder = new TextDecoder(), reader = eventStream({
    id: 'a', changes: new Changes(), read: () => Promise.resolve(row), object: ({ status }) => Promise.resolve({ status } as Video),
    preview: () => Promise.resolve(undefined), after: null, signals: [client.signal, stopping.signal],
  }).getReader(), next = async (): Promise<string> => decoder.decode((await reader.read()).value);
  expect(await next()).toBe('retry: 1000\n\n');
  expect(await next()).toContain('event: video.in_progress');
  const end = next();
  await sleep(100);
  for (let i = 0; i < 3; i++) collect();
  row = job(2, 'completed');
  expect(await Promise.race([end, sleep(5000, 'nothing came')])).toContain('id: 2\nevent: video.completed');
  expect((await reader.read()).done).toBe(true);
}, 20_000);

test('a line leaves no listener behind, whether it ends, breaks, is left or the server stops', async () => {
  const stopping = new AbortController(), changes = new Changes(), added = vi.spyOn(stopping.signal, 'addEventListener'), gone = vi.spyOn(stopping.signal, 'removeEventListener');
  const open = (read: () => Promise<JobRow | undefined>): ReadableStreamDefaultReader<Uint8Array> => eventStream({
    id: 'a', changes, read, object: () => Promise.resolve({} as Video), preview: () => Promise.resolve(undefined), after: null, signals: [stopping.signal],
  }).getReader();
  const toEnd = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> => { while (!(await reader.read()).done); };
  await toEnd(open(() => Promise.resolve(job(1, 'completed'))));
  await expect(toEnd(open(() => Promise.reject(new Error('the database is away'))))).rejects.toThrow('the database is away');
  const left = open(() => Promise.resolve(job(1, 'in_progress')));
  await left.read();
  await left.cancel();
  const stopped = toEnd(open(() => Promise.resolve(job(1, 'in_progress'))));
  await sleep(50);
  stopping.abort();
  await stopped;
  expect([added.mock.calls.length, gone.mock.calls.length]).toEqual([4, 4]);
});
