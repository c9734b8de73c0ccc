/**
 * @file Webhooks by the Standard Webhooks scheme, as `client.webhooks.unwrap` of the openai packages reads them. That a job ended is recorded in the transaction that
 * ended it (jobs.ts), by whoever made the film; a server, which alone knows the webhooks, makes a delivery for each of them, once, and delivers, at least once, again and
 * again with the same id until somebody answers 2xx or three days have passed.
 */
import { createHmac } from 'node:crypto';
import type { ServerConfig } from './contract/config.ts';
import { NOW, type Database } from './state/db/database.ts';
import type { Log } from './watch/log.ts';

/** Seconds until the next try, after the first, the second, …; later ones are as far apart as the last. */
const BACK_OFF = [5, 30, 120, 600, 1800, 7200, 21_600];
const GIVE_UP_MS = 72 * 3_600_000, TIMEOUT_MS = 15_000;

/** `webhook-signature` of a message: HMAC-SHA256 over id, time and body. */
export function signature(secret: string, { id, time, body }: { readonly id: string; readonly time: number; readonly body: string }): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')}`;
}

interface Ended { readonly id: string; readonly job: string; readonly type: 'video.completed' | 'video.failed'; readonly created: number }
interface Delivery { readonly id: string; readonly url: string; readonly body: string; readonly attempts: number; readonly created: number }

/** Options of {@link deliverWebhooks}. */
export interface DeliverWebhooksOptions {
  readonly db: Database;
  readonly webhooks: ServerConfig['webhooks'];
  readonly log: Log;
  readonly count: (outcome: 'delivered' | 'failed' | 'given_up') => void;
  /** Stops what is under way: it is due again at once, and this try does not count. Default: nothing does. */
  readonly signal?: AbortSignal;
}

/** Makes a delivery for each webhook that wants to hear of an event. The event goes in the same transaction: of several servers one has it. */
async function expand(db: Database, webhooks: ServerConfig['webhooks']): Promise<void> {
  await db.transaction(async (tx) => {
    const ended = await tx.query<Ended>(`delete from kinora_events where id in (select id from kinora_events order by created limit 100 for update skip locked)
      returning id, job, type, created`);
    for (const { id, job, type, created } of ended) {
      const body = JSON.stringify({ id, object: 'event', type, created_at: Math.floor(created / 1000), data: { id: job } });
      for (const { url, events } of webhooks) {
        if (events.includes(type)) await tx.query(`insert into kinora_deliveries (id, url, secret_of, body, due, created)
          values ($1::text, $2::text, $2::text, $3::text, ${NOW}, $4::float8) on conflict do nothing`, [id, url, body, created]);
      }
    }
  });
}

/** Makes the deliveries that are due, of what has ended too; tells how many. Several servers may call it at once: each takes its own. */
export async function deliverWebhooks({ db, webhooks, log, count, signal }: DeliverWebhooksOptions): Promise<number> {
  await expand(db, webhooks);
  const due = await db.query<Delivery>(`update kinora_deliveries set attempts = attempts + 1, due = ${NOW} + $1::float8 where (id, url) in (
    select id, url from kinora_deliveries where done is null and failed is null and due <= ${NOW} order by due limit 16 for update skip locked)
    returning id, url, body, attempts, created`, [2 * TIMEOUT_MS]);
  await Promise.all(due.map(async ({ id, url, body, attempts, created }) => {
    const hook = webhooks.find((w) => w.url === url);
    const answer = hook ? await post(url, { id, body, secret: hook.secret, signal }) : 'it is no longer in the configuration';
    const set = (what: string, params: readonly (string | number)[]): Promise<unknown> =>
      db.query(`update kinora_deliveries set ${what} where id = $1::text and url = $2::text`, [id, url, ...params]);
    if (answer === null) { await set(`due = ${NOW}, attempts = attempts - 1`, []); return; }
    if (answer === 'ok') { count('delivered'); await set(`done = ${NOW}, last = null`, []); return; }
    const wait = 1000 * (BACK_OFF[attempts - 1] ?? BACK_OFF.at(-1)!), over = !hook || Date.now() + wait - created > GIVE_UP_MS;
    count(over ? 'given_up' : 'failed');
    log('webhook_failed', { id, url, attempts, error: answer, again: !over });
    await (over ? set(`failed = ${NOW}, last = $3::text`, [answer]) : set(`due = ${NOW} + $3::float8, last = $4::text`, [wait, answer]));
  }));
  return due.length;
}

interface Message { readonly id: string; readonly body: string; readonly secret: string; readonly signal: AbortSignal | undefined }

/** What came of it: `ok`, why not, or null when it was stopped. */
async function post(url: string, { id, body, secret, signal }: Message): Promise<string | null> {
  if (signal?.aborted) return null;
  // A timer of its own: a signal of AbortSignal.timeout that only AbortSignal.any holds may be collected before its time.
  const time = Math.floor(Date.now() / 1000), end = new AbortController(), stop = (): void => { end.abort(); };
  const late = setTimeout(() => { end.abort(new Error(`it did not answer in ${TIMEOUT_MS / 1000} s`)); }, TIMEOUT_MS);
  signal?.addEventListener('abort', stop);
  try {
    const response = await fetch(url, {
      method: 'POST', body, redirect: 'manual', signal: end.signal,
      headers: { 'content-type': 'application/json', 'user-agent': 'Kinora',
        'webhook-id': id, 'webhook-timestamp': String(time), 'webhook-signature': signature(secret, { id, time, body }) },
    });
    await response.body?.cancel();
    return response.status >= 200 && response.status < 300 ? 'ok' : `it answered ${response.status}`;
  } catch (error) {
    if (signal?.aborted) return null;
    return error instanceof Error ? error.message : String(error);
  } finally { clearTimeout(late); signal?.removeEventListener('abort', stop); }
}
