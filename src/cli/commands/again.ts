/**
 * @file `kinora replay`, `kinora remix` and `kinora master`: films made again from what their files say of themselves.
 */
import type { Command } from 'commander';
import { extname } from 'node:path';
import { FileError } from '../../core/errors.ts';
import { DEVICE_CHOICES, PRECISIONS, type DeviceChoice, type Precision } from '../../pipeline/engine.ts';
import type { GeneratedFilm } from '../../pipeline/pipeline.ts';
import { filmLine, filmLines } from '../film-lines.ts';
import { choice, integer, loraAt, nonEmpty, output, repeated, type LoraAt } from '../options.ts';
import type { CliCommand, CliContext } from '../program.ts';
import { signing } from '../signing.ts';

interface Flags {
  readonly lora?: readonly LoraAt[];
  readonly output?: string;
  readonly model?: string;
  readonly threads?: number;
  readonly device?: DeviceChoice;
  readonly precision?: Precision;
  readonly seed?: number;
  readonly resume?: boolean;
  readonly sign?: boolean;
  readonly json?: boolean;
}

const common = (command: Command): Command => command
  .option('-o, --output <file>', 'where to; default beside the film', output('--output'))
  .option('--model <id|dir>', 'another model than the one that made it', nonEmpty('--model', 'wanted a model id or a folder'))
  .option('--lora <file>', 'the file of an adaptation that it was made with; repeatable', repeated(loraAt('--lora')))
  .option('--threads <n>', 'CPU threads', integer('--threads', { min: 1, max: 256 }))
  .option('--device <name>', `what computes: ${DEVICE_CHOICES.join(', ')}; a replay's default is what made the film`, choice('--device', DEVICE_CHOICES))
  .option('--precision <name>', `in which numbers: ${PRECISIONS.join(', ')}`, choice('--precision', PRECISIONS))
  .option('--resume', 'go on from the windows that an interrupted run kept in <output>.parts')
  .option('--no-sign', 'write the film without a signature')
  .option('--json', 'print one JSON object');

/** `film.mp4` → `film-master.mp4`. */
function beside(file: string, what: string): string {
  const path = file.replace(/[/\\]+$/, ''), extension = extname(path);
  return `${extension === '' ? path : path.slice(0, -extension.length)}-${what}${extension}`;
}

function tell(film: GeneratedFilm, { json }: Flags, { print }: CliContext): void {
  if (!json) for (const line of filmLines(film)) print(line);
}

async function shared(flags: Flags, { version, signal, progress }: CliContext) {
  return {
    ...await signing({ sign: flags.sign, version }), signal, resume: flags.resume ?? false,
    ...(flags.lora ? { loras: flags.lora } : {}), ...(flags.model === undefined ? {} : { model: flags.model }), ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    ...(flags.device === undefined ? {} : { device: flags.device }), ...(flags.precision === undefined ? {} : { precision: flags.precision }),
    onProgress: ({ phase, step, steps }: { readonly phase: string; readonly step: number; readonly steps: number }) => { progress({ stage: phase, done: step, total: steps }); },
  };
}

/** The rows. */
export const againCommands: readonly CliCommand[] = [
  {
    path: 'replay',
    summary: 'Makes a film again from what its file says; says whether it is the same to the byte, whoever signed it',
    example: 'kinora replay film.mp4',
    define: (command, context) => {
      common(command.argument('<film>', 'a film that Kinora made')).action(async (file: string, flags: Flags) => {
        const { replay } = await import('../../pipeline/again.ts');
        const { film, was, is, same } = await replay(file, { ...await shared(flags, context), output: flags.output ?? beside(file, 'replay') });
        context.print(flags.json ? JSON.stringify({ ...film, was, is, same }) : `${film.file}  ${same ? `the same film, SHA-256 ${is}` : `another film: ${was} was, ${is} is`}`);
        tell(film, flags, context);
        if (!same) throw new FileError(`${film.file} is not the same as ${file}`);
      });
    },
  },
  {
    path: 'remix',
    summary: 'Makes a film again with other words, from the same noise and settings',
    example: 'kinora remix film.mp4 "a skeleton walks to the right" -o remix.mp4',
    define: (command, context) => {
      common(command.argument('<film>', 'a film that Kinora made').argument('<prompt>', 'what it shows instead', nonEmpty('prompt', 'say what the film shows')))
        .option('--seed <n>', 'another seed', integer('--seed', { min: 0, max: Number.MAX_SAFE_INTEGER }))
        .action(async (file: string, prompt: string, flags: Flags) => {
          const { remix } = await import('../../pipeline/again.ts');
          const seed = flags.seed === undefined ? {} : { seed: flags.seed }, to = flags.output ?? beside(file, 'remix');
          const film = await remix(file, { ...await shared(flags, context), ...seed, prompt, output: to });
          context.print(flags.json ? JSON.stringify(film) : filmLine(film));
          tell(film, flags, context);
        });
    },
  },
  {
    path: 'master',
    summary: 'Makes the film of which a file is a draft, with all steps',
    example: 'kinora master draft.mp4 -o film.mp4',
    define: (command, context) => {
      common(command.argument('<draft>', 'a film made with --draft')).action(async (file: string, flags: Flags) => {
        const { master } = await import('../../pipeline/again.ts');
        const { film, psnr, ssim } = await master(file, { ...await shared(flags, context), output: flags.output ?? beside(file, 'master') });
        const agree = `draft and film agree to ${psnr.toFixed(1)} dB, SSIM ${ssim.toFixed(2)}`;
        context.print(flags.json ? JSON.stringify({ ...film, psnr, ssim }) : `${film.file}  ${film.steps} steps, seed ${film.seed}; ${agree}`);
        tell(film, flags, context);
      });
    },
  },
];
