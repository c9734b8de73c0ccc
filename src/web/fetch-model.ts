/**
 * @file A model behind an address: model.json, then the files that a film needs, each checked by size and SHA-256 before it is read, and kept in the browser's Cache
 * under its hash, so that the next visit fetches only what changed, and one without a network nothing. What a cache returns is checked like what the network returns; a cache
 * that fails is as good as none.
 */
import { FileError, ResourceError } from '../core/errors.ts';
import { bytesInMemory, decodeTensor, readTensorBytes } from '../io/tensor-bytes.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import { parseModelInfo, type ModelInfo, type Weights } from '../pipeline/model/model-info.ts';
import { parseTokenizer } from '../pipeline/prompt/words.ts';
import type { LoadProgress } from './messages.ts';

const CACHE = 'kinora-models';
/** What of a model makes films of words. */
const FILES = ['tokenizer.json', 'words.json', 'vae.safetensors', 'dit.safetensors'] as const;

/** A model in memory. */
export interface FetchedModel { readonly info: ModelInfo; readonly tokenizer: CaptionTokenizer; readonly vae: Weights; readonly dit: Weights }

/** Options of {@link fetchModel}. */
export interface FetchModelOptions {
  readonly onProgress: (progress: LoadProgress) => void;
  /** Default: none, all is fetched. */
  readonly cache?: Pick<Cache, 'match' | 'put' | 'delete' | 'keys'>;
  /** Default: the browser's. */
  readonly fetch?: typeof fetch;
}

/** The browser's cache of models; undefined where there is none, as in some private windows. */
export const modelCache = (): Promise<Cache | undefined> => (typeof caches === 'undefined' ? Promise.resolve(undefined) : caches.open(CACHE).catch(() => undefined));

/** A cache, or none. */
type Kept = FetchModelOptions['cache'] | undefined;

/** Fetches the model whose folder is at `url`, which ends in a slash. Throws a FileError that names address and fault. */
export async function fetchModel(url: string, o: FetchModelOptions): Promise<FetchedModel> {
  if (typeof crypto.subtle === 'undefined') throw new ResourceError('files cannot be checked on this page: the browser offers SHA-256 only over https or from localhost');
  const address = new URL('model.json', url).href, get = o.fetch ?? ((...of: Parameters<typeof fetch>) => fetch(...of));
  const described = await description(address, get, o.cache), info = parseModelInfo(new TextDecoder().decode(described), address);
  const total = FILES.reduce((sum, name) => sum + fileOf(info, name, address).bytes, 0), files = new Map<string, Uint8Array<ArrayBuffer>>(), keys: string[] = [];
  let before = 0;
  for (const name of FILES) {
    const known = fileOf(info, name, address), report = (bytes: number, cached: boolean): void => { o.onProgress({ file: name, bytes: before + bytes, total, cached }); };
    const at = new URL(known.from === undefined ? name : `../${known.from}/${name}`, url).href;
    files.set(name, await checkedFile(at, known, { ...o, get, report }));
    keys.push(keyOf(at, known));
    before += known.bytes;
  }
  await tidied(o.cache, keys);
  await keep(o.cache, address, described);                      // last: it never tells of files that are not there
  const json = (name: string): unknown => JSON.parse(new TextDecoder().decode(files.get(name))) as unknown;
  const tokenizer = parseTokenizer({ tokenizer: json('tokenizer.json'), words: json('words.json') }, { where: url, length: info.text.config.length });
  if (tokenizer.vocabulary > info.text.config.vocabulary)
    throw new FileError(`the tokenizer in ${url} has ${tokenizer.vocabulary} tokens, the text tower ${info.text.config.vocabulary}`);
  return { info, tokenizer, vae: await weightsOf('vae.safetensors', files, url), dit: await weightsOf('dit.safetensors', files, url) };
}

type KnownFile = ModelInfo['files'][string];

function fileOf({ files }: ModelInfo, name: string, address: string): KnownFile {
  const known = files[name];
  if (!known) throw new FileError(`${address} lists no ${name}`);
  return known;
}

const PAST = '?sha256=';
const keyOf = (address: string, { sha256 }: KnownFile): string => `${address}${PAST}${sha256}`;

/** What a cache holds; undefined where that is nothing, or it fails. */
async function keptBytes(cache: Kept, key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const kept = await cache?.match(key);
    return kept && new Uint8Array(await kept.arrayBuffer());
  } catch { return undefined; }
}

/** Keeps a file; where there is no room it is fetched again next time. */
const keep = async (cache: Kept, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => cache?.put(key, new Response(bytes)).catch(() => undefined);

/** Lets earlier versions of these files go. */
async function tidied(cache: Kept, keys: readonly string[]): Promise<void> {
  try {
    for (const { url } of await cache?.keys() ?? [])
      if (!keys.includes(url) && keys.some((key) => url.startsWith(key.slice(0, key.indexOf(PAST) + PAST.length)))) await cache!.delete(url);
  } catch { /* they stay, and do no harm */ }
}

/** model.json, asked for anew, so that a new version of the model is seen; where there is no network the one that was kept with its files. */
async function description(address: string, get: typeof fetch, cache: Kept): Promise<Uint8Array<ArrayBuffer>> {
  try { return await received(await request(address, get, { cache: 'no-cache' }), address, () => undefined); } catch (error) {
    const kept = (error as FileError).cause === undefined ? undefined : await keptBytes(cache, address);          // a status is an answer, and has no cause
    if (kept) return kept;
    throw error;
  }
}

async function weightsOf(name: string, files: ReadonlyMap<string, Uint8Array>, url: string): Promise<Weights> {
  const { tensors } = await readTensorBytes(bytesInMemory(`${url}${name}`, files.get(name)!), () => true, decodeTensor);
  return Object.fromEntries([...tensors].map(([key, { data }]) => [key, data as Float32Array]));
}

interface CheckedFileOptions extends FetchModelOptions {
  readonly get: typeof fetch;
  readonly report: (bytes: number, cached: boolean) => void;
}

/** The bytes of a file, from the cache or fetched. */
async function checkedFile(address: string, known: KnownFile, { cache, get, report }: CheckedFileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const key = keyOf(address, known), kept = await keptBytes(cache, key);
  if (kept && await faultOf(kept, known) === null) { report(known.bytes, true); return kept; }
  const bytes = await received(await request(address, get, {}), address, (n) => { report(n, false); });
  const fault = await faultOf(bytes, known);
  if (fault !== null) throw new FileError(`${address} ${fault}`);
  await keep(cache, key, bytes);
  return bytes;
}

/** What is wrong with a file, as the rest of a sentence; null for nothing. */
async function faultOf(bytes: Uint8Array<ArrayBuffer>, known: KnownFile): Promise<string | null> {
  if (bytes.length !== known.bytes) return `has ${bytes.length} bytes, model.json says ${known.bytes}: it is ${bytes.length < known.bytes ? 'cut off' : 'another file'}`;
  const hash = [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((b) => b.toString(16).padStart(2, '0')).join('');
  return hash === known.sha256 ? null : 'is not the file that model.json describes (its SHA-256 differs)';
}

async function request(address: string, get: typeof fetch, init: RequestInit): Promise<Response> {
  const response = await get(address, init).catch((cause: unknown) => { throw new FileError(`cannot fetch ${address}: ${(cause as Error).message}`, { cause }); });
  if (!response.ok) throw new FileError(`cannot fetch ${address}: status ${response.status}`);
  return response;
}

/** The body, told of as it comes in. */
async function received(response: Response, address: string, report: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (const reader = response.body!.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      report(size += value.length);
    }
  } catch (cause) { throw new FileError(`cannot fetch ${address}: ${(cause as Error).message}`, { cause }); }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}
