/**
 * @file The HTTP application: who may come in, limits, request ids, errors as bodies, a handler for each route of the table. On loopback everybody is let in as long as no key
 * was ever made, the request is addressed to this machine by one of its own names and no page of another origin sent it; everywhere else a key is needed. Headers cannot tell
 * a proxy on this machine from its user, so that who has made keys must be asked for them on loopback too, unless the configuration says otherwise.
 */
import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { isLoopback } from '../contract/config.ts';
import { ApiError, asApiError } from '../contract/errors.ts';
import { isText, type Caller, type HandlerContext } from './handler.ts';
import { handlers } from './handlers.ts';
import type { Keys } from './keys.ts';
import type { Log } from '../watch/log.ts';
import { ROUTES, type Route, type RouteName } from '../contract/routes.ts';

/** Options of {@link serverApp}. */
export interface AppOptions extends HandlerContext {
  readonly keys: Keys;
  readonly log: Log;
}

type Env = { Variables: { requestId: string; arrived: number; caller: Caller; route: string } };

/** Who calls from this machine without a key. */
const LOCAL: Caller = { owner: 'local', scope: null, waiting: null, quota: {} };
const HEADERS_OF_PROXIES = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/** Whether a request came to a loopback address of this machine by its own name, from nobody in between. */
function isLocal(host: string, headers: Headers): boolean {
  const name = (headers.get('host') ?? '').replace(/:\d+$/, '');
  return isLoopback(host) && isLoopback(name) && !HEADERS_OF_PROXIES.some((header) => headers.has(header));
}

const nothingAt = (path: string): ApiError => new ApiError(404, `there is nothing at ${path.slice(0, 200)}; /openapi.json lists what there is`, { code: 'not_found' });

const withId = (response: Response, id: string): Response => { response.headers.set('x-request-id', id); return response; };

/** The application. */
export function serverApp(o: AppOptions): Hono<Env> {
  const { config, keys, log, metrics } = o, app = new Hono<Env>(), all = handlers(o);

  const callerOf = async (headers: Headers): Promise<Caller> => {
    const key = /^Bearer\s+(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1], ours = key?.startsWith('kinora-') ?? false, known = ours ? await keys.find(key!) : undefined;
    if (known) return { owner: known.id, scope: known.id, waiting: known.waiting,
      quota: { films: known.films_per_day ?? undefined, seconds: known.seconds_per_day ?? undefined } };
    if (!ours && isLocal(config.host, headers) && (config.localWithoutKey || !await keys.made())) return LOCAL;
    throw new ApiError(401, key === undefined ? 'a key is needed: Authorization: Bearer kinora-…' : 'this key is not known, or it was revoked', { code: 'invalid_api_key' });
  };
  /** Pages of other origins may not call: a browser would send them with whatever this machine may do. */
  const checkOrigin = (headers: Headers): void => {
    const origin = headers.get('origin');
    if (origin === null || config.origins.includes(origin)) return;
    if (URL.canParse(origin) && new URL(origin).host === headers.get('host')) return;
    throw new ApiError(403, `pages of ${origin.slice(0, 100)} may not call: name the origin in the configuration`, { code: 'origin_not_allowed' });
  };

  app.use('*', async (c, next) => {
    const id = `req_${randomBytes(12).toString('hex')}`, arrived = Date.now();
    c.set('requestId', id);
    c.set('arrived', arrived);
    c.set('route', 'none');
    await next();
    withId(c.res, id);
    c.res.headers.set('openai-processing-ms', String(Date.now() - arrived));
    c.res.headers.set('x-content-type-options', 'nosniff');
    metrics.add('kinora_http_requests_total', { route: c.get('route'), method: c.req.method, code: String(c.res.status) });
    if (c.get('route') !== 'livez' && c.get('route') !== 'readyz')
      log('request', { request: id, method: c.req.method, path: c.req.path, status: c.res.status, ms: Date.now() - arrived });
  });
  if (config.origins.length > 0) app.use('*', cors({ origin: [...config.origins], exposeHeaders: ['x-request-id', 'openai-poll-after-ms', 'retry-after', 'retry-after-ms'] }));
  app.use('*', async (c, next) => { checkOrigin(c.req.raw.headers); await next(); });
  const limit = bodyLimit({ maxSize: config.limits.upload, onError: () => {
    throw new ApiError(413, `the request is larger than ${config.limits.upload} bytes`, { code: 'request_too_large', headers: { connection: 'close' } }); } });

  for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(route.method.toUpperCase(), path, async (c, next) => {
      c.set('route', name);
      c.set('caller', route.open ? LOCAL : await callerOf(c.req.raw.headers));
      await next();
    }, ...(route.method === 'post' ? [limit] : []), async (c) => {
      const { raw } = c.req;
      if (!isText(c.req.path)) throw nothingAt(c.req.path);
      return all[name]({ request: raw, caller: c.get('caller'), arrived: c.get('arrived'), param: (key) => c.req.param(key) ?? '' });
    });
  }
  // A known path with another method says which there are.
  for (const path of new Set(Object.values(ROUTES).map((route) => route.path))) {
    const methods = Object.values(ROUTES).filter((route) => route.path === path).flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) => {
      throw new ApiError(405, `${c.req.method} is not possible here; possible: ${methods.join(', ')}`, { code: 'method_not_allowed', headers: { allow: methods.join(', ') } });
    });
  }
  app.notFound((c) => Response.json(nothingAt(c.req.path).body, { status: 404 }));
  app.onError((error, c) => {
    const told = asApiError(error);
    if (told.status >= 500) log('request_failed', { request: c.get('requestId'), path: c.req.path, error: told.o.cause ?? error });
    return Response.json(told.body, { status: told.status, headers: told.headers });
  });
  return app;
}
