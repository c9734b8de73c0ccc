/**
 * @file Scalars as TensorBoard reads them: a TFRecord file of Event messages (tensorflow/core/lib/io/record_writer.h, core/util/event.proto,
 * core/framework/summary.proto). Only writes, only scalars.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** Scalars of one step. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  /** By tag; tags with one beginning before a slash stand together. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), a byte at a time. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82F63B78 : c >>> 1;
  return c;
});

/** The masked checksum of a record: rotated by 15 bits and moved by a constant, as checksums of data that hold checksums would be. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let c = 0xFFFFFFFF;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 255]! ^ (c >>> 8);
  c = ~c >>> 0;
  return (((c >>> 15) | (c << 17)) + 0xA282EAD8) >>> 0;
}

/** Length, its checksum, data, their checksum. */
function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 16), view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return out;
}

/** Kinds of fields on the wire, beside the field's number. */
const VARINT = 0, DOUBLE = 1, BYTES = 2, FLOAT = 5;

/** Event: wall_time = 1, step = 2, summary = 5; Summary: value = 1; Value: tag = 1, simple_value = 2. */
function event({ time, step, scalars }: ScalarEvent): Uint8Array {
  const writer = new BinaryWriter().tag(1, DOUBLE).double(time);
  if (step !== 0) writer.tag(2, VARINT).int64(step);
  writer.tag(5, BYTES).fork();
  for (const [tag, value] of Object.entries(scalars)) writer.tag(1, BYTES).fork().tag(1, BYTES).string(tag).tag(2, FLOAT).float(value).join();
  return writer.join().finish();
}

/** The bytes of an event file, whose name must hold `tfevents`. More events at the end leave what stands before them as it is. */
export function eventFile(events: readonly ScalarEvent[]): Uint8Array {
  const version = new BinaryWriter().tag(1, DOUBLE).double(events[0]?.time ?? 0).tag(3, BYTES).string('brain.Event:2').finish();   // file_version = 3
  return Buffer.concat([version, ...events.map(event)].map(record));
}
