/**
 * @file The server's configuration: one strict schema, with defaults, for flags and the file that `--config` names (YAML or JSON). Validated once, at start.
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { FileError, InputError } from '../../core/errors.ts';
import { DEVICE_CHOICES, PRECISIONS } from '../../pipeline/engine.ts';
import { DEFAULT_MODEL } from '../../pipeline/model/model-store.ts';
import { s3Place } from '../assets/assets-place.ts';

const count = z.int().positive();
const webhook = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** `whsec_` and base64: what `client.webhooks.unwrap` is given. */
  secret: z.string().regex(/^whsec_[A-Za-z0-9+/]{24,}={0,2}$/, 'wanted whsec_ and at least 24 characters of base64'),
  events: z.array(z.enum(['video.completed', 'video.failed'])).min(1).default(['video.completed', 'video.failed']),
});

const schema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 takes any free one. */
  port: z.int().min(0).max(65_535).default(8080),
  /** Whether who calls from this machine, by a loopback address and through no proxy that says so, needs no key although there are keys. */
  localWithoutKey: z.boolean().default(false),
  /** Folder of everything that is kept: the database, unless there is a server for it, and films. */
  data: z.string().min(1).default('kinora-data'),
  /** Where films, what they were given and characters lie, when that is not the data folder. */
  assets: z.strictObject({ s3: s3Place }).optional(),
  /** Ids of installed models, or folders; the first is the default. */
  models: z.array(z.string().min(1)).min(1).default([DEFAULT_MODEL]),
  /** Names that clients send, and which served model each means. Default: all names of the hosted API mean the first model. */
  names: z.record(z.string(), z.string()).optional(),
  /** Sizes that clients ask for, and in which of its own the model makes each. What is not here is made in the size nearest in shape, then in area. */
  sizes: z.record(z.string().regex(/^\d+x\d+$/), z.string().regex(/^\d+x\d+$/)).default({}),
  /** Address of a PostgreSQL server. Default: an embedded database in the data folder. */
  database: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** Processes that make films on this machine; 0 leaves all to `kinora worker` elsewhere. */
  workers: z.int().min(0).max(64).default(1),
  /** Films that each worker makes at a time, sharing denoising steps; 1: one after the other. */
  batch: z.int().min(1).max(64).default(4),
  /** CPU threads of each worker. Default: the engine's. */
  threads: z.int().min(1).max(256).optional(),
  /** What computes: cpu, webgpu, cuda, or auto, the quickest that works. Default: cpu. */
  device: z.enum(DEVICE_CHOICES).optional(),
  /** In which numbers: fp16 where the device has it. Default: fp32. */
  precision: z.enum(PRECISIONS).optional(),
  /** Origins whose pages may call. Default none. */
  origins: z.array(z.string()).default([]),
  limits: z.strictObject({
    /** Films that wait, over all keys and for one; what is beyond is answered 429. */
    waiting: count.default(200), waitingPerKey: count.default(50),
    /** Films, and seconds of film, that one key may have made in 24 hours. Absent, there is no limit; a key's own goes before. */
    filmsPerDay: count.optional(), secondsPerDay: z.number().positive().optional(),
    /** Characters that one key keeps. */
    charactersPerKey: count.default(100),
    /** Pixels of one delivered frame: 1920×1080 and anything as large. */
    pixels: count.default(2_073_600),
    /** Seconds of one film. */
    seconds: z.number().positive().default(120),
    /** Bytes of one request. */
    upload: count.default(64 * 2 ** 20),
    /** Pixels of one frame of what is uploaded. */
    uploadPixels: count.default(4096 * 4096),
    /** Milliseconds in which an upload must be decoded. */
    decodeMs: count.default(60_000),
    /** Bytes of memory that the process which decodes one upload may hold: 1.5 GiB. */
    decodeBytes: count.default(1536 * 2 ** 20),
    /** Uploads that are decoded at a time, and milliseconds for which others wait before they are answered 503. */
    decoders: count.default(2), decodeWaitMs: count.default(10_000),
  }).prefault({}),
  /** Leases of jobs, in milliseconds: who does not renew one in time loses the job. `lost`: how many workers may die over a film, one after the other, before it gets further. */
  lease: z.strictObject({ ms: count.default(30_000), renew: count.default(3000), lost: count.default(5) }).prefault({}),
  /** Days after which finished films are removed; absent, they stay. */
  keepDays: z.number().positive().optional(),
  /** Bytes that finished films may take, trash included: beyond, trash goes, then the oldest films. Absent, there is no limit. */
  keepBytes: count.optional(),
  /** Days for which a finished film that was deleted can be brought back; 0: it cannot. */
  trashDays: z.number().min(0).max(36_500).default(7),
  webhooks: z.array(webhook).default([]),
  /** Folder of `key.pem` and `chain.pem`, by which films are signed; what is not there is made at start. False: films are not signed. Default: in the data folder. */
  provenance: z.union([z.string().min(1), z.literal(false)]).optional(),
  /** What is refused (policy/policy.ts): `words`, a file with a word or phrase a line, or false; absent, a list of ours. `hook`, a module whose functions decide. */
  policy: z.strictObject({ words: z.union([z.string().min(1), z.literal(false)]).optional(), hook: z.string().min(1).optional() }).prefault({}),
});

/** The configuration with its defaults. */
export type ServerConfig = Readonly<z.infer<typeof schema>>;
/** The configuration as it is written. */
export type ServerConfigInput = z.input<typeof schema>;

/** Names of the hosted API. */
const HOSTED = ['sora-2', 'sora-2-pro', 'sora-2-2025-10-06', 'sora-2-pro-2025-10-06', 'sora-2-2025-12-08'];

/** Completes a configuration. Throws an InputError that names the field. */
export function serverConfig(input: unknown, where = 'the configuration'): ServerConfig & { readonly names: Readonly<Record<string, string>> } {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(`${where}: ${issue!.path.join('.') || 'it'}: ${issue!.message}`);
  }
  const c = parsed.data, names = c.names ?? Object.fromEntries(HOSTED.map((name) => [name, c.models[0]!]));
  if (c.lease.renew * 2 > c.lease.ms) throw new InputError(`${where}: leases of ${c.lease.ms} ms cannot be renewed every ${c.lease.renew} ms: wanted at most half`);
  const stray = Object.entries(names).find(([, model]) => !c.models.includes(model));
  if (stray) throw new InputError(`${where}: names: ${stray[0]} means ${stray[1]}, which is not served; served: ${c.models.join(', ')}`);
  return { ...c, names };
}

/** Reads a configuration file; what `flags` say goes before it. */
export async function readServerConfig(file: string | undefined, flags: ServerConfigInput): Promise<ReturnType<typeof serverConfig>> {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  if (file === undefined) return serverConfig(given);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`cannot read ${file}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, { cause });
  });
  let value: unknown;
  try { value = parse(text, { logLevel: 'error' }); } catch (cause) { throw new InputError(`${file} is not YAML: ${(cause as Error).message.split('\n')[0]}`, { cause }); }
  if (typeof (value ?? {}) !== 'object' || Array.isArray(value)) throw new InputError(`${file} holds no fields`);
  return serverConfig({ ...(value as object | null), ...given }, file);
}

/** Where the credentials lie that sign films; null: films are not signed. */
export const credentialsFolder = ({ data, provenance = join(data, 'provenance') }: Pick<ServerConfig, 'data' | 'provenance'>): string | null =>
  (provenance === false ? null : provenance);

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
