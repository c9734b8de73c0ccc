/**
 * @file The safetensors format, read from anywhere bytes can be read by ranges: 8-byte header length, JSON header, raw little-endian tensors. Lineage: the format of
 * huggingface/safetensors 0.4. Runs wherever JavaScript runs; files on disk are safetensors.ts.
 */
import { FileError } from '../core/errors.ts';
import { sizeOf, type Shape } from '../core/shape.ts';
import { fromHalves } from './half.ts';

/** Element types that are read; only F32 and F16 are written. */
const BYTES = { F32: 4, F16: 2, BF16: 2, I32: 4 } as const;
export type FileType = keyof typeof BYTES;

/** One tensor of a file, as float32 (or int32). */
export interface StoredTensor { readonly shape: Shape; readonly data: Float32Array | Int32Array }

/** Where the bytes are. */
export interface ByteSource {
  /** In an error's words. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes from `at` on, `length` of them, in a buffer of their own. */
  read(at: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Contents of a file. */
export interface ReadTensors<D> {
  readonly tensors: ReadonlyMap<string, { readonly shape: Shape; readonly data: D }>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry { readonly dtype: string; readonly shape: number[]; readonly data_offsets: [number, number] }

const headerLimit = 100_000_000;                                // bytes, the limit of the format's own library

/** Bytes that are in memory already. */
export const bytesInMemory = (name: string, bytes: Uint8Array): ByteSource =>
  ({ name, size: bytes.length, read: (at, length) => Promise.resolve(new Uint8Array(bytes.subarray(at, at + length))) });

/** A tensor where it lies: its type, its first byte, and its bytes when they are asked for. */
export interface TensorPlace { readonly type: FileType; readonly begin: number; readonly read: () => Promise<ArrayBuffer> }

/** Reads the tensors for which `wanted` says so. Throws a FileError that names the source and what is wrong with it. */
export async function readTensorBytes<D>(
  source: ByteSource, wanted: (name: string) => boolean, decode: (place: TensorPlace) => Promise<D>,
): Promise<ReadTensors<D>> {
  const { size } = source, broken = (why: string): FileError => new FileError(`${source.name} is not a whole safetensors file: ${why}`);
  const read = async (at: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await source.read(at, length);
    if (bytes.length !== length) throw broken(`it ends at byte ${size}, wanted ${at + length}`);
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
}

/** The numbers of a tensor as float32 (or int32). */
export async function decodeTensor({ type, read }: Pick<TensorPlace, 'type' | 'read'>): Promise<Float32Array | Int32Array> {
  const buffer = await read();
  switch (type) {
    case 'F32': return new Float32Array(buffer);
    case 'I32': return new Int32Array(buffer);
    case 'F16': return fromHalves(new Uint16Array(buffer));
    case 'BF16': return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (h) => h << 16).buffer);
    default: return type satisfies never;
  }
}
