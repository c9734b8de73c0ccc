/** @file The shipped configurations as `kinora train --dry-run` sees them, and what the train commands refuse. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { VAE_PRESETS } from '../../src/models/vae/config.ts';
import { vaeParams } from '../../src/models/vae/vae.ts';
import { listParams } from '../../src/nn/param.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { writeVae } from '../../src/train/vae-file.ts';

const config = (name: string): string => fileURLToPath(new URL(`../../configs/sprites-64/${name}.json`, import.meta.url));
const tokenizer = fileURLToPath(new URL('../../models/sprites-64', import.meta.url));
let dir: string, vae: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-train-'));
  vae = join(dir, 'vae.safetensors');
  const model = VAE_PRESETS.large, ones = new Array<number>(model.latentChannels).fill(1);
  const zeros = listParams(vaeParams(model)).map(({ name, leaf }) => [name, { shape: leaf.shape, data: new Float32Array(sizeOf(leaf.shape)) }] as const);
  await writeVae(vae, new Map(zeros), model, { mean: ones, std: ones });
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

async function kinora(...argv: string[]): Promise<{ exit: number; out: string; errors: string }> {
  let out = '', errors = '';
  const exit = await runCli(argv, {
    version: '0', commands: COMMANDS, groups: GROUPS, signal: new AbortController().signal,
    stdout: { write: (text) => { out += text; } }, stderr: { write: (text) => { errors += text; } },
  });
  return { exit, out, errors };
}

test.each([
  ['vae', [config('vae')]],
  ['text', [config('text'), '--tokenizer', tokenizer]],
  ['dit', [config('dit'), '--tokenizer', tokenizer, '--vae']],
  ['dit', [config('dit-on'), '--tokenizer', tokenizer, '--vae']],
  ['distill', [config('turbo'), '--model', tokenizer]],
])('a dry run of the shipped %s tells its figures and writes nothing', async (kind, argv) => {
  const { exit, out, errors } = await kinora('train', kind, ...argv, ...(kind === 'dit' ? [vae] : []), '--out', join(dir, 'run'), '--dry-run');
  expect([exit, errors]).toEqual([0, '']);
  const told = [
    /^parameters \d+\.\d\d M, \d+ steps of [\d.]+ samples and \d+ GFLOP/,
    /memory {5}about \d+ MB with \d+ of \d+ layouts compiled; padding 0\.0 %, unfilled [0-2]\.\d %/,
    /data {7}.+/,
    /time {7}about [\d.]+ h/,
  ];
  expect(out).toMatch(new RegExp(told.map((line) => line.source).join('\n')));
  expect(out.split('\n').filter((line) => line.startsWith('layout')).length).toBeGreaterThan(({ text: 0, distill: 1 } as Record<string, number>)[kind] ?? 3);
  expect(await readdir(dir)).toEqual(['vae.safetensors']);
}, 60_000);

test('what is wrong is named in one line', async () => {
  const broken = join(dir, 'broken.json'), shapes = join(dir, 'shapes.json'), cases: readonly (readonly [readonly string[], number, string])[] = [
    [['train', 'vae', join(dir, 'no.json')], 1, 'cannot read'],
    [['train', 'vae', broken], 2, 'is not JSON'],
    [['train', 'vae', config('dit')], 2, 'kind'],
    [['train', 'dit', config('dit')], 2, "required option '--vae <file>' not specified"],
    [['train', 'dit', shapes, '--vae', vae], 2,
      'stages.0.shapes.0.frames: 16 frames have no whole latents: wanted 4n + 1; stages.0.shapes.0.frames: no clips of 16x64x64 are kept'],
    [['train', 'dit', shapes, '--vae', vae], 2, 'stages.0.shapes.1.ending: an ending of 17 frames is not possible: wanted 4n + 1, less than 17'],
    [['train', 'dit', shapes, '--vae', vae], 2, 'stages.0.shapes.2.frames: a sample takes 4352 tokens, a pack has 4096'],
    [['train', 'dit', config('dit'), '--vae', broken, '--tokenizer', tokenizer], 1, 'broken.json'],
    [['train', 'dit', config('dit'), '--vae', join(dir, 'vae.safetensors'), '--tokenizer', tokenizer], 2, 'needs one: --text'],
    [['train', 'distill', config('turbo'), '--model', join(dir, 'no')], 1, 'cannot read'],
    [['train', 'distill', config('turbo'), '--lpc', join(dir, 'nothing'), '--out', join(dir, 'run')], 1, 'cannot read the sprite layers'],
    [['train', 'export', join(dir, 'run'), '--base', tokenizer, '--out', join(dir, 'model')], 1, 'dit.safetensors'],
    [['train', 'vae', config('vae'), '--threads', '0'], 2, '--threads "0" is not possible'],
    [['train', 'vae', config('vae'), '--lpc', join(dir, 'nothing'), '--out', join(dir, 'run')], 1, 'cannot read the sprite layers'],
    [['train', 'judge', '--lpc', join(dir, 'nothing'), '--out', join(dir, 'judge.safetensors')], 1, 'cannot read the sprite layers'],
    [['train', 'export', join(dir, 'run'), '--out', join(dir, 'model')], 1, 'vae.safetensors'],
  ];
  await writeFile(broken, 'not {json');
  const dit = JSON.parse(await readFile(config('dit-on'), 'utf8')) as { stages: { shapes: object[] }[] };
  dit.stages[0]!.shapes = [
    { frames: 16, width: 64, height: 64, given: 0, share: 1 },
    { frames: 17, width: 64, height: 64, given: 0, ending: 17, share: 1 },
    { frames: 65, width: 128, height: 128, given: 0, share: 1 },
  ];
  await writeFile(shapes, JSON.stringify(dit));
  for (const [argv, code, text] of cases) {
    const { exit, errors } = await kinora(...argv);
    expect([argv.slice(0, 3), exit]).toEqual([argv.slice(0, 3), code]);
    expect(errors).toMatch(/^kinora: .*\n$/);
    expect(errors).toContain(text);
    expect(errors).not.toContain('--debug');
  }
  await rm(broken);
  await rm(shapes);
  expect(await readdir(dir)).toEqual(['vae.safetensors']);
}, 60_000);
