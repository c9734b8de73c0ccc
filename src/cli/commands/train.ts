/**
 * @file `kinora train vae|text|dit|distill <config>`, `kinora train judge|looks` and `kinora train export`: from configurations to a model folder.
 */
import { dirname } from 'node:path';
import { Option } from 'commander';
import { SAMPLERS, type SamplerName } from '../../diffusion/samplers/registry.ts';
import type { TrainJudgeOptions } from '../../train/tasks/judge-task.ts';
import type { TrainLooksOptions } from '../../train/tasks/looks-task.ts';
import type { StepProgress } from '../../train/loop/loop.ts';
import type { RunPlan } from '../../train/run-plan.ts';
import type { DataOptions, RunOptions } from '../../train/run/options.ts';
import { choice, decimal, integer, nonEmpty } from '../options.ts';
import type { ProgressEvent } from '../progress.ts';
import type { CliCommand, CliContext } from '../program.ts';

interface Flags {
  readonly lpc?: string;
  readonly data?: string;
  readonly out: string;
  readonly cache: string;
  readonly resume?: boolean;
  readonly init?: string;
  readonly dryRun?: boolean;
  readonly report?: boolean;
  readonly vae?: string;
  readonly tokenizer: string;
  readonly threads?: number;
}

const folder = (flag: string) => nonEmpty(flag, 'wanted a path');

const trainEvent = (p: StepProgress): ProgressEvent => ({
  stage: 'train', done: p.step + 1, total: p.steps,
  note: `loss ${p.loss.toFixed(4)}, ${p.samplesPerSecond.toFixed(1)} samples/s, ${Math.round(p.eta / 60)} min left${p.skipped ? ', skipped' : ''}`,
});

async function runOptions(
  { lpc, data, out, cache, resume, init, threads, report }: Omit<Flags, 'tokenizer'>, { signal, progress, warn }: CliContext, plan?: RunPlan,
): Promise<RunOptions & DataOptions> {
  const { runBackend } = await import('../../train/run/options.ts');
  return {
    backend: runBackend(threads), dir: out, cacheDir: cache, resume: resume ?? false, report: report ?? false, signal, ...(plan ? { plan } : {}),
    ...(lpc === undefined ? {} : { lpc }), ...(data === undefined ? {} : { data }), ...(init === undefined ? {} : { init }),
    onStep: (p) => { progress(trainEvent(p)); }, onWarning: warn,
    onPrepare: (what, done, total) => { progress({ stage: what, done, total }); },
  };
}

function printPlan(p: RunPlan, print: CliContext['print']): RunPlan {
  print(`parameters ${(p.parameters / 1e6).toFixed(2)} M, ${p.steps} steps of ${p.samplesPerStep.toFixed(1)} samples and ${p.gflopPerStep.toFixed(0)} GFLOP`);
  print(`memory     about ${p.memoryMb.toFixed(0)} MB with ${p.kept} of ${p.layouts.length} layouts compiled; `
    + `padding ${(100 * p.padding).toFixed(1)} %, unfilled ${(100 * p.unfilled).toFixed(1)} %`);
  print(`data       ${p.data}`);
  print(`time       about ${p.hours.toFixed(2)} h at ${p.gflops} GFLOP/s`);
  for (const layout of p.layouts) print(`layout     ${layout}`);
  return p;
}

const runFlags = (command: Parameters<CliCommand['define']>[0]) => command
  .argument('<config>', 'a JSON file, see configs/')
  .option('--lpc <dir>', 'checkout of the Liberated Pixel Cup layers; lpc unless said', folder('--lpc'))
  .option('--out <dir>', 'folder of the run', folder('--out'), 'runs/latest')
  .option('--cache <dir>', 'folder of decoded layers and latents', folder('--cache'), '.cache')
  .option('--threads <n>', 'threads of the engine', integer('--threads', { min: 1, max: 256 }))
  .option('--resume', 'go on from the newest checkpoint')
  .option('--report', 'keep report.html in the run\'s folder up to date: curves, samples, speed, health, a card; TensorBoard\'s events beside it')
  .option('--dry-run', 'print parameters, arithmetic, memory and time, and stop');

const common = (command: Parameters<CliCommand['define']>[0]) => runFlags(command)
  .option('--tokenizer <dir>', 'folder with tokenizer.json and words.json', folder('--tokenizer'), 'models/sprites-64')
  .option('--init <file>', 'weights of an earlier run to start from', folder('--init'));

/** Flags of runs that can be on a dataset. */
const footageFlags = (command: Parameters<CliCommand['define']>[0]) => common(command)
  .addOption(new Option('--data <dataset>', 'a dataset that kinora data ingest wrote, in place of the sprites').argParser(folder('--data')).conflicts('lpc'));

const vae: CliCommand = {
  path: 'train vae',
  summary: 'Trains a video autoencoder on sprites or on your own footage',
  example: 'kinora train vae configs/sprites-64/vae.json --lpc ./lpc --out runs/vae',
  define: (command, context) => {
    footageFlags(command).action(async (config: string, flags: Flags) => {
      const [{ readRunConfig }, { trainVae }, { planFootageVae, planVae }] = await Promise.all([
        import('../../train/config.ts'), import('../../train/run/vae-run.ts'), import('../../train/plan.ts')]);
      const parsed = await readRunConfig('vae', config), { data } = flags;
      const plan = printPlan(data === undefined ? planVae(parsed) : await planFootageVae(parsed, data), context.print);
      if (!flags.dryRun) context.print(await trainVae(parsed, await runOptions(flags, context, plan)));
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
        import('../../train/config.ts'), import('../../train/run/text-run.ts'), import('../../train/plan.ts'), import('../../pipeline/prompt/tokenizer.ts')]);
      const parsed = await readRunConfig('text', config);
      const plan = printPlan(planText(parsed, await loadTokenizer(flags.tokenizer)), context.print);
      if (!flags.dryRun) context.print(await trainText(parsed, { ...(await runOptions(flags, context, plan)), tokenizer: flags.tokenizer }));
    });
  },
};

const dit: CliCommand = {
  path: 'train dit',
  summary: 'Trains a diffusion transformer on latents of sprites or of your own footage',
  example: 'kinora train dit configs/sprites-64/dit.json --vae runs/vae/vae.safetensors --text runs/text/text.safetensors --lpc ./lpc --out runs/dit',
  define: (command, context) => {
    footageFlags(command)
      .requiredOption('--vae <file>', 'the autoencoder, vae.safetensors', folder('--vae'))
      .option('--text <file>', 'a trained text tower that stays as it is, text.safetensors', folder('--text'))
      .option('--self-test', 'learn one clip by heart, compare it with the original, and stop')
      .action(async (config: string, flags: Flags & { vae: string; text?: string; selfTest?: boolean }) => {
        const [{ readRunConfig }, { selfTestDiT, trainDiT }, { planDiT, planFootageDiT }, { readVae }, { loadTokenizer }] = await Promise.all([
          import('../../train/config.ts'), import('../../train/run/dit-run.ts'), import('../../train/plan.ts'), import('../../train/vae-file.ts'),
          import('../../pipeline/prompt/tokenizer.ts')]);
        const parsed = await readRunConfig('dit', config), { vae: file, tokenizer, text: tower, selfTest, dryRun } = flags;
        const options = { ...(await runOptions(flags, context)), vae: file, tokenizer, ...(tower === undefined ? {} : { text: tower }) };
        if (selfTest) { context.print(`one clip learnt by heart: ${(await selfTestDiT(parsed, options)).toFixed(1)} dB against the autoencoder's own reconstruction`); return; }
        const frozen = { vae: await readVae(file), tokenizer: await loadTokenizer(tokenizer) }, { data } = flags;
        const plan = printPlan(data === undefined ? planDiT(parsed, frozen.vae, frozen.tokenizer) : await planFootageDiT(parsed, { ...frozen, data }), context.print);
        if (!dryRun) context.print(await trainDiT(parsed, { ...options, plan }));
      });
  },
};

const distill: CliCommand = {
  path: 'train distill',
  summary: 'Trains a student of few steps on the films of an installed model',
  example: 'kinora train distill configs/sprites-64/turbo.json --model models/sprites-64 --lpc ./lpc --out runs/turbo',
  define: (command, context) => {
    runFlags(command)
      .option('--model <id|dir>', 'the teacher: an installed model, or a folder', nonEmpty('--model', 'wanted a model id or a folder'), 'sprites-64')
      .action(async (config: string, flags: Omit<Flags, 'tokenizer' | 'init'> & { model: string }) => {
        const [{ readRunConfig }, { trainDistilled }, { planDistill }, { findModel }] = await Promise.all([
          import('../../train/config.ts'), import('../../train/distill.ts'), import('../../train/plan.ts'), import('../../pipeline/model/model-store.ts')]);
        const parsed = await readRunConfig('distill', config), { model } = flags;
        const plan = printPlan(planDistill(parsed, (await findModel(model)).info), context.print);
        if (!flags.dryRun) context.print(await trainDistilled(parsed, { ...(await runOptions(flags, context, plan)), model }));
      });
  },
};

interface ReaderFlags {
  readonly lpc: string;
  readonly vae?: string;
  readonly out: string;
  readonly cache: string;
  readonly steps?: number;
  readonly seed?: number;
  readonly pool?: number;
  readonly threads?: number;
  readonly resume?: boolean;
  readonly report?: boolean;
}

/** What is said of a small network's run where no flag says otherwise. */
interface ReaderDefaults { readonly batch: string; readonly steps: number; readonly pool: number; readonly seed: number }

/** Flags of the small networks that read sprites. */
const readerFlags = (command: Parameters<CliCommand['define']>[0], what: string, { batch, steps, pool, seed }: ReaderDefaults) => command
  .option('--lpc <dir>', 'checkout of the Liberated Pixel Cup layers', folder('--lpc'), 'lpc')
  .option('--vae <file>', `an autoencoder whose marks ${what} learns to overlook, vae.safetensors`, folder('--vae'))
  .option('--cache <dir>', 'folder of decoded layers', folder('--cache'), '.cache')
  .option('--steps <n>', `steps of ${batch}; ${steps} unless said`, integer('--steps', { min: 1 }))
  .option('--pool <n>', `clips that go through the autoencoder first; ${pool} unless said`, integer('--pool', { min: 1 }))
  .option('--seed <n>', `another than any model has; ${seed} unless said`, integer('--seed', { min: 0 }))
  .option('--threads <n>', 'threads of the engine', integer('--threads', { min: 1, max: 256 }))
  .option('--resume', 'go on from the newest checkpoint')
  .option('--report', 'keep report.html in the run\'s folder up to date');

/** Runs the training of such a network and prints what it validated to. */
async function trainReader(
  { lpc, vae: vaeFile, out, cache, steps, seed, pool, threads, resume, report }: ReaderFlags, { signal, print, progress }: CliContext, warmup: number,
  train: (o: TrainJudgeOptions & TrainLooksOptions) => Promise<Readonly<Record<string, number>>>,
): Promise<void> {
  const [{ readVae }, { runBackend }, { loadSpriteWorld }] = await Promise.all([
    import('../../train/vae-file.ts'), import('../../train/run/options.ts'), import('../../data/sprites/world.ts')]);
  const scores = await train({
    world: await loadSpriteWorld(lpc, { cacheDir: cache }), backend: runBackend(threads), dir: dirname(out), out, resume: resume ?? false, report: report ?? false, signal,
    ...(vaeFile === undefined ? {} : { vae: await readVae(vaeFile) }),
    config: { ...(seed === undefined ? {} : { seed }), ...(pool === undefined ? {} : { pool }) },
    optim: steps === undefined ? {} : { steps, warmup: Math.min(warmup, Math.ceil(steps / 10)) },
    onStep: (p) => { progress(trainEvent(p)); }, onPrepare: (what, done, total) => { progress({ stage: what, done, total }); },
  });
  for (const [name, share] of Object.entries(scores)) print(`${name.padEnd(22)} ${(100 * share).toFixed(1)} %`);
  print(out);
}

const judge: CliCommand = {
  path: 'train judge',
  summary: 'Trains the judge that reads sprite films; of another architecture than the model',
  example: 'kinora train judge --lpc ./lpc --vae runs/vae/vae.safetensors --out runs/judge/judge.safetensors',
  define: (command, context) => {
    readerFlags(command, 'the judge', { batch: '32 clips', steps: 3000, pool: 768, seed: 77 })
      .option('--out <file>', 'the judge; its run lies in the same folder', folder('--out'), 'runs/judge/judge.safetensors')
      .action(async (flags: ReaderFlags) => {
        const { trainJudge, JUDGE_OPTIM } = await import('../../train/tasks/judge-task.ts');
        await trainReader(flags, context, JUDGE_OPTIM.warmup, trainJudge);
      });
  },
};

const looks: CliCommand = {
  path: 'train looks',
  summary: 'Trains the reader of looks, which tells a model in words what given pictures show',
  example: 'kinora train looks --lpc ./lpc --vae runs/vae/vae.safetensors --out runs/looks/looks.safetensors',
  define: (command, context) => {
    readerFlags(command, 'the reader', { batch: '32 pictures', steps: 2500, pool: 256, seed: 4801 })
      .option('--out <file>', 'the reader; its run lies in the same folder', folder('--out'), 'runs/looks/looks.safetensors')
      .action(async (flags: ReaderFlags) => {
        const { trainLooks, LOOKS_OPTIM } = await import('../../train/tasks/looks-task.ts');
        await trainReader(flags, context, LOOKS_OPTIM.warmup, trainLooks);
      });
  },
};

interface ExportFlags {
  readonly out: string;
  readonly lpc: string;
  readonly licence?: string;
  readonly cache: string;
  readonly tokenizer?: string;
  readonly average?: string;
  readonly expander?: 'sprites';
  readonly sampler: SamplerName;
  readonly judge?: string;
  readonly looks?: string;
  readonly card?: string;
  readonly release: string;
  readonly steps: number;
  readonly guidance: number;
  readonly rescale: number;
  readonly guideFrom: number;
  readonly base?: string;
}

const toModel: CliCommand = {
  path: 'train export',
  summary: 'Makes a model folder of a finished run',
  example: 'kinora train export runs/dit --lpc ./lpc --out models/mine',
  define: (command, { print }) => {
    command.argument('<run>', "folder of a transformer's run")
      .requiredOption('--out <dir>', "the model's folder; its name is the model's id", folder('--out'))
      .option('--lpc <dir>', 'checkout of the Liberated Pixel Cup layers', folder('--lpc'), 'lpc')
      .option('--cache <dir>', 'folder of decoded layers', folder('--cache'), '.cache')
      .option('--tokenizer <dir>', "folder with tokenizer.json and words.json; those of the run's folder unless said", folder('--tokenizer'))
      .option('--average <file>', "a transformer's weights from another run of the same origin, averaged with this one's: dit.safetensors", folder('--average'))
      .option('--judge <file>', 'judge.safetensors', folder('--judge'))
      .option('--looks <file>', 'the reader of looks, looks.safetensors', folder('--looks'))
      .option('--base <id|dir>', "of a student's run (train distill) its teacher, from which all but the transformer is taken; of the other options --out, --card and "
        + '--release count', nonEmpty('--base', 'wanted a model id or a folder'))
      .option('--card <file>', "the model's card, README.md", folder('--card'))
      .option('--licence <spdx>', 'licence of the weights; CC-BY-SA-3.0 unless said, of a run on footage NOASSERTION', nonEmpty('--licence', 'wanted an SPDX expression'))
      .option('--release <v>', 'version of the model', nonEmpty('--release', 'wanted a version'), '0.1.0')
      .option('--expander <name>', 'prompts are worded as captions before the model reads them: sprites', choice('--expander', ['sprites']))
      .option('--sampler <name>', `default sampler: ${SAMPLERS.join(', ')}`, choice('--sampler', SAMPLERS), 'ab2')
      .option('--steps <n>', 'default sampling steps', integer('--steps', { min: 1, max: 1000 }), 10)
      .option('--guidance <x>', 'default guidance', decimal('--guidance', { min: 0, max: 30 }), 3)
      .option('--rescale <x>', 'default rescaling of guidance', decimal('--rescale', { min: 0, max: 1 }), 0)
      .option('--guide-from <x>', 'lowest noise level that is guided by default', decimal('--guide-from', { min: 0, max: 1 }), 0)
      .action(async (run: string, { out, lpc, cache, release, sampler, steps, guidance, rescale, guideFrom, base, ...files }: ExportFlags) => {
        const id = out.replace(/[/\\]+$/, '').split(/[/\\]/).at(-1)!, { card } = files;
        const { info } = base === undefined ? await (await import('../../train/export.ts')).exportModel({
          run, id, out, lpc, cacheDir: cache, version: release, ...files,
          sampling: { sampler, steps, guidance, interval: [guideFrom, 1], rescale },
        }) : await (await import('../../train/distill.ts')).exportStudent({ run, base, out, id, version: release, ...(card === undefined ? {} : { card }) });
        print(`${out}: ${info.id} ${info.version}, ${Object.keys(info.files).length} files`);
      });
  },
};

/** The rows. */
export const trainCommands: readonly CliCommand[] = [vae, text, dit, distill, judge, looks, toModel];
