/**
 * @file Figures that the page and the card of a run tell alike, worked out of its log and its record.
 */
import type { LoggedStep, LoggedValidation, RunLog } from './metrics.ts';
import type { RunRecord } from './record.ts';
import type { Walls } from './walls.ts';

/** A run as its folder tells it. */
export interface RunFiles {
  /** Name of its folder. */
  readonly name: string;
  readonly log: RunLog;
  /** Null for runs of earlier versions. */
  readonly record: RunRecord | null;
  readonly walls: Walls;
}

/** The middle one; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Time of a step, in milliseconds. */
export const stepMs = ({ ms }: LoggedStep): number => (ms.data ?? 0) + (ms.gradients ?? 0) + (ms.update ?? 0);

/** How fast a run was. Medians are over steps. */
export interface SpeedFigures {
  /** Seconds of all steps together. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Milliseconds. */
  readonly stepMs: number;
  /** Share of all time that was spent waiting for data. */
  readonly dataWait: number;
  /** Share of all time that the update took. */
  readonly update: number;
  /** 10⁹ operations a second while gradients are computed; NaN where the arithmetic of a step is not known. */
  readonly gflops: number;
  /** `gflops` as a share of the best speed of a large product on this engine; NaN where that was not measured. */
  readonly ofCeiling: number;
}

/** Speed over a log. */
export function speedOf({ log: { steps }, record }: Pick<RunFiles, 'log' | 'record'>): SpeedFigures {
  const total = steps.reduce((n, s) => n + stepMs(s), 0), share = (of: (s: LoggedStep) => number | null): number => steps.reduce((n, s) => n + (of(s) ?? 0), 0) / total;
  const gradients = steps.reduce((n, s) => n + (s.ms.gradients ?? 0), 0) / steps.length, gflops = (record?.plan?.gflopPerStep ?? Number.NaN) / gradients * 1000;
  return {
    seconds: total / 1000, samplesPerSecond: median(steps.map((s) => s.samplesPerSecond ?? Number.NaN)), stepMs: median(steps.map(stepMs)),
    dataWait: share((s) => s.ms.data), update: share((s) => s.ms.update), gflops, ofCeiling: gflops / (record?.sessions.at(-1)?.ceilingGflops ?? Number.NaN),
  };
}

/** The noise level and kind of a figure such as `loss@0.85` or `loss@0.85/17x64x64+1`; null for others. */
export function levelOf(name: string): { readonly what: string; readonly sigma: number; readonly kind?: string } | null {
  const found = /^([a-z]+)@([\d.]+)(?:\/(.+))?$/.exec(name);
  return found ? { what: found[1]!, sigma: Number(found[2]), ...(found[3] === undefined ? {} : { kind: found[3] }) } : null;
}

/** Values of one figure over validations. */
export const seriesOf = (validations: readonly LoggedValidation[], name: string): [number, number][] =>
  validations.flatMap(({ step, scalars }) => (scalars[name] === undefined ? [] : [[step, scalars[name]] as [number, number]]));

/** All names of figures, in the order in which they first appear. */
export const namesOf = (validations: readonly LoggedValidation[]): string[] => [...new Set(validations.flatMap(({ scalars }) => Object.keys(scalars)))];

/** `2 h 05 min`, `3 min`, `12 s`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A share in percent; a dash where it is not known. */
export const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '–');
