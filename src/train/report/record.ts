/**
 * @file What a run is, `run.json` in its folder: its configuration, its plan, and on what it was started and gone on with. Written when a run begins, for
 * the run's page and for whoever finds the folder. It holds no paths.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError } from '../../core/errors.ts';
import { environment } from '../../io/environment.ts';
import { createFile, fileError } from '../../media/pending.ts';

const planSchema = z.looseObject({
  parameters: z.number(), steps: z.number(), samplesPerStep: z.number(), gflopPerStep: z.number(), padding: z.number(), unfilled: z.number(), data: z.string(),
});
const sessionSchema = z.object({
  /** ISO 8601, UTC. */
  date: z.string(),
  /** Steps that were done before. */
  fromStep: z.int(),
  cpu: z.string(), cores: z.int(), node: z.string(), onnxruntime: z.string(), commit: z.string().nullable(),
  /** Best speed of a large matrix product on this engine, 10⁹ operations a second. */
  ceilingGflops: z.number().optional(),
});
const recordSchema = z.object({
  version: z.literal(1), kind: z.string(), seed: z.int(), steps: z.int(), config: z.unknown(), plan: planSchema.optional(), sessions: z.array(sessionSchema).min(1),
});

/** What a run's folder tells of it. */
export type RunRecord = Readonly<z.infer<typeof recordSchema>>;

/** What a run says of itself when it starts. */
export interface RunDescription {
  /** `vae`, `text`, `dit`, `distill`, `judge`, `looks`. */
  readonly kind: string;
  /** Plain JSON. */
  readonly config: unknown;
  /** Its figures, where they were worked out. */
  readonly plan?: RunRecord['plan'] | undefined;
}

const recordFile = (dir: string): string => join(dir, 'run.json');

/** Reads the record of a run's folder; null where there is none. Throws a FileError when it is damaged. */
export async function readRecord(dir: string): Promise<RunRecord | null> {
  const file = recordFile(dir);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => { if (cause.code === 'ENOENT') return null; throw fileError('read', file, cause); });
  if (text === null) return null;
  let value: unknown;
  try { value = JSON.parse(text); } catch (cause) { throw new FileError(`${file} is not JSON: ${(cause as Error).message}`, { cause }); }
  const result = recordSchema.safeParse(value);
  if (!result.success) throw new FileError(`${file} is no run's record: ${result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ')}`);
  return result.data;
}

/** Options of {@link writeRecord}. */
export interface WriteRecordOptions extends RunDescription {
  readonly seed: number;
  readonly steps: number;
  /** Steps done before; with more than 0, earlier sessions are kept. */
  readonly fromStep: number;
  readonly ceilingGflops?: number | undefined;
  readonly now: Date;
}

/** Writes a file whole. */
export async function writeWhole(file: string, bytes: string | Uint8Array): Promise<void> {
  const pending = await createFile(file);
  await pending.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  await pending.commit();
}

/** Writes a run's record as a run begins or goes on. */
export async function writeRecord(dir: string, { kind, config, plan, seed, steps, fromStep, ceilingGflops, now }: WriteRecordOptions): Promise<void> {
  const { date, cpu, cores, node, onnxruntime, commit } = environment({ config, seed, threads: 0, now });
  const before = fromStep > 0 ? await readRecord(dir) : null;
  const session = { date, fromStep, cpu, cores, node, onnxruntime, commit, ...(ceilingGflops === undefined ? {} : { ceilingGflops }) };
  const record: RunRecord = { version: 1, kind, seed, steps, config, ...(plan ? { plan } : {}), sessions: [...before?.sessions ?? [], session] };
  await writeWhole(recordFile(dir), `${JSON.stringify(record, null, 2)}\n`);
}
