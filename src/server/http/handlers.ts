/**
 * @file What each route does: a request that has been let in, to an answer. Bodies are validated by the contract's schemas, films are planned, given pictures decoded into
 * the new job's folder, and the job queued. Whose films are seen is the caller's scope.
 */
import type { z } from 'zod';
import {
  contentQuery, createVideoBody, editVideoBody, extendVideoBody, listQuery, remixVideoBody, type JobKind, type Video,
} from '../contract/contract.ts';
import { fileOf, readBody, type ReadBody } from './body.ts';
import { characterHandlers, characterOf } from './character-handlers.ts';
import { fileAnswer } from './content.ts';
import { bounded } from './decoder.ts';
import { ApiError, notFound } from '../contract/errors.ts';
import { eventStream, knowsTheEnd } from './events.ts';
import { json, parse, query, type Caller, type Handler, type HandlerContext, type HandlerRequest } from './handler.ts';
import { newId, type JobRow, type Refused } from '../state/job-row.ts';
import { openApi } from '../contract/openapi.ts';
import {
  capabilitiesOf, modelOf, planCreate, planEdit, planExtend, planRemix, uploadedSource, type SourceFilm,
} from '../workers/plan.ts';
import { allow } from './allow.ts';
import { fetchImage } from './public-address.ts';
import type { Line } from '../state/forecast.ts';
import type { Quota } from '../state/quota.ts';
import type { RouteName } from '../contract/routes.ts';
import { filmSpec, type FilmSpec, type PlannedFilm } from '../contract/spec.ts';
import { NATIVE_FILE, VARIANT_FILES } from '../state/store.ts';
import { receive } from './upload.ts';
import { pollAfter, videoObject } from './video-object.ts';
import { waitingHandlers } from './waiting-handlers.ts';

/** A handler for each route. */
export function handlers(c: HandlerContext): Readonly<Record<RouteName, Handler>> {
  const { config, jobs, store, served, trash } = c, plan = { served, limits: config.limits, sizes: config.sizes };
  const decoder = bounded(c.decoder, { limits: config.limits, refused: () => { c.metrics.add('kinora_rejected_total', { reason: 'decoders_busy' }); } });
  const makers = { models: config.models, places: config.workers * config.batch };
  const object = (row: JobRow, line = (): Promise<Line> => jobs.line()): Promise<Video> => videoObject(row, { line, makers, keepDays: config.keepDays });
  const answer = async (row: JobRow, headers: Readonly<Record<string, string>> = {}): Promise<Response> => {
    const told = await object(row), unfinished = told.status === 'queued' || told.status === 'in_progress';
    return json(told, { ...headers, ...(unfinished ? { 'openai-poll-after-ms': String(pollAfter(told)) } : {}) });
  };
  const find = async (id: string, caller: Caller): Promise<JobRow> => {
    const row = await jobs.get(id, caller.scope);
    if (!row) throw notFound('video', id);
    return row;
  };
  /** A film that others can be made from. */
  const finished = async (id: string, caller: Caller, doing: string): Promise<JobRow & { readonly assets: string }> => {
    const row = await find(id, caller);
    if (row.status === 'failed') throw new ApiError(400, `the film ${id} failed: there is nothing to ${doing}`, { code: 'video_failed', param: 'video' });
    if (row.status !== 'completed' || row.assets === null)
      throw new ApiError(409, `the film ${id} is not finished: it is ${row.status}, at ${row.progress} %`, { code: 'video_not_ready', retry: false });
    return { ...row, assets: row.assets };
  };

  interface Enqueue { readonly kind: JobKind; readonly source: string | null; readonly route: string;
    readonly body: Pick<ReadBody, 'hash'>; readonly id: string; readonly make: () => Promise<PlannedFilm>;
    /** Of a failed film's next attempt: that film. */
    readonly retryOf?: JobRow }
  /** Queues what `make` plans; its folder goes again when nothing comes of it. */
  const enqueue = async ({ request, caller, arrived }: HandlerRequest, { kind, source, route, body, id, make, retryOf }: Enqueue): Promise<Response> => {
    const key = request.headers.get('idempotency-key'), retry = Number(request.headers.get('x-stainless-retry-count') ?? 0);
    if (key !== null && (key === '' || key.length > 255)) throw new ApiError(400, 'Idempotency-Key has 1 to 255 characters', { code: 'invalid_value', param: 'Idempotency-Key' });
    if (c.stopping.aborted) throw new ApiError(503, 'the server is stopping', { code: 'stopping', retryAfter: 5 });
    const owner = retryOf?.owner ?? caller.owner, room = { waiting: caller.waiting ?? undefined, quota: quotaOf(caller) };
    const mark = { route, key, hash: body.hash, retry: Number.isInteger(retry) && retry > 0 ? retry : 0, since: () => Date.now() - arrived };
    const early = retryOf ? undefined : await jobs.refusal(owner, mark, room);                      // before anything is fetched and decoded
    if (early) throw noRoom(early, caller, '');
    await store.prepare(id);
    let queued = false;
    try {
      const { askedModel, size, seconds, spec, work } = await make();
      await allow(spec, c);
      await store.keepInputs(id);
      const result = await jobs.queue({ id, owner, kind, askedModel, size, seconds, spec, work, source, ...(retryOf ? { retryOf: retryOf.id } : {}) }, mark, room);
      if ('job' in result) {
        queued = !result.replayed;
        return await answer(result.job, result.replayed ? { 'idempotent-replayed': 'true' } : {});
      }
      if (result.refused === 'other') throw new ApiError(422, 'this Idempotency-Key was used with another body', { code: 'idempotency_key_reused', param: 'Idempotency-Key' });
      if (result.refused === 'not failed') throw notFailed(await find(retryOf!.id, caller));
      throw noRoom(result, caller, seconds);
    } catch (error) {
      // An answer of the database that was lost does not say whether the job is there: then its folder stays, and goes with the next sweep if there is none.
      if (!(error instanceof ApiError)) queued ||= await jobs.get(id, null).then((job) => job !== undefined, () => true);
      throw error;
    } finally { if (!queued) await store.discard(id).catch(() => undefined); }                    // or the sweep does
  };

  const quotaOf = ({ quota }: Caller): Quota => ({ films: quota.films ?? config.limits.filmsPerDay, seconds: quota.seconds ?? config.limits.secondsPerDay });
  /** What who finds no room is told; `seconds`: of the film that was asked for. */
  const noRoom = (refused: Refused, caller: Caller, seconds: string): ApiError => {
    c.metrics.add('kinora_rejected_total', { reason: refused.refused === 'quota' ? 'quota' : 'queue_full' });
    if (refused.refused === 'quota') return overQuota(caller, seconds, refused.wait);
    const { limits } = config, most = refused.refused === 'full' ? limits.waiting : caller.waiting ?? limits.waitingPerKey;
    return new ApiError(429, `the queue is full: ${most} films wait${refused.refused === 'full' ? '' : ' for this key'}`, { code: 'queue_full', retryAfter: 5 });
  };
  const overQuota = (caller: Caller, seconds: string, wait: number): ApiError => {
    const quota = quotaOf(caller), told = [quota.films === undefined ? '' : `${quota.films} films`, quota.seconds === undefined ? '' : `${quota.seconds} seconds of film`];
    if (wait === Infinity)
      return new ApiError(400, `a film of ${seconds} seconds is more than the ${quota.seconds} that this key may have in a day`, { code: 'invalid_value', param: 'seconds' });
    return new ApiError(429, `this key has had what it may in 24 hours: ${told.filter((t) => t !== '').join(', ')}`,
      { code: 'quota_exceeded', retryAfter: wait / 1000, retry: false });
  };
  /** Puts what a film was given into the folder of another. */
  const giveInputs = async ({ image, source }: FilmSpec, from: string, to: string): Promise<void> => {
    if (image) await store.give(store.input(from, 'image.png'), store.input(to, 'image.png'));
    if (source) await store.give(store.input(from, 'source.png'), store.input(to, 'source.png'));
  };
  /** Why a film cannot be tried again. */
  const notFailed = ({ id, status }: JobRow): ApiError =>
    new ApiError(409, `the film ${id} is ${status}: failed ones alone can be tried again`, { code: 'video_not_failed', retry: false });

  /** The film that an edit or an extension acts on, put into the new job's folder: one that was made here, or an upload. */
  const sourceOf = async (id: string, body: ReadBody, given: { readonly id: string } | undefined, r: HandlerRequest, model: string | undefined): Promise<SourceFilm> => {
    const file = fileOf(body, 'video'), to = store.input(id, 'source.png');
    if (file) {
      const { info } = modelOf(served, model);
      return uploadedSource(await receive(file.bytes, { store, limits: config.limits,
        decoder, param: 'video', as: 'film', to, fit: info, fps: info.native.fps }), info, config.limits);
    }
    if (!given) throw new ApiError(400, 'video is missing: wanted {"id": …} of a finished film, or a file', { code: 'missing_required_parameter', param: 'video' });
    const row = await finished(given.id, r.caller, 'work on'), { native, deliver, seed } = filmSpec.parse(JSON.parse(row.spec));
    await store.give(store.film(row.id, row.assets, NATIVE_FILE), to);
    return { native, deliver, seed };
  };

  /** The picture that a film begins with, put into its job's folder. */
  const imageOf = async (id: string, body: ReadBody, { input_reference: reference, characters }: z.infer<typeof createVideoBody>, { caller }: HandlerRequest): Promise<boolean> => {
    const file = fileOf(body, 'input_reference'), to = store.input(id, 'image.png');
    if (characters?.length) {
      if (characters.length > 1) throw new ApiError(400, `${characters.length} characters are not possible: the model keeps one`, { code: 'invalid_value', param: 'characters' });
      if (file ?? reference) throw new ApiError(400, 'characters and input_reference exclude each other: give one', { code: 'invalid_value', param: 'characters' });
      const [{ id: one }] = characters as [{ id: string }];
      await characterOf(one, caller, c.db);
      await store.give(`${store.character(one)}/first.png`, to);
      return true;
    }
    if (!file && !reference) return false;
    const bytes = file?.bytes ?? await fetchImage(reference!.image_url, { limit: config.limits.upload });
    await receive(bytes, { store, limits: config.limits, decoder, param: 'input_reference', as: 'image', to });
    return true;
  };

  return {
    ...waitingHandlers({ ...c, find, answer }),
    ...characterHandlers(c, decoder),
    createVideo: async (r) => {
      const body = await readBody(r.request), asked = parse(createVideoBody, body.fields), id = newId('video');
      return enqueue(r, { kind: 'create', source: null, route: 'create', body, id, make: async () => planCreate(asked, await imageOf(id, body, asked, r), plan) });
    },
    remixVideo: async (r) => {
      const body = await readBody(r.request), asked = parse(remixVideoBody, body.fields), id = newId('video');
      fileOf(body, '');
      const row = await finished(r.param('video_id'), r.caller, 'remix');
      return enqueue(r, { kind: 'remix', source: row.id, route: `remix ${row.id}`, body, id, make: async () => {
        const spec = filmSpec.parse(JSON.parse(row.spec));
        await giveInputs(spec, row.id, id);
        return planRemix(spec, asked, row.asked_model, plan);
      } });
    },
    editVideo: async (r) => {
      const body = await readBody(r.request), asked = parse(editVideoBody, body.fields), id = newId('video');
      return enqueue(r, { kind: 'edit', source: asked.video?.id ?? null, route: 'edit', body, id,
        make: async () => planEdit(asked, await sourceOf(id, body, asked.video, r, asked.model), plan) });
    },
    extendVideo: async (r) => {
      const body = await readBody(r.request), asked = parse(extendVideoBody, body.fields), id = newId('video');
      return enqueue(r, { kind: 'extend', source: asked.video?.id ?? null, route: 'extend', body, id,
        make: async () => planExtend(asked, await sourceOf(id, body, asked.video, r, asked.model), plan) });
    },
    retryVideo: async (r) => {
      const id = newId('video'), row = await find(r.param('video_id'), r.caller);
      if (row.status !== 'failed') throw notFailed(row);
      return enqueue(r, { kind: row.kind, source: row.source, route: `retry ${row.id}`, body: { hash: row.id }, id, retryOf: row, make: async () => {
        const spec = filmSpec.parse(JSON.parse(row.spec));
        modelOf(served, spec.model);                                                                // one that is no longer served would wait for ever
        await giveInputs(spec, row.id, id);
        return { askedModel: row.asked_model, size: row.size, seconds: row.seconds, spec, work: row.work };
      } });
    },
    listVideos: async ({ request, caller }) => {
      const asked = query(listQuery, request), rows = await jobs.list(asked, caller.scope);
      if (!rows) throw new ApiError(400, `after names no film: ${asked.after!}`, { code: 'invalid_value', param: 'after' });
      let seen: Promise<Line> | undefined;                           // one for the whole page
      const line = (): Promise<Line> => (seen ??= jobs.line()), data = await Promise.all(rows.slice(0, asked.limit).map((row) => object(row, line)));
      return json({ object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: rows.length > asked.limit });
    },
    getVideo: async ({ param, caller }) => answer(await find(param('video_id'), caller)),
    deleteVideo: async ({ param, caller }) => {
      const { id } = await find(param('video_id'), caller);
      await jobs.cancel(id);                                                                        // from here on nobody can publish it
      c.drop(id);
      const became = await trash.remove(id, config.trashDays > 0);
      if (became === 'gone') await store.discard(id).catch(() => undefined);                  // a worker that writes to the last: the sweep takes the rest
      return json({ id, object: 'video.deleted', deleted: true });
    },
    restoreVideo: async ({ param, caller }) => {
      const id = param('video_id'), row = await trash.restore(id, caller.scope);
      if (!row) throw notFound('video', id);
      return answer(row);
    },
    cancelVideo: async ({ param, caller }) => {
      const { id } = await find(param('video_id'), caller), row = await jobs.cancel(id);
      c.drop(id);
      if (!row) throw notFound('video', id);
      return answer(row);
    },
    videoContent: async ({ request, param, caller }) => {
      const { variant } = query(contentQuery, request), row = await find(param('video_id'), caller);
      if (row.status === 'failed') throw new ApiError(404, `the film ${row.id} failed: ${row.error_message ?? ''}`, { code: 'video_failed' });
      const { id, assets } = await finished(row.id, caller, 'download'), [name, type] = VARIANT_FILES[variant];
      return fileAnswer(request, { file: await store.read(store.film(id, assets, name)), type, tag: `${id}-${assets}-${variant}`, name: `${id}${name.slice(name.indexOf('.'))}` });
    },
    videoEvents: async ({ request, param, caller }) => {
      const row = await find(param('video_id'), caller), { id } = row, after = request.headers.get('last-event-id');
      if (knowsTheEnd(row, after)) return new Response(null, { status: 204 });                      // an EventSource comes again until it is told so
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
      if (request.method === 'HEAD') return new Response(null, { headers });
      return new Response(eventStream({
        id, changes: c.changes, read: () => jobs.get(id, caller.scope), object: (row) => object(row), preview: (number) => c.previews.after(id, number),
        after, signals: [request.signal, c.stopping],
      }), { headers });
    },
    listModels: async () => json({ object: 'list', data: [...served.models.values()].map(({ info }) => info.id).concat(Object.keys(served.names)).map(modelObject) }),
    getModel: async ({ param }) => {
      const { models, names } = served, id = param('model');
      if (!Object.hasOwn(names, id) && ![...models.values()].some(({ info }) => info.id === id)) throw notFound('model', id);
      return json(modelObject(id));
    },
    getCapabilities: async () => json(capabilitiesOf(served, config)),
    openapi: async () => json(openApi(c.version)),
    livez: async () => json({ ready: true, reasons: [] }),
    readyz: ready,
    healthz: ready,
    metrics: async () => {
      await c.gauges();
      return new Response(c.metrics.page(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } });
    },
  };

  function modelObject(id: string): { id: string; object: 'model'; created: number; owned_by: string } { return { id, object: 'model', created: c.started, owned_by: 'kinora' }; }
  async function ready(): Promise<Response> {
    const reasons = await c.notReady();
    return json({ ready: reasons.length === 0, reasons }, {}, reasons.length === 0 ? 200 : 503);
  }
}
