/**
 * @file Safetensors files on disk: read by ranges (the format itself is tensor-bytes.ts), written atomically (temporary file, fsync, rename), so that a reader never
 * sees half a file. Lineage: the format of huggingface/safetensors 0.4.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { FileError } from '../core/errors.ts';
import { sizeOf, type Shape } from '../core/shape.ts';
import { toHalf } from './half.ts';
import { decodeTensor, readTensorBytes, type FileType, type ReadTensors, type StoredTensor, type TensorPlace } from './tensor-bytes.ts';

export type { StoredTensor } from './tensor-bytes.ts';

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

/** Reads all tensors (or those for which `wanted` says so). Throws a FileError that names the file and what is wrong with it. */
export async function readTensors(file: string, wanted: (name: string) => boolean = () => true): Promise<TensorFile> {
  return readFile(file, wanted, decodeTensor);
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

async function readFile<D>(file: string, wanted: (name: string) => boolean, decode: (place: TensorPlace) => Promise<D>): Promise<ReadTensors<D>> {
  const handle = await open(file, 'r').catch((cause: Error) => { throw new FileError(`cannot read ${file}: ${cause.message}`, { cause }); });
  try {
    const { size } = await handle.stat();
    const read = async (at: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
      const bytes = new Uint8Array(length), { bytesRead } = await handle.read(bytes, 0, length, at);
      return bytesRead === length ? bytes : bytes.slice(0, bytesRead);
    };
    return await readTensorBytes({ name: file, size, read }, wanted, decode);
  } finally { await handle.close(); }
}

/** SHA-256 of bytes or text, hexadecimal. */
export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
