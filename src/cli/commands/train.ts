/**
 * @file `kinora train vae|text|dit <config>`, `kinora train judge` and `kinora train export`: from configurations to a model folder.
 */
import { dirname } from 'node:path';
import { InputError } from '../../core/errors.ts';
import type { StepProgress } from '../../train/loop.ts';
import type { RunPlan } from '../../train/plan.ts';
import type { RunOptions } from '../../train/run.ts';
import { integer, nonEmpty } from '../options.ts';
import type { ProgressEvent } from '../progress.ts';
import type { CliCommand, CliContext } from '../program.ts';

interface Flags { readonly lpc: string; readonly out: string; readonly cache: string; readonly resume?: boolean; readonly init?: string; readonly dryRun?: boolean; readonly vae?: string; readonly tokenizer: string; readonly threads?: number }

const folder = (flag: string) => nonEmpty(flag, 'wanted a path');

const trainEvent = (p: StepProgress): ProgressEvent => ({
  stage: 'train', done: p.step + 1, total: p.steps,
  note: `loss ${p.loss.toFixed(4)}, ${p.samplesPerSecond.toFixed(1)} samples/s, ${Math.round(p.eta / 60)} min left${p.skipped ? ', skipped' : ''}`,
});

async function runOptions({ lpc, out, cache, resume, init, threads }: Flags, { signal, progress }: CliContext): Promise<RunOptions> {
  const { runBackend } = await import('../../train/run.ts');
  return {
    backend: runBackend(threads), lpc, dir: out, cacheDir: cache, resume: resume ?? false, signal, ...(init === undefined ? {} : { init }),
    onStep: (p) => { progress(trainEvent(p)); },
    onPrepare: (what, done, total) => { progress({ stage: what, done, total }); },
  };
}

function printPlan(p: RunPlan, print: CliContext['print']): void {
  print(`parameters ${(p.parameters / 1e6).toFixed(2)} M, ${p.steps} steps of ${p.samplesPerStep.toFixed(1)} samples and ${p.gflopPerStep.toFixed(0)} GFLOP`);
  print(`memory     about ${p.memoryMb.toFixed(0)} MB with ${p.kept} of ${p.layouts.length} layouts compiled; padding ${(100 * p.padding).toFixed(1)} %`);
  print(`time       about ${p.hours.toFixed(2)} h at 180 GFLOP/s`);
  for (const layout of p.layouts) print(`layout     ${layout}`);
}

const common = (command: Parameters<CliCommand['define']>[0]) => command
  .argument('<config>', 'a JSON file, see configs/')
  .option('--lpc <dir>', 'checkout of the Liberated Pixel Cup layers', folder('--lpc'), 'lpc')
  .option('--out <dir>', 'folder of the run', folder('--out'), 'runs/latest')
  .option('--cache <dir>', 'folder of decoded layers and latents', folder('--cache'), '.cache')
  .option('--tokenizer <dir>', 'folder with tokenizer.json and words.json', folder('--tokenizer'), 'models/sprites-64')
  .option('--threads <n>', 'threads of the engine', integer('--threads', { min: 1, max: 256 }))
  .option('--resume', 'go on from the newest checkpoint')
  .option('--init <file>', 'weights of an earlier run to start from', folder('--init'))
  .option('--dry-run', 'print parameters, arithmetic, memory and time, and stop');

const vae: CliCommand = {
  path: 'train vae',
  summary: 'Trains a video autoencoder on sprites',
  example: 'kinora train vae configs/sprites-64/vae.json --lpc ./lpc --out runs/vae',
  define: (command, context) => {
    common(command).action(async (config: string, flags: Flags) => {
      const [{ readRunConfig }, { trainVae }, { planVae }] = await Promise.all([import('../../train/config.ts'), import('../../train/run.ts'), import('../../train/plan.ts')]);
      const parsed = await readRunConfig('vae', config);
      printPlan(planVae(parsed), context.print);
      if (!flags.dryRun) context.print(await trainVae(parsed, await runOptions(flags, context)));
    });
  },
};

const text: CliCommand = {
  path: 'train text',
  summary: 'Trains a text tower on captions and the labels of their clips',
  example: 'kinora train text configs/sprites-64/text.json --lpc ./lpc --out runs/text',
  define: (command, context) => {
    common(command).action(async (config: string, flags: Flags) => {
      const [{ readRunConfig }, { trainText }, { planText }, { loadTokenizer }] = await Promise.all([
        import('../../train/config.ts'), import('../../train/run.ts'), import('../../train/plan.ts'), import('../../pipeline/tokenizer.ts')]);
      const parsed = await readRunConfig('text', config);
      printPlan(planText(parsed, await loadTokenizer(flags.tokenizer)), context.print);
      if (!flags.dryRun) context.print(await trainText(parsed, { ...(await runOptions(flags, context)), tokenizer: flags.tokenizer }));
    });
  },
};

const dit: CliCommand = {
  path: 'train dit',
  summary: 'Trains a diffusion transformer on latents of sprites',
  example: 'kinora train dit configs/sprites-64/dit.json --vae runs/vae/vae.safetensors --text runs/text/text.safetensors --lpc ./lpc --out runs/dit',
  define: (command, context) => {
    common(command).requiredOption('--vae <file>', 'the autoencoder, vae.safetensors', folder('--vae')).option('--text <file>', 'a trained text tower that stays as it is, text.safetensors', folder('--text')).action(async (config: string, flags: Flags & { vae: string; text?: string }) => {
      const [{ readRunConfig }, { trainDiT }, { planDiT }, { readVae }, { loadTokenizer }] = await Promise.all([
        import('../../train/config.ts'), import('../../train/run.ts'), import('../../train/plan.ts'), import('../../train/vae-file.ts'), import('../../pipeline/tokenizer.ts')]);
      const parsed = await readRunConfig('dit', config);
      printPlan(planDiT(parsed, await readVae(flags.vae), await loadTokenizer(flags.tokenizer)), context.print);
      if (!flags.dryRun) context.print(await trainDiT(parsed, { ...(await runOptions(flags, context)), vae: flags.vae, tokenizer: flags.tokenizer, ...(flags.text === undefined ? {} : { text: flags.text }) }));
    });
  },
};

interface JudgeFlags { readonly lpc: string; readonly vae?: string; readonly out: string; readonly cache: string; readonly steps?: number; readonly seed?: number; readonly pool?: number; readonly threads?: number; readonly resume?: boolean }

const judge: CliCommand = {
  path: 'train judge',
  summary: 'Trains the judge that reads sprite films; it shares nothing with the model',
  example: 'kinora train judge --lpc ./lpc --vae runs/vae/vae.safetensors --out runs/judge/judge.safetensors',
  define: (command, context) => {
    command
      .option('--lpc <dir>', 'checkout of the Liberated Pixel Cup layers', folder('--lpc'), 'lpc')
      .option('--vae <file>', 'an autoencoder whose marks the judge learns to overlook, vae.safetensors', folder('--vae'))
      .option('--out <file>', 'the judge; its run lies in the same folder', folder('--out'), 'runs/judge/judge.safetensors')
      .option('--cache <dir>', 'folder of decoded layers', folder('--cache'), '.cache')
      .option('--steps <n>', 'steps of 32 clips; 3000 unless said', integer('--steps', { min: 1 }))
      .option('--pool <n>', 'clips that go through the autoencoder first; 768 unless said', integer('--pool', { min: 1 }))
      .option('--seed <n>', 'another than any model has; 77 unless said', integer('--seed', { min: 0 }))
      .option('--threads <n>', 'threads of the engine', integer('--threads', { min: 1, max: 256 }))
      .option('--resume', 'go on from the newest checkpoint')
      .action(async ({ lpc, vae: vaeFile, out, cache, steps, seed, pool, threads, resume }: JudgeFlags) => {
        const [{ trainJudge, JUDGE_OPTIM }, { readVae }, { runBackend }, { loadSpriteWorld }] = await Promise.all([
          import('../../train/judge-task.ts'), import('../../train/vae-file.ts'), import('../../train/run.ts'), import('../../data/sprites/world.ts')]);
        const { signal, print, progress } = context;
        const scores = await trainJudge({
          world: await loadSpriteWorld(lpc, { cacheDir: cache }), backend: runBackend(threads), dir: dirname(out), out, resume: resume ?? false, signal,
          ...(vaeFile === undefined ? {} : { vae: await readVae(vaeFile) }),
          config: { ...(seed === undefined ? {} : { seed }), ...(pool === undefined ? {} : { pool }) },
          optim: steps === undefined ? {} : { steps, warmup: Math.min(JUDGE_OPTIM.warmup, Math.ceil(steps / 10)) },
          onStep: (p) => { progress(trainEvent(p)); }, onPrepare: (what, done, total) => { progress({ stage: what, done, total }); },
        });
        for (const [name, share] of Object.entries(scores)) print(`${name.padEnd(22)} ${(100 * share).toFixed(1)} %`);
        print(out);
      });
  },
};

const toModel: CliCommand = {
  path: 'train export',
  summary: 'Makes a model folder of a finished run',
  example: 'kinora train export runs/dit --lpc ./lpc --out models/mine',
  define: (command, { print }) => {
    command.argument('<run>', "folder of a transformer's run")
      .requiredOption('--out <dir>', "the model's folder; its name is the model's id", folder('--out'))
      .option('--lpc <dir>', 'checkout of the Liberated Pixel Cup layers', folder('--lpc'), 'lpc')
      .option('--cache <dir>', 'folder of decoded layers', folder('--cache'), '.cache')
      .option('--tokenizer <dir>', 'folder with tokenizer.json and words.json', folder('--tokenizer'), 'models/sprites-64')
      .option('--judge <file>', 'judge.safetensors', folder('--judge'))
      .option('--release <v>', 'version of the model', nonEmpty('--release', 'wanted a version'), '0.1.0')
      .option('--steps <n>', 'default sampling steps', '16').option('--guidance <x>', 'default guidance', '3')
      .action(async (run: string, flags: { out: string; lpc: string; cache: string; tokenizer: string; judge?: string; release: string; steps: string; guidance: string }) => {
        const { exportModel } = await import('../../train/export.ts');
        const id = flags.out.replace(/[/\\]+$/, '').split(/[/\\]/).at(-1)!, steps = Number(flags.steps), guidance = Number(flags.guidance);
        if (!Number.isInteger(steps) || steps < 1) throw new InputError(`--steps ${flags.steps}: wanted a whole number from 1`);
        if (!(guidance >= 0)) throw new InputError(`--guidance ${flags.guidance}: wanted a number from 0`);
        const { info } = await exportModel({ run, id, out: flags.out, lpc: flags.lpc, cacheDir: flags.cache, tokenizer: flags.tokenizer, version: flags.release, ...(flags.judge === undefined ? {} : { judge: flags.judge }),
          sampling: { sampler: 'euler', steps, guidance, interval: [0, 1], rescale: 0, palette: 32 } });
        print(`${flags.out}: ${info.id} ${info.version}, ${Object.keys(info.files).length} files`);
      });
  },
};

/** The rows. */
export const trainCommands: readonly CliCommand[] = [vae, text, dit, judge, toModel];
