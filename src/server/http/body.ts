/**
 * @file Request bodies to plain values: JSON, or a form with or without files. Forms know only text, so `key[]`, `key[sub]` and `key[][sub]` become lists and objects, and
 * text becomes a number or a switch where the schema has one. What comes out is validated by the contract's schema. A body's hash is over its parts, not its bytes:
 * a form that is sent again has another boundary.
 */
import { createHash } from 'node:crypto';
import { ApiError } from '../contract/errors.ts';

/** A file of a form. */
export interface UploadedFile { readonly field: string; readonly name: string; readonly bytes: Uint8Array }

/** A body that was read. */
export interface ReadBody {
  readonly fields: Record<string, unknown>;
  readonly files: readonly UploadedFile[];
  /** SHA-256 over fields and files. */
  readonly hash: string;
}

/** Names of fields that are of another kind than text, over all bodies. */
const NUMBERS = new Set(['seed', 'fps', 'num_frames', 'num_inference_steps', 'guidance_scale', 'strength', 'limit', 'at', 'position']);
const SWITCHES = new Set(['loop']);
/** Fields that a form may hold as JSON. */
const JSONS = new Set(['storyboard', 'characters', 'video', 'input_reference']);
/** Names that would not be data. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const MOST_PARTS = 1000;

const bad = (message: string, code = 'invalid_request'): ApiError => new ApiError(400, message, { code });

/** Text as the kind of value that the field has; what is none stays as it is, and the schema says so. */
function typed(field: string, value: string): unknown {
  if (NUMBERS.has(field) && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return Number(value);
  if (SWITCHES.has(field) && (value === 'true' || value === 'false')) return value === 'true';
  if (JSONS.has(field) && /^\s*[[{]/.test(value)) { try { return JSON.parse(value); } catch { throw bad(`${field} is not JSON`, 'invalid_value'); } }
  return value;
}

/** Clients send what these schemas want as text as a number too. */
export function lenient(fields: Record<string, unknown>): Record<string, unknown> {
  const out = { ...fields };
  if (typeof out['seconds'] === 'number') out['seconds'] = String(out['seconds']);
  for (const [key, value] of Object.entries(out)) if (value === null) delete out[key];
  return out;
}

/** Puts a form's value where its name says. */
export function place(into: Record<string, unknown>, name: string, value: unknown): void {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (!match) throw bad(`the form has a part named "${name.slice(0, 80)}": wanted name, name[], name[sub] or name[][sub]`);
  const keys = [match[1]!, ...[...match[2]!.matchAll(/\[([^[\]]*)\]/g)].map((m) => m[1]!)];
  if (keys.length > 4 || keys.some((key) => FORBIDDEN.has(key))) throw bad(`the form has a part named "${name.slice(0, 80)}"`);
  const leaf = keys.findLast((key) => key !== '' && !/^\d+$/.test(key))!, final = typeof value === 'string' ? typed(leaf, value) : value;
  let at: Record<string, unknown> | unknown[] = into;
  for (const [i, key] of keys.entries()) {
    const last = i === keys.length - 1, next = keys[i + 1];
    if (Array.isArray(at)) {
      // A list grows with each plain value, and with each object that has the key already.
      if (last) { at.push(final); return; }
      const end = at.at(-1) as Record<string, unknown> | undefined;
      if (end === undefined || typeof end !== 'object' || (next !== undefined && Object.hasOwn(end, next))) at.push({});
      at = at.at(-1) as Record<string, unknown>;
      continue;
    }
    if (last) {
      if (Object.hasOwn(at, key)) throw bad(`the form has two parts named "${name.slice(0, 80)}"`);
      at[key] = final;
      return;
    }
    at[key] ??= next === '' || /^\d+$/.test(next!) ? [] : {};
    if (typeof at[key] !== 'object') throw bad(`the form has ${key} as a value and as an object`);
    at = at[key] as Record<string, unknown>;
  }
}

/** JSON with keys in order. */
const canonical = (value: unknown): string => JSON.stringify(value, (_, v: unknown) =>
  (typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v));

const hashOf = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reads the body of a request, whose size has been limited before. */
export async function readBody(request: Request): Promise<ReadBody> {
  const type = (request.headers.get('content-type') ?? '').toLowerCase();
  const done = (fields: Record<string, unknown>, files: readonly UploadedFile[] = []): ReadBody => {
    const told = lenient(fields);
    return { fields: told, files, hash: hashOf(canonical({ fields: told, files: files.map(({ field, bytes }) => ({ field, sha256: hashOf(bytes) })) })) };
  };
  if (type.startsWith('application/json')) {
    const text = await request.text();
    let value: unknown;
    try { value = JSON.parse(text); } catch { throw bad('the body is not JSON', 'invalid_json'); }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('the body is not a JSON object', 'invalid_json');
    return done(value as Record<string, unknown>);
  }
  if (type.startsWith('multipart/form-data') || type.startsWith('application/x-www-form-urlencoded')) {
    const form = await request.formData().catch((cause: unknown) => {
      if (cause instanceof ApiError) throw cause;
      throw new ApiError(400, 'the form cannot be read: it is cut off or wrongly built', { code: 'invalid_form', cause });
    });
    const fields: Record<string, unknown> = {}, files: UploadedFile[] = [], parts = [...form.entries()];
    if (parts.length > MOST_PARTS) throw bad(`the form has ${parts.length} parts: at most ${MOST_PARTS} are possible`);
    for (const [name, value] of parts) {
      if (typeof value === 'string') place(fields, name, value);
      else files.push({ field: name, name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) });
    }
    return done(fields, files);
  }
  throw new ApiError(415, `a body of type "${type.slice(0, 80)}" is not possible: wanted application/json or multipart/form-data`, { code: 'unsupported_media_type' });
}

/** The one file that a field may be. */
export function fileOf(body: ReadBody, field: string): UploadedFile | undefined {
  const stray = body.files.find((f) => f.field !== field);
  if (stray) throw new ApiError(400, `unknown field ${stray.field.slice(0, 80)}`, { code: 'unknown_parameter', param: stray.field.slice(0, 80) });
  if (body.files.length > 1) throw bad(`the form has ${body.files.length} files named ${field}: one is possible`);
  if (body.files[0] && body.fields[field] !== undefined) throw bad(`the form has ${field} as a file and as an object`);
  return body.files[0];
}
