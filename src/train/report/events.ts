/**
 * @file A run's log as an event file for TensorBoard. It is made anew from the log each time, and as the log only grows, so does the file: a TensorBoard that
 * has it open reads on.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventFile, type ScalarEvent } from '../../io/tensorboard.ts';
import { fileError } from '../../media/pending.ts';
import { stepMs, type RunFiles } from './figures.ts';
import { writeWhole } from './record.ts';

const OURS = /^events\.out\.tfevents\.\d+\.kinora$/;
const finite = (values: Readonly<Record<string, unknown>>, stem: string): [string, number][] =>
  Object.entries(values).flatMap(([name, v]) => (typeof v === 'number' && Number.isFinite(v) ? [[`${stem}/${name}`, v] as [string, number]] : []));

/** Events of a log in the order of steps, validations behind theirs. Steps of logs without times lie one after the other from the run's beginning. */
export function logEvents({ log: { steps, validations }, record }: Pick<RunFiles, 'log' | 'record'>): ScalarEvent[] {
  const byStep = new Map(validations.map((v) => [v.step, v]));
  let clock = record ? Date.parse(record.sessions[0]!.date) : 0;
  return steps.flatMap((entry): ScalarEvent[] => {
    const { step, time, ms, updates = {}, ...scalars } = entry, validation = byStep.get(step);
    clock = time ?? clock + stepMs(entry);
    const told = Object.fromEntries([...finite(scalars, 'train'), ...finite(ms, 'milliseconds'), ...finite(updates, 'updates')]);
    const measured = validation && { time: (validation.time ?? clock) / 1000, step, scalars: Object.fromEntries(finite(validation.scalars, 'validation')) };
    return [{ time: clock / 1000, step, scalars: told }, ...(measured ? [measured] : [])];
  });
}

/** Writes `tensorboard/events.out.tfevents.<seconds>.kinora` into a run's folder, in place of another that Kinora wrote there. */
export async function writeEvents(dir: string, run: Pick<RunFiles, 'log' | 'record'>): Promise<void> {
  const folder = join(dir, 'tensorboard'), events = logEvents(run), name = `events.out.tfevents.${Math.floor(events[0]!.time)}.kinora`;
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => { throw fileError('write', folder, cause); });
  await writeWhole(join(folder, name), eventFile(events));
  for (const old of await readdir(folder)) if (OURS.test(old) && old !== name) await rm(join(folder, old), { force: true });
}
