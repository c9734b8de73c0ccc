/**
 * @file The contract under fire: requests generated from the OpenAPI document, right ones, nearly right ones and nonsense, against a running server. No answer is a 5xx, each
 * is what the document says of it (by ajv, which shares nothing with the schemas that validate), and the server is as well afterwards as before. Case i is a function of
 * seed and i, but for the ids of films that earlier ones made.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { toFile } from 'openai';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draws, type Draws } from '../../src/core/random.ts';
import { finished, testServer, type TestServer } from '../support/server.ts';
import { anyValue, spoilt, valueOf, type JsonSchema } from '../support/schema-values.ts';

/** Cases, seed, and how many are on their way at once. */
const CASES = Number(process.env['KINORA_FUZZ_CASES'] ?? 20_000), SEED = 60, AT_ONCE = 8;

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: 'path' | 'query'; readonly required: boolean; readonly schema: JsonSchema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema?: JsonSchema }>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}
/** A request, and the place in the document of the operation that it is meant for. */
interface Case { readonly operation: Operation; readonly place: readonly string[]; readonly method: string; readonly path: string; readonly init: RequestInit }

let server: TestServer, document: Document, operations: readonly { readonly path: string; readonly method: string; readonly operation: Operation }[];
const known: string[] = [], validators = new Map<string, ValidateFunction>(), ajv = new Ajv2020({ strict: false, validateFormats: false });

/** Films that are finished, a character, and a film's bytes, from before the fire: what others are made from. */
const FILMS = 6, films: string[] = [], characters: string[] = [];
let bytes: Buffer;

beforeAll(async () => {
  const data = await mkdtemp(join(tmpdir(), 'kinora-contract-')), maker = await testServer({ data });
  const { client } = maker;
  for (let i = 0; i < FILMS; i++) films.push((await finished(client, (await client.videos.create({ prompt: 'x', size: '128x72' as '1280x720', seconds: '1' as '4' })).id)).id);
  bytes = Buffer.from(await (await client.videos.downloadContent(films[0]!)).arrayBuffer());
  characters.push((await client.videos.createCharacter({ name: 'Ada', video: await toFile(bytes, 'a.mp4') })).id!);
  await maker.close();
  // Nothing more is made: films wait until a request takes them away.
  server = await testServer({ data, workers: 0, limits: { waiting: 12, upload: 2 ** 20, seconds: 30 } });
  document = await (await fetch(`${server.url}/openapi.json`)).json() as Document;
  ajv.addSchema(document, 'document');
  operations = Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));
}, 120_000);
afterAll(async () => {
  await server?.close();
  if (server) await rm(server.dir, { recursive: true, force: true });
});

const resolve = (ref: string): JsonSchema => document.components.schemas[ref.replace('#/components/schemas/', '')]!;

/** Checks a value against the schema at a place of the document. */
function violations(place: readonly string[], value: unknown): string | null {
  const ref = `document#/${place.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
  let validate = validators.get(ref);
  if (!validate) validators.set(ref, validate = ajv.compile({ $ref: ref }));
  return validate(value) ? null : JSON.stringify(validate.errors?.slice(0, 3));
}

/** Text as a header may hold it. */
const headerText = (d: Draws): string => d.pick(['', 'a', 'bytes=0-1', 'bytes=-5', 'bytes=9999999-', 'bytes=1-0,4-5', '-1', '0', '1e9', 'NaN', '*', '"x"', 'a'.repeat(2000), 'é']);

/** A form of a body; objects and lists as names in brackets, or as JSON. */
function formOf(body: unknown, d: Draws): FormData {
  const form = new FormData();
  for (const [key, value] of Object.entries(typeof body === 'object' && body !== null ? body : { body })) {
    if (typeof value === 'object' && value !== null && d.chance(0.5))
      for (const [inner, part] of Object.entries(value)) form.append(`${key}[${Array.isArray(value) ? '' : inner}]`, typeof part === 'string' ? part : JSON.stringify(part) ?? '');
    else if (key === 'video' && d.chance(0.7)) form.append(key, new Blob([new Uint8Array(bytes)]), 'a.mp4');
    else if (d.chance(0.1)) form.append(key, new Blob([JSON.stringify(value)]), 'x.png');
    else form.append(key, typeof value === 'string' ? value : JSON.stringify(value) ?? '');
  }
  return form;
}

/** A body whose films and characters are some that there are, mostly, and at times has little beside what is needed. */
function ofOurs(given: unknown, { required = [] }: JsonSchema, d: Draws): unknown {
  if (typeof given !== 'object' || given === null || d.chance(0.2)) return given;
  const few = d.chance(0.4), body = Object.fromEntries(Object.entries(given).filter(([key]) => !few || required.includes(key) || d.chance(0.2)));
  return { ...body, ...(typeof body['video'] === 'object' ? { video: { id: d.pick(films) } } : {}),
    ...('characters' in body ? { characters: [{ id: d.pick(characters) }] } : {}) };
}

function caseOf(step: number): Case {
  const d = draws({ seed: SEED, stream: 'fuzz/contract', step }), { path: pattern, method, operation } = d.pick(operations), wrong = d.chance(0.55);
  const places = operation.parameters?.filter((p) => p.in === 'path') ?? [], asked = operation.parameters?.filter((p) => p.in === 'query') ?? [];
  const path = places.reduce((url, { name }) => url.replace(`{${name}}`, () => {
    const ids = name === 'character_id' ? characters : d.chance(0.3) ? films : known;
    if (ids.length > 0 && d.chance(0.7)) return d.pick(ids);
    return encodeURIComponent(d.pick(['video_0', 'sora-2', 'char_1', '%', 'a'.repeat(3000), 'video_'.repeat(30), '..', '\u0000', '骑', "'"])).replaceAll('..', '%2e%2e');
  }), pattern);
  const query = new URLSearchParams();
  for (const { name, required, schema } of asked) if (required || d.chance(0.5)) {
    const value = valueOf(schema, d, resolve);
    query.append(name, String(wrong && d.chance(0.5) ? anyValue(d, 0) : value));
  }
  if (wrong && d.chance(0.1)) query.append(String(anyValue(d, 0)), String(anyValue(d, 0)));
  const headers: Record<string, string> = {};
  if (d.chance(0.1))
    headers[d.pick(['idempotency-key', 'range', 'last-event-id', 'x-stainless-retry-count', 'if-range', 'if-none-match', 'accept', 'authorization'])] = headerText(d);
  let body: RequestInit['body'] = null;
  const schema = operation.requestBody?.content['multipart/form-data']?.schema;
  if (schema) {
    const right = ofOurs(valueOf(schema, d, resolve), schema, d), value = wrong ? spoilt(right, d) : right;
    if (d.chance(0.25)) body = formOf(value, d);
    else {
      const text = JSON.stringify(value);
      headers['content-type'] = d.chance(0.03) ? headerText(d) || 'text/plain' : 'application/json';
      body = d.chance(0.03) ? text.slice(0, d.int(text.length + 1)) : text;
    }
  } else if (method === 'POST' && d.chance(0.2)) body = JSON.stringify(anyValue(d));
  const text = query.size > 0 ? `?${query.toString()}` : '';
  const sent = d.chance(0.02) ? d.pick(['PUT', 'PATCH', 'HEAD', 'OPTIONS', 'DELETE', 'POST']) : method;
  const of = document.paths[pattern]!, meant = (of[sent.toLowerCase()] ? sent : method).toLowerCase();       // another method may be another operation of the same path
  return { operation: of[meant]!, place: ['paths', pattern, meant], method: sent, path: `${path}${text}`, init: { headers, body } };
}

/** Sends a case; what is wrong with the answer, or its status. */
async function judged({ operation, place, method, path, init }: Case): Promise<number | string> {
  if (method === 'HEAD') delete (init as { body?: unknown }).body;
  const stop = new AbortController(), response = await fetch(`${server.url}${path}`, { ...init, method, signal: stop.signal });
  const { status } = response, type = (response.headers.get('content-type') ?? '').split(';')[0]!;
  if (type === 'text/event-stream') { stop.abort(); return status; }                                                  // it would go on until the film is made
  const text = await response.text();
  if (status >= 500 && !(status === 503 && ['readyz', 'healthz'].includes(operation.operationId))) return `${status} ${text.slice(0, 300)}`;
  if (!/^req_[0-9a-f]{24}$/.test(response.headers.get('x-request-id') ?? '')) return `${status} without a request id`;
  if (method === 'HEAD' || text === '') return method === 'HEAD' || status === 204 || status === 304 ? status : `${status} with an empty body`;
  const kind = status < 300 || status === 503 ? '200' : 'default', contents = operation.responses[kind]!.content;
  if (!(type in contents)) return `${status} of type ${type}, the document says ${Object.keys(contents).join(', ')}`;
  if (!contents[type]?.schema) return status;
  const value = JSON.parse(text) as { readonly id?: unknown; readonly object?: unknown }, wrong = violations([...place, 'responses', kind, 'content', type, 'schema'], value);
  if (wrong !== null) return `${status} against the document: ${wrong}: ${text.slice(0, 300)}`;
  if (value.object === 'video' && typeof value.id === 'string' && !known.includes(value.id)) known.push(value.id);
  if (known.length > 40) known.shift();
  if (value.object === 'character' && typeof value.id === 'string' && !characters.includes(value.id)) characters.push(value.id);
  if (characters.length > 5) characters.shift();
  return status;
}

test(`${CASES} requests: no 5xx, no answer that the document does not know`, { timeout: 1_200_000 }, async () => {
  const statuses = new Map<number, number>(), reached = new Set<string>(), failures: string[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < CASES && failures.length < 10) {
      const step = next++, one = caseOf(step), result = await judged(one).catch((error: unknown) => `no answer: ${inspect(error)}`);
      if (typeof result === 'string') {
        const { method, path, init: { body } } = one;
        failures.push(`case ${step}: ${method} ${path.slice(0, 200)} ${typeof body === 'string' ? body.slice(0, 300) : body === null ? '' : 'form'} → ${result}`);
        continue;
      }
      statuses.set(result, (statuses.get(result) ?? 0) + 1);
      if (result === 200) reached.add(one.operation.operationId);
    }
  }));
  expect(failures).toEqual([]);
  console.log(`contract fuzz: ${next} cases, by status ${[...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`).join(', ')}`);
  expect([...statuses.values()].reduce((a, b) => a + b, 0)).toBe(CASES);
  // Requests came through, not only refusals: films were made, told of, changed and deleted.
  const wanted = ['createVideo', 'getVideo', 'listVideos', 'updateVideo', 'moveVideo', 'pauseVideo', 'resumeVideo', 'cancelVideo', 'deleteVideo', 'retryVideo', 'getCapabilities',
    'remixVideo', 'editVideo', 'extendVideo', 'videoContent', 'restoreVideo', 'createCharacter', 'getCharacter', 'listCharacters', 'deleteCharacter'];
  expect(wanted.filter((name) => !reached.has(name))).toEqual([]);
  const { data } = await server.client.videos.list({ limit: 1 });
  expect(data.length).toBeLessThanOrEqual(1);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
});
