/**
 * @file Assets in a bucket of an S3-compatible store (decision 025): an object a file. A put is seen whole or not at all, which is all that publishing needs: who may publish is
 * the database's to say. The SDK is an optional package, loaded here alone; it takes credentials from where AWS's programs do. Objects are a file each, at most 5 GB.
 */
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledError, FileError, KinoraError, ResourceError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';
import { placeText, type S3Place } from './assets-place.ts';
import { AssetsError, filesIn, JOB_ID, type Assets, type Held, type Insist, type OpenAsset } from './assets.ts';
import type { Log } from '../watch/log.ts';

const TYPES: Readonly<Record<string, string>> = { mp4: 'video/mp4', webp: 'image/webp', jpg: 'image/jpeg', png: 'image/png' };
/** Milliseconds until a connection stands, and of silence on one. */
const CONNECT_MS = 5000, SILENCE_MS = 30_000;
/** Milliseconds between tries that insist. */
const FIRST_PAUSE_MS = 250, LONGEST_PAUSE_MS = 10_000;

type Sdk = typeof import('@aws-sdk/client-s3');

/** Opens a bucket; it is not asked before the first call. Throws a ResourceError when the SDK is not installed. */
export async function openS3(place: S3Place, log: Log): Promise<Assets> {
  const sdk = await import('@aws-sdk/client-s3').catch((cause: unknown) => {
    throw new ResourceError('assets in an S3-compatible store need a package that is not installed: npm install @aws-sdk/client-s3', { cause });
  });
  const { endpoint, region = endpoint === undefined ? undefined : 'us-east-1', pathStyle = endpoint !== undefined } = place;
  const client = new sdk.S3Client({
    ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }), forcePathStyle: pathStyle,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
    requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED',       // ours is SHA-256, and stores older than CRC trailers take it
  });
  return new S3Assets({ sdk, client, place, log });
}

interface S3AssetsOptions { readonly sdk: Sdk; readonly client: S3Client; readonly place: S3Place; readonly log: Log }
interface Listed { readonly key: string; readonly bytes: number; readonly changed: number }

const isMissing = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes((error as { name?: string } | null)?.name ?? '');

class S3Assets implements Assets {
  readonly local = false;
  readonly #o: S3AssetsOptions;
  readonly #bucket: string;
  readonly #before: string;

  constructor(o: S3AssetsOptions) {
    this.#o = o;
    this.#bucket = o.place.bucket;
    this.#before = o.place.prefix === undefined ? '' : `${o.place.prefix}/`;
  }

  #key(path: string): string { return `${this.#before}${path}`; }

  /** What the store says, with its errors as ours. */
  async #ask<T>(doing: string, path: string, call: () => Promise<T>): Promise<T> {
    try { return await call(); } catch (cause) {
      if (cause instanceof KinoraError) throw cause;
      if (isMissing(cause)) throw new FileError(`cannot ${doing} ${path}: it is not in the store of assets`);
      const { name, message } = cause as Error;
      // Without the cause: it has the whole answer in it, its headers too, and goes into logs.
      throw new AssetsError(`the store of assets, ${placeText(this.#o.place)}, does not ${doing} ${path}: ${name}: ${message.split('\n')[0]}`);
    }
  }

  /** Tries again while the store is away and somebody waits. */
  async #insist<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
      if (signal?.aborted) throw new CancelledError('cancelled', { cause: signal.reason });
      try { return await call(); } catch (error) {
        if (signal === undefined || !(error instanceof AssetsError)) throw error;
        this.#o.log('store_failed', { error });
        await sleep(pause, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async check(): Promise<void> {
    const { sdk, client } = this.#o;
    await this.#ask('show', 'its bucket', () => client.send(new sdk.HeadBucketCommand({ Bucket: this.#bucket })));
  }

  async take(folder: string, path: string, { signal }: Insist = {}): Promise<void> {
    await stat(folder).catch((cause: unknown) => { throw fileError('read', folder, cause); });      // of a folder that is not there nothing is taken, which is not all of it
    for (const name of await filesIn(folder)) await this.#insist(signal, () => this.put(join(folder, name), `${path}/${name}`));
    await rm(folder, { recursive: true, force: true });
  }

  async put(file: string, path: string): Promise<void> {
    const { sdk, client } = this.#o, hash = createHash('sha256');
    const wrong = (cause: unknown): never => { throw fileError('read', file, cause); };
    const { size } = await stat(file).catch(wrong);
    await pipeline(createReadStream(file), hash).catch(wrong);                                      // a store that knows the header refuses other bytes than these
    await this.#ask('take', path, () => client.send(new sdk.PutObjectCommand({
      Bucket: this.#bucket, Key: this.#key(path), Body: createReadStream(file), ContentLength: size, ChecksumSHA256: hash.digest('base64'),
      ContentType: TYPES[basename(path).split('.').at(-1)!] ?? 'application/octet-stream',
    })));
  }

  async fetch(path: string, file: string, { signal }: Insist = {}): Promise<void> {
    const { sdk, client } = this.#o, part = `${file}.part`;
    await mkdir(dirname(file), { recursive: true });
    try {
      await this.#insist(signal, () => this.#ask('give', path, async () => {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.#bucket, Key: this.#key(path) }));
        await pipeline(Body as Readable, createWriteStream(part)).catch((cause: NodeJS.ErrnoException) => {
          if (cause.syscall === 'write' || cause.syscall === 'open') throw fileError('write', file, cause);
          throw cause;
        });
      }));
      await rename(part, file);
    } finally { await rm(part, { force: true }); }
  }

  async copy(from: string, to: string): Promise<void> {
    const { sdk, client } = this.#o, CopySource = [this.#bucket, ...this.#key(from).split('/')].map(encodeURIComponent).join('/');
    await this.#ask('copy', from, () => client.send(new sdk.CopyObjectCommand({ Bucket: this.#bucket, Key: this.#key(to), CopySource })));
  }

  async open(path: string): Promise<OpenAsset | undefined> {
    const { sdk, client } = this.#o, at = { Bucket: this.#bucket, Key: this.#key(path) };
    const head = await this.#ask('show', path, () => client.send(new sdk.HeadObjectCommand(at))).catch((error: unknown) => {
      if (error instanceof FileError) return undefined;
      throw error;
    });
    if (!head) return undefined;
    return {
      bytes: head.ContentLength ?? 0, close: async () => {},
      stream: async (start, end) => {
        const { Body }: GetObjectCommandOutput = await this.#ask('give', path, () => client.send(new sdk.GetObjectCommand({ ...at, Range: `bytes=${start}-${end}` })));
        return Readable.toWeb(Body as Readable) as ReadableStream<Uint8Array>;
      },
    };
  }

  async #listed(path: string): Promise<Listed[]> {
    const { sdk, client } = this.#o, all: Listed[] = [];
    for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
      const page = await this.#ask('list', path, () => client.send(new sdk.ListObjectsV2Command({
        Bucket: this.#bucket, Prefix: this.#key(`${path}/`), ...(token === undefined ? {} : { ContinuationToken: token }) })));
      for (const { Key, Size = 0, LastModified } of page.Contents ?? [])
        if (Key !== undefined) all.push({ key: Key.slice(this.#before.length), bytes: Size, changed: LastModified?.getTime() ?? Infinity });
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    }
    return all;
  }

  async list(path: string): Promise<string[]> { return (await this.#listed(path)).map(({ key }) => key.slice(path.length + 1)).sort(); }

  async remove(path: string): Promise<void> {
    const { sdk, client } = this.#o;
    for (const { key } of await this.#listed(path))                                                 // one by one: deleting many at once is what compatible stores differ in
      await this.#ask('remove', key, () => client.send(new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#key(key) })));
  }

  async jobs(): Promise<Map<string, Held>> {
    const found = new Map<string, { changed: number; total: number }>();
    for (const { key, bytes, changed } of await this.#listed('jobs')) {
      const id = key.split('/')[1]!, known = found.get(id);
      if (JOB_ID.test(id)) found.set(id, { changed: Math.max(known?.changed ?? 0, changed), total: (known?.total ?? 0) + bytes });
    }
    return new Map([...found].map(([id, { changed, total }]) => [id, { changed, bytes: async () => total }]));
  }
}
