/**
 * @file What the evaluations' commands share: options of the model, of how it is sampled and of the sprite sheets, and contact sheets by group.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SAMPLERS, type SamplerName } from '../../diffusion/samplers/registry.ts';
import type { EvaluatedOptions } from '../../eval/evaluated.ts';
import type { Frames } from '../../media/frames.ts';
import { QUANTIZATIONS, type Quantization } from '../../models/dit/config.ts';
import { DEVICE_CHOICES, PRECISIONS, type DeviceChoice, type Precision } from '../../pipeline/engine.ts';
import { choice, decimal, integer, nonEmpty } from '../options.ts';
import type { CliContext } from '../program.ts';

/** Flags of {@link addEvalFlags}. */
export interface EvalFlags {
  readonly model?: string;
  readonly threads?: number;
  readonly device?: DeviceChoice;
  readonly precision?: Precision;
  readonly steps?: number;
  readonly guidance?: number;
  readonly guideFrom?: number;
  readonly sampler?: SamplerName;
  readonly quantize?: Quantization;
  readonly describe?: boolean;
  readonly json?: boolean;
}

/** Flags of {@link addSheetFlags}. */
export interface SheetFlags {
  readonly lpc?: string;
  readonly cache: string;
}

/** Adds the model, how it is sampled, and `--json`. */
export const addEvalFlags = (command: Command): Command => command
  .option('--model <id|dir>', 'an installed model, or a folder', nonEmpty('--model', 'wanted a model id or a folder'))
  .option('--steps <n>', "sampling steps; default the model's, as for what follows", integer('--steps', { min: 1, max: 1000 }))
  .option('--guidance <x>', 'how strongly the words pull', decimal('--guidance', { min: 0, max: 30 }))
  .option('--guide-from <sigma>', 'least noise level at which they do', decimal('--guide-from', { min: 0, max: 1 }))
  .option('--sampler <name>', SAMPLERS.join(', '), choice('--sampler', SAMPLERS))
  .option('--quantize <how>', `${QUANTIZATIONS.join(', ')}: in which numbers the transformer's large products are computed`, choice('--quantize', QUANTIZATIONS))
  .option('--no-describe', 'do not tell the model in words how given pictures look')
  .option('--threads <n>', 'CPU threads', integer('--threads', { min: 1, max: 256 }))
  .option('--device <name>', `${DEVICE_CHOICES.join(', ')}: what computes the films`, choice('--device', DEVICE_CHOICES))
  .option('--precision <name>', `${PRECISIONS.join(', ')}: in which numbers it does`, choice('--precision', PRECISIONS))
  .option('--json', 'print one JSON object');

/** Adds the sprite sheets. */
export const addSheetFlags = (command: Command, without = ''): Command => command
  .option('--lpc <dir>', `checkout of the Liberated Pixel Cup layers${without}`, nonEmpty('--lpc', 'wanted a folder'))
  .option('--cache <dir>', 'folder of decoded layers', nonEmpty('--cache', 'wanted a path'), '.cache');

/** The flags as an evaluation takes them. */
export function evaluatedOptions(flags: EvalFlags, { signal }: Pick<CliContext, 'signal'>): EvaluatedOptions {
  const { model, threads, device, precision, steps, guidance, guideFrom, sampler, quantize, describe } = flags;
  return {
    signal, ...(model === undefined ? {} : { model }), ...(threads === undefined ? {} : { threads }), ...(device === undefined ? {} : { device }),
    ...(precision === undefined ? {} : { precision }),
    sampling: {
      ...(steps === undefined ? {} : { steps }), ...(guidance === undefined ? {} : { guidance }), ...(sampler === undefined ? {} : { sampler }),
      ...(quantize === undefined ? {} : { quantize }), ...(describe === false ? { describe } : {}), ...(guideFrom === undefined ? {} : { interval: [guideFrom, 1] as const }),
    },
  };
}

/** The first `most` films of each group, for contact sheets. */
export class FilmSheets {
  readonly #films = new Map<string, Frames[]>();
  readonly #most: number;
  constructor(most: number) { this.#most = most; }

  add(group: string, film: Frames): void {
    const films = this.#films.get(group) ?? [];
    this.#films.set(group, films);
    if (films.length < this.#most) films.push(film);
  }

  /** Writes `<group>.png` for each group. */
  async write(dir: string, columns: number): Promise<void> {
    const { contactSheet, writePng } = await import('../../media/contact-sheet.ts');
    await mkdir(dir, { recursive: true });
    for (const [group, films] of this.#films) await writePng(join(dir, `${group}.png`), contactSheet(films, { columns }));
  }
}
