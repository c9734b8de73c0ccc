/** @file Server-sent events, read however their bytes are cut. */
import { expect, test } from 'vitest';
import { readEvents, type ServerEvent } from './events.ts';

const STREAM = 'retry: 1000\n\n: still here\n\nid: 1\nevent: video.queued\ndata: {"a":\ndata: "é"}\n\r\nid: 2\r\nevent:video.completed\r\ndata: x: y\r\n\r\ndata: cut off';
const WANTED: readonly ServerEvent[] = [{ id: '1', name: 'video.queued', data: '{"a":\n"é"}' }, { id: '2', name: 'video.completed', data: 'x: y' }];

test.each([1, 2, 3, 7, 1000])('in pieces of %i bytes', async (size) => {
  const bytes = new TextEncoder().encode(STREAM), events: ServerEvent[] = [];
  const body = new ReadableStream<Uint8Array>({ start(controller) {
    for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
    controller.close();
  } });
  for await (const event of readEvents(body)) events.push(event);
  expect(events).toEqual(WANTED);
});

test('who stops reading closes the stream', async () => {
  let closed = false;
  const body = new ReadableStream<Uint8Array>({ pull(c) { c.enqueue(new TextEncoder().encode('data: a\n\n')); }, cancel() { closed = true; } });
  for await (const _ of readEvents(body)) break;
  expect(closed).toBe(true);
});
