/**
 * @file Safetensors files: 8-byte header length, JSON header, raw little-endian tensors. Read by ranges, written atomically
 * (temporary file, fsync, rename), so that a reader never sees half a file. Lineage: the format of huggingface/safetensors 0.4.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { FileError } from '../core/errors.ts';
import { sizeOf, type Shape } from '../core/shape.ts';
import { fromHalves, toHalf } from './half.ts';

/** Element types that are read; only F32 and F16 are written. */
const BYTES = { F32: 4, F16: 2, BF16: 2, I32: 4 } as const;
type FileType = keyof typeof BYTES;

/** One tensor of a file, as float32 (or int32). */
export interface StoredTensor { readonly shape: Shape; readonly data: Float32Array | Int32Array }

/** A tensor whose 16-bit floats are kept as they lie in the file. */
export interface HalfTensor { readonly shape: Shape; readonly data: Uint16Array }

/** Contents of a file. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of {@link writeTensors}. */
export interface WriteTensorsOptions {
  /** Default F32. */
  readonly type?: 'F32' | 'F16';
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Writes tensors in the order given. Throws a FileError when the folder cannot be written or the disk is full; no half file remains. */
export async function writeTensors(file: string, tensors: ReadonlyMap<string, StoredTensor | HalfTensor>, o: WriteTensorsOptions = {}): Promise<void> {
  const header: Record<string, unknown> = o.metadata ? { __metadata__: o.metadata } : {};
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const [name, { shape, data }] of tensors) {
    if (sizeOf(shape) !== data.length) throw new RangeError(`${name}: ${data.length} values for shape [${shape.join(', ')}]`);
    const type: FileType = data instanceof Int32Array ? 'I32' : data instanceof Uint16Array ? 'F16' : (o.type ?? 'F32');
    const stored = type === 'F16' && data instanceof Float32Array ? Uint16Array.from(data, toHalf) : data;
    chunks.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    header[name] = { dtype: type, shape, data_offsets: [at, (at += stored.byteLength)] };
  }
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
  const size = new BigUint64Array([BigInt(Buffer.byteLength(text))]);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      for (const chunk of [new Uint8Array(size.buffer), new TextEncoder().encode(text), ...chunks]) await handle.writeFile(chunk);
      await handle.sync();
    } finally { await handle.close(); }
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new FileError(`cannot write ${file}: ${(cause as Error).message}`, { cause });
  }
}

interface Entry { readonly dtype: string; readonly shape: number[]; readonly data_offsets: [number, number] }

const headerLimit = 100_000_000;                                // bytes, the limit of the format's own library

/** Reads all tensors (or those for which `wanted` says so). Throws a FileError that names the file and what is wrong with it. */
export async function readTensors(file: string, wanted: (name: string) => boolean = () => true): Promise<TensorFile> {
  return readFile(file, wanted, async ({ type, read }) => decodeTensor(type, await read()));
}

/** As {@link readTensors}, for files of 16-bit floats, which stay as they are: half the memory. */
export async function readHalves(file: string): Promise<{ tensors: ReadonlyMap<string, HalfTensor>; metadata: Readonly<Record<string, string>> }> {
  return readFile(file, () => true, async ({ type, read }) => {
    if (type !== 'F16') throw new FileError(`${file} holds ${type}, wanted F16`);
    return new Uint16Array(await read());
  });
}

/** Where the tensors of a file of 16-bit floats begin in it, bytes, for readers of small parts of large files; nothing of them is read. */
export async function locateHalves(file: string): Promise<{ begins: ReadonlyMap<string, number>; metadata: Readonly<Record<string, string>> }> {
  const { tensors, metadata } = await readFile(file, () => true, async ({ type, begin }) => {
    if (type !== 'F16') throw new FileError(`${file} holds ${type}, wanted F16`);
    return begin;
  });
  return { begins: new Map([...tensors].map(([name, { data }]) => [name, data])), metadata };
}

/** A tensor in a file: its type, its first byte, and its bytes when they are asked for. */
interface Place { readonly type: FileType; readonly begin: number; readonly read: () => Promise<ArrayBuffer> }

async function readFile<D>(
  file: string, wanted: (name: string) => boolean, decode: (place: Place) => Promise<D>,
): Promise<{ tensors: ReadonlyMap<string, { shape: Shape; data: D }>; metadata: Readonly<Record<string, string>> }> {
  const handle = await open(file, 'r').catch((cause: Error) => { throw new FileError(`cannot read ${file}: ${cause.message}`, { cause }); });
  const broken = (why: string): FileError => new FileError(`${file} is not a whole safetensors file: ${why}`);
  try {
    const { size } = await handle.stat();
    const read = async (at: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await handle.read(bytes, 0, length, at);
      if (bytesRead !== length) throw broken(`it ends at byte ${size}, wanted ${at + length}`);
      return bytes;
    };
    if (size < 8) throw broken(`${size} bytes`);
    const length = Number(new BigUint64Array((await read(0, 8)).buffer)[0]);
    if (length > headerLimit || length + 8 > size) throw broken(`header of ${length} bytes in a file of ${size}`);
    const text = new TextDecoder().decode(await read(8, length));
    let header: Record<string, Entry>;
    try { header = JSON.parse(text) as Record<string, Entry>; } catch { throw broken('the header is not JSON'); }
    const { __metadata__: metadata = {}, ...entries } = header as Record<string, Entry> & { __metadata__?: Record<string, string> };
    const tensors = new Map<string, { shape: Shape; data: D }>();
    for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(entries)) {
      const bytes = BYTES[dtype as FileType];
      if (!bytes) throw broken(`"${name}" has type ${dtype}; read are ${Object.keys(BYTES).join(', ')}`);
      if (end - start !== bytes * sizeOf(shape)) throw broken(`"${name}" has ${end - start} bytes for shape [${shape.join(', ')}]`);
      if (8 + length + end > size) throw broken(`it ends at byte ${size}, "${name}" at ${8 + length + end}`);
      if (!wanted(name)) continue;
      const begin = 8 + length + start, data = await decode({ type: dtype as FileType, begin, read: async () => (await read(begin, end - start)).buffer });
      tensors.set(name, { shape, data });
    }
    return { tensors, metadata };
  } finally { await handle.close(); }
}

function decodeTensor(type: FileType, buffer: ArrayBuffer): Float32Array | Int32Array {
  switch (type) {
    case 'F32': return new Float32Array(buffer);
    case 'I32': return new Int32Array(buffer);
    case 'F16': return fromHalves(new Uint16Array(buffer));
    case 'BF16': return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (h) => h << 16).buffer);
    default: return type satisfies never;
  }
}

/** SHA-256 of bytes or text, hexadecimal. */
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
