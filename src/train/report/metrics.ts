/**
 * @file A run's log, `metrics.jsonl`: one JSON object a line, in the order of steps. A run that is gone on with cuts it first to what the checkpoint has seen,
 * so that no step stands in it twice. Numbers that are not finite are null, as JSON has them.
 */
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError } from '../../core/errors.ts';
import { fileError } from '../../media/pending.ts';

const figure = z.number().nullable();
const stepSchema = z.looseObject({
  step: z.int(), loss: figure, gradNorm: figure, rate: figure, samplesPerSecond: figure, layout: z.string().optional(),
  /** Milliseconds since 1970; logs of earlier versions lack it. */
  time: z.number().optional(),
  ms: z.object({ data: figure, gradients: figure, update: figure }),
  /** Size of the update by group of weights, as a share of the weights' own. */
  updates: z.record(z.string(), figure).optional(),
});
const skipSchema = z.looseObject({ event: z.literal('skip'), step: z.int(), gradNorm: figure, batch: z.string() });
const warningSchema = z.looseObject({ event: z.literal('warning'), step: z.int(), message: z.string() });
const validationSchema = z.looseObject({ event: z.literal('validation'), step: z.int() });

/** A step of a run's log. */
export type LoggedStep = Readonly<z.infer<typeof stepSchema>>;

/** The figures of one validation. */
export interface LoggedValidation { readonly step: number; readonly time?: number | undefined; readonly scalars: Readonly<Record<string, number>> }

/** What a log holds. */
export interface RunLog {
  readonly steps: readonly LoggedStep[];
  readonly validations: readonly LoggedValidation[];
  readonly skips: readonly Readonly<z.infer<typeof skipSchema>>[];
  readonly warnings: readonly Readonly<z.infer<typeof warningSchema>>[];
}

/** The log of a run's folder. */
export const metricsFile = (dir: string): string => join(dir, 'metrics.jsonl');

function parsed(line: string): { readonly step: number; readonly event?: string } | undefined {
  try {
    const value = JSON.parse(line) as { step?: unknown };
    return typeof value === 'object' && value !== null && Number.isInteger(value.step) ? value as { step: number; event?: string } : undefined;
  } catch { return undefined; }
}

/** Numbers of an entry but for step and time. */
const scalarsOf = (entry: object): Record<string, number> =>
  Object.fromEntries(Object.entries(entry).filter((e): e is [string, number] => typeof e[1] === 'number' && e[0] !== 'step' && e[0] !== 'time'));

/** Reads a log; a step that stands in it twice (logs of earlier versions) counts as it was done last. Throws a FileError where there is none, or nothing in it. */
export async function readMetrics(dir: string): Promise<RunLog> {
  const file = metricsFile(dir), text = await readFile(file, 'utf8').catch((cause: unknown) => { throw fileError('read', file, cause); });
  const steps = new Map<number, LoggedStep>(), validations = new Map<number, LoggedValidation>();
  const skips = new Map<number, RunLog['skips'][number]>(), warnings = new Map<string, RunLog['warnings'][number]>();
  for (const line of text.split('\n')) {
    const entry = parsed(line);
    if (!entry) continue;                                                                      // a torn line at the end
    const as = <T extends z.ZodType>(schema: T): z.infer<T> => {
      const result = schema.safeParse(entry);
      if (!result.success) throw new FileError(`${file} is no run's log: ${result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ')} (step ${entry.step})`);
      return result.data;
    };
    switch (entry.event) {
      case undefined: steps.set(entry.step, as(stepSchema)); break;
      case 'validation': {
        const { event: _event, time, ...rest } = as(validationSchema);
        validations.set(entry.step, { step: entry.step, ...(typeof time === 'number' ? { time } : {}), scalars: scalarsOf(rest) });
        break;
      }
      case 'skip': skips.set(entry.step, as(skipSchema)); break;
      case 'warning': { const warning = as(warningSchema); warnings.set(`${entry.step} ${warning.message}`, warning); break; }
      default: break;                                                                          // of a later version
    }
  }
  if (steps.size === 0) throw new FileError(`${file} holds no steps`);
  const ordered = <T extends { readonly step: number }>(rows: Iterable<T>): T[] => [...rows].sort((a, b) => a.step - b.step);
  return { steps: ordered(steps.values()), validations: ordered(validations.values()), skips: ordered(skips.values()), warnings: ordered(warnings.values()) };
}

/** Cuts a log behind the last entry of step `last`, in place; what a kill tore off goes with it. Nothing happens where there is no log. */
export async function cutMetrics(dir: string, last: number): Promise<void> {
  const file = metricsFile(dir);
  const text = await readFile(file).catch((cause: NodeJS.ErrnoException) => { if (cause.code === 'ENOENT') return null; throw fileError('write', file, cause); });
  if (!text) return;
  let end = 0;
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, end)) {
    const entry = parsed(text.toString('utf8', end, at));
    if (!entry || entry.step > last) break;
    end = at + 1;
  }
  if (end < text.length) await truncate(file, end).catch((cause: unknown) => { throw fileError('write', file, cause); });
}
