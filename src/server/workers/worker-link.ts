/**
 * @file The channel between a server and a worker that it started: the child's JobSource is the server's own, call by call. When the channel closes the server is gone,
 * and the child stops: nobody could take its film.
 */
import type { ChildProcess, Serializable } from 'node:child_process';
import { CancelledError } from '../../core/errors.ts';
import type { ClaimedJob, JobFailure, JobProgress, JobSource, Lease, MadeFilm } from '../contract/spec.ts';

/** Calls of a {@link JobSource}, as messages. */
type Call =
  | { readonly call: 'claim' }
  | { readonly call: 'renew'; readonly lease: Lease; readonly progress: JobProgress }
  | { readonly call: 'preview'; readonly lease: Lease; readonly image: string }
  | { readonly call: 'publish'; readonly lease: Lease; readonly made: MadeFilm }
  | { readonly call: 'fail'; readonly lease: Lease; readonly error: JobFailure; readonly again: boolean }
  | { readonly call: 'refuse'; readonly lease: Lease; readonly error: JobFailure }
  | { readonly call: 'release'; readonly lease: Lease };
type Question = Call & { readonly number: number };
type Answer = { readonly number: number; readonly result?: unknown; readonly error?: string };
/** What the server says by itself. */
type Push = { readonly push: 'wake' } | { readonly push: 'drop'; readonly id: string };

/** Answers a child's calls. */
export function answerCalls(child: ChildProcess, source: JobSource): void {
  const run = (q: Question): Promise<unknown> => {
    switch (q.call) {
      case 'claim': return source.claim();
      case 'renew': return source.renew(q.lease, q.progress);
      case 'preview': return source.preview(q.lease, q.image);
      case 'publish': return source.publish(q.lease, q.made);
      case 'fail': return source.fail(q.lease, q.error, q.again);
      case 'refuse': return source.refuse(q.lease, q.error);
      case 'release': return source.release(q.lease);
      default: return q satisfies never;
    }
  };
  child.on('message', (question: Question) => {
    const { number } = question;
    run(question).then((result) => ({ number, result: result ?? null }), (error: unknown) => ({ number, error: error instanceof Error ? error.message : String(error) }))
      .then((answer: Answer) => { if (child.connected) child.send(answer as Serializable, () => {}); }, () => {});
  });
}

/** Tells a child. */
export const tell = (child: ChildProcess, push: Push): void => { if (child.connected) child.send(push, () => {}); };

/** The child's side. */
export interface ParentLink {
  readonly source: JobSource;
  /** Called with what the server says by itself. */
  onPush(take: (push: Push) => void): void;
}

/** The channel to the server that started this process; undefined when none did. */
export function parentLink(closed: () => void): ParentLink | undefined {
  if (!process.send || !process.connected) return undefined;
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let number = 0, take: (push: Push) => void = () => {};
  process.on('message', (message: Answer | Push) => {
    if ('push' in message) { take(message); return; }
    const asked = open.get(message.number);
    open.delete(message.number);
    if (message.error === undefined) asked?.resolve(message.result); else asked?.reject(new Error(message.error));
  });
  process.on('disconnect', () => {
    for (const { reject } of open.values()) reject(new CancelledError('the server is gone'));
    open.clear();
    closed();
  });
  const ask = <T>(call: Call): Promise<T> => new Promise<T>((resolve, reject) => {
    if (!process.connected) { reject(new CancelledError('the server is gone')); return; }
    const question: Question = { ...call, number: ++number };
    open.set(question.number, { resolve: resolve as (value: unknown) => void, reject });
    process.send!(question);
  });
  return {
    source: {
      claim: () => ask<ClaimedJob | null>({ call: 'claim' }),
      renew: (lease, progress) => ask<boolean>({ call: 'renew', lease: bare(lease), progress }),
      preview: (lease, image) => ask<boolean>({ call: 'preview', lease: bare(lease), image }),
      publish: (lease, made) => ask<boolean>({ call: 'publish', lease: bare(lease), made }),
      fail: (lease, error, again) => ask<boolean>({ call: 'fail', lease: bare(lease), error, again }),
      refuse: (lease, error) => ask<void>({ call: 'refuse', lease: bare(lease), error }),
      release: (lease) => ask<void>({ call: 'release', lease: bare(lease) }),
    },
    onPush: (f) => { take = f; },
  };
}

const bare = ({ id, fence }: Lease): Lease => ({ id, fence });
