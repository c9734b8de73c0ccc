/**
 * @file The whole road in miniature: an autoencoder, a transformer on its latents, a model folder, a film of it.
 * `npx tsx examples/train-tiny.ts [--lpc DIR] [--quick]`. Without a checkout of the Liberated Pixel Cup layers it draws a small world of
 * rectangles under the same names. Weights this small learn little; configs/sprites-64 holds the real runs.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exportModel, generate, ortBackend, trainDiT, trainText, trainVae, writePng, type DiTRunConfig, type RunOptions, type TextRunConfig, type VaeRunConfig } from 'kinora';

const { values } = parseArgs({ options: { lpc: { type: 'string' }, quick: { type: 'boolean' } } });
const steps = values.quick ? 4 : 400;

/** A sheet is 13 columns of frames × 21 rows (spell, thrust, walk, slash and shoot in four directions, fall), cells of 64×64. */
const SHEET = { cell: 64, columns: 13, rows: 21 };

/** Layers by name, and the rectangle `[x, y, width, height]` that each one paints into a cell. */
const LAYERS: readonly (readonly [name: string, box: readonly [number, number, number, number], colour: readonly [number, number, number]])[] = [
  ...['female', 'male'].flatMap((sex) => [
    [`body/${sex}/light`, [22, 14, 20, 46], [240, 200, 160]] as const,
    [`legs/pants/${sex}/red_pants_${sex}`, [22, 44, 20, 14], [170, 40, 40]] as const,
    [`feet/shoes/${sex}/black_shoes_${sex}`, [22, 57, 20, 4], [30, 30, 30]] as const,
    ...([
      ['black', [20, 20, 25]], ['redhead', [190, 70, 30]], ['blonde', [230, 200, 90]],
      ['white', [235, 235, 235]], ['purple', [130, 60, 160]], ['green2', [70, 160, 70]],
    ] as const).flatMap(([shade, colour]) => [
      [`hair/${sex}/plain/${shade}`, [21, 11, 22, 9], colour] as const, [`hair/${sex}/long/${shade}`, [20, 11, 24, 22], colour] as const]),
  ]),
  ['torso/robes_female_no_th-sh/blue', [18, 30, 28, 30], [50, 70, 190]],
  ['torso/plate/chest_female', [20, 30, 24, 15], [150, 155, 165]], ['torso/plate/arms_female', [17, 31, 30, 6], [120, 125, 135]],
  ['torso/shirts/longsleeve/male/white_longsleeve', [19, 30, 26, 16], [230, 230, 225]], ['torso/shirts/longsleeve/male/teal_longsleeve', [19, 30, 26, 16], [40, 140, 140]],
];

/** Draws the layers; each moves to and fro with its row's frames, so that there is motion to learn. */
async function drawWorld(dir: string): Promise<void> {
  const { cell, columns, rows } = SHEET, width = columns * cell, height = rows * cell;
  for (const [name, [x, y, w, h], colour] of LAYERS) {
    const data = new Uint8Array(width * height * 4);
    for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
      const swing = Math.round(4 * Math.sin(column * 0.8 + row));
      for (let j = y; j < y + h; j++) for (let i = x + swing; i < x + swing + w; i++) data.set([...colour, 255], ((row * cell + j) * width + column * cell + i) * 4);
    }
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writePng(join(dir, `${name}.png`), { data, count: 1, width, height, channels: 4, fps: 8 });
  }
}

const optim = { steps, rate: 0.01, warmup: 2, decayShare: 0.5, weightDecay: 0.01, clip: 1, emaLimit: 0.99, beta2: 0.99, matrices: 'muon' } as const;
const common = { seed: 1, optim, validateEvery: steps, checkpointSeconds: 60, programs: 2 };
const size = { width: 64, height: 64 };

const vaeConfig: VaeRunConfig = {
  kind: 'vae', part: 'all', latentNoise: 0, model: 'tiny', ...common, kl: 2e-5, silhouette: 3, validationClips: 4, statisticsClips: 16,
  layouts: [{ ...size, frames: 9, batch: 2, share: 0.5 }, { ...size, frames: 1, batch: 8, share: 0.5 }],
};
const tower = { width: 16, depth: 1, heads: 2 };
const textConfig: TextRunConfig = {
  kind: 'text', model: { ...tower, mlp: 'relu2' }, ...common, optim: { ...optim, matrices: 'adamw' },
  batch: 16, noisyCaption: 0.1, validationCaptions: 32,
};
const ditConfig: DiTRunConfig = {
  kind: 'dit', model: 'tiny', dit: {}, text: { ...tower, fixed: true }, ...common, tokens: 768, layouts: 2,
  stages: [{ from: 0, shapes: [{ ...size, frames: 1, given: 0, share: 1 }, { ...size, frames: 9, given: 0, share: 1 }, { ...size, frames: 9, given: 1, share: 0.5 }] }],
  clips: { '1x64x64': 32, '9x64x64': 32 }, prediction: 'x', shift: 1, dropCaption: 0.1, noisyCaption: 0.1, deedCaption: 0, independent: 0.1, prefix: 0.1,
};

const dir = await mkdtemp(join(tmpdir(), 'kinora-tiny-'));
try {
  const lpc = values.lpc ?? join(dir, 'layers');
  if (!values.lpc) await drawWorld(lpc);
  const tokenizer = fileURLToPath(new URL('../models/sprites-64/', import.meta.url));
  const run = (name: string): RunOptions => ({
    backend: ortBackend(), lpc, dir: join(dir, name), cacheDir: join(dir, 'cache'), resume: false,
    onStep: ({ step, loss }) => { if ((step + 1) % Math.ceil(steps / 8) === 0) console.log(`${name}: step ${step + 1} of ${steps}, loss ${loss.toFixed(4)}`); },
  });

  const vae = await trainVae(vaeConfig, run('vae'));
  const text = await trainText(textConfig, { ...run('text'), tokenizer });
  await trainDiT(ditConfig, { ...run('dit'), vae, text, tokenizer });
  const { dir: model, info } = await exportModel({
    run: join(dir, 'dit'), tokenizer, lpc, cacheDir: join(dir, 'cache'), out: join(dir, 'tiny'), id: 'tiny', version: '0.0.1',
    sampling: { sampler: 'euler', steps: 4, guidance: 2, interval: [0, 1], rescale: 0, palette: 32, steady: 0 },
  });
  console.log(`${info.id}: ${Object.keys(info.files).length} files`);

  await mkdir('out', { recursive: true });
  const film = await generate({ prompt: 'a man walks to the left', seed: 1, frames: 9, model, output: 'out/tiny.gif' });
  console.log(`${film.file}: ${film.frames} frames`);
} finally { await rm(dir, { recursive: true, force: true }); }
