/** @file `kinora eval sprites` and `kinora train judge` on a tiny world, model and judge: what they print, write and refuse. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import { COMMANDS, GROUPS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { writeFixture } from '../../src/data/sprites/testing-fixture.ts';
import { loadJudge } from '../../src/eval/judge.ts';
import type { EvalRecord, EvalReport } from '../../src/eval/sprites.ts';
import { readImage } from '../../src/media/read.ts';
import { ATTRIBUTES } from '../../src/models/judge/config.ts';
import { judgeParams } from '../../src/models/judge/judge.ts';
import { initialValues, listParams } from '../../src/nn/param.ts';
import { addModelFile, openModel } from '../../src/pipeline/model/model-store.ts';
import { SPRITES_JUDGE, writeJudge } from '../../src/train/tasks/judge-task.ts';
import { writeTinyModel } from '../support/tiny-model.ts';

let dir: string, lpc: string, model: string, without: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kinora-eval-command-'));
  [lpc, model, without] = [join(dir, 'lpc'), join(dir, 'tiny'), join(dir, 'without')];
  await writeFixture(lpc);
  await writeTinyModel(without);
  const judge = join(dir, 'judge.safetensors');
  await writeJudge(judge, SPRITES_JUDGE, Object.fromEntries(listParams(judgeParams(SPRITES_JUDGE)).map(({ name, leaf }) => [name, initialValues(leaf, name, 3)])));
  await addModelFile(await writeTinyModel(model), 'judge.safetensors', await readFile(judge));
});
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });

async function kinora(...argv: string[]): Promise<{ exit: number; lines: string[]; errors: string }> {
  let stdout = '', stderr = '';
  const exit = await runCli(argv, {
    version: '0', commands: COMMANDS, groups: GROUPS, signal: new AbortController().signal,
    stdout: { write: (text) => { stdout += text; } }, stderr: { write: (text) => { stderr += text; } },
  });
  return { exit, lines: stdout.trimEnd().split('\n'), errors: stderr };
}

test('with sheets: a report, a sheet of films, and the record in the model folder; then without sheets the record stands in', async () => {
  const sheet = join(dir, 'films.png');
  const first = await kinora('eval', 'sprites', '--model', model, '--prompts', '3', '--lpc', lpc, '--cache', join(dir, 'cache'), '--json',
    '--sheet', sheet, '--record', join(model, 'eval.json'));
  expect(first).toMatchObject({ exit: 0 });
  const report = JSON.parse(first.lines.at(-1)!) as EvalReport;
  expect(Object.keys(report).slice(0, 4)).toEqual(['suite', 'model', 'prompts', 'attributes']);
  expect(report).toMatchObject({
    suite: 'sprites', model: 'tiny', prompts: 3, seed: 0,
    vae: { psnr: expect.any(Number), psnr_character: expect.any(Number), ssim: expect.any(Number), clips: 3 },
  });
  expect(Object.keys(report.attributes)).toEqual(ATTRIBUTES);
  for (const a of ATTRIBUTES) expect(report.attributes[a]).toMatchObject({
    films: expect.any(Number), ceiling: expect.any(Number), interval: [expect.any(Number), expect.any(Number)],
  });
  expect(Object.keys(report)).toEqual(expect.arrayContaining(['image_to_video', 'controls', 'ms', 'commit', 'configHash', 'cpu', 'threads', 'onnxruntime', 'load']));
  expect(first.errors).toContain('"stage":"image to video"');

  const image = await readImage(sheet);
  expect([image.width, image.height]).toEqual([9 * 65 + 1, 3 * 65 + 1]);
  const record = JSON.parse(await readFile(join(model, 'eval.json'), 'utf8')) as EvalRecord;
  expect([record.prompts.length, record.ceilings.real.action.count]).toEqual([3, 3]);
  expect((await openModel(model)).info.files).toHaveProperty(['eval.json']);

  const second = await kinora('eval', 'sprites', '--model', model, '--prompts', '3', '--json'), again = JSON.parse(second.lines.at(-1)!) as EvalReport;
  for (const a of ATTRIBUTES) expect(again.attributes[a]).toEqual(report.attributes[a]);
  expect(again.vae).toEqual(report.vae);
  const table = await kinora('eval', 'sprites', '--model', model, '--prompts', '2');
  expect(table.lines[0]).toBe('tiny: 2 prompts of combinations never trained on, one film each');
  expect(table.lines.filter((line) => ATTRIBUTES.some((a) => line.startsWith(a)))).toHaveLength(4);
  expect((await kinora('eval', 'sprites', '--model', model, '--prompts', '4')).errors).toContain("kinora: prompts 4 is not possible: this model's eval.json holds 3");
}, 120_000);

test('what is missing is named', async () => {
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['--model', without], 1, 'kinora: model tiny has no judge (judge.safetensors)'],
    [['--model', model, '--record', join(dir, 'r.json')], 2, 'kinora: --record needs real clips'],
    [['--model', model, '--sheet', join(dir, 'sheet.gif')], 2, 'wanted a file ending in .png'],
    [['--model', model, '--prompts', '1'], 2, '--prompts "1" is not possible'],
    [['--model', model, '--lpc', join(dir, 'nothing'), '--prompts', '2'], 1, 'kinora: cannot read the sprite layers'],
  ];
  for (const [argv, exit, text] of cases) {
    const { errors, ...result } = await kinora('eval', 'sprites', ...argv);
    expect([result.exit, result.lines]).toEqual([exit, ['']]);
    expect(errors).toContain(text);
  }
});

test('train judge: one step gives a file that reads films, with its run beside it', async () => {
  const out = join(dir, 'judge', 'judge.safetensors');
  const { exit, lines } = await kinora('train', 'judge', '--lpc', lpc, '--cache', join(dir, 'cache'), '--steps', '1', '--out', out);
  expect(exit).toBe(0);
  expect(lines.map((line) => line.replace(/[\d.]+ %$/, '%'))).toEqual([...ATTRIBUTES.map((a) => `${`real.${a}`.padEnd(22)} %`), out]);
  using judge = await loadJudge(out, ortBackend());
  const film = { data: new Uint8Array(17 * 64 * 64 * 3), count: 17, width: 64, height: 64, channels: 3, fps: 8 } as const;
  const [reading] = await judge.read([film]);
  for (const a of ATTRIBUTES) expect(SPRITES_JUDGE.classes[a]).toContain(reading![a]);
  expect(await readFile(join(dir, 'judge', 'metrics.jsonl'), 'utf8')).toContain('"step":1');
}, 120_000);

test('eval prompts: paraphrases, three words, negative prompts and weights, as a table and as JSON', async () => {
  const flags = ['eval', 'prompts', '--model', model, '--prompts', '2', '--steps', '1'], table = await kinora(...flags);
  expect(table).toMatchObject({ exit: 0 });
  expect(table.lines.join('\n')).toMatch(/plain captions[\s\S]*paraphrases, --no-expand[\s\S]*three words[\s\S]*negative prompt[\s\S]*weight of the garment/);
  const { exit, lines } = await kinora(...flags, '--json');
  expect([exit, JSON.parse(lines.at(-1)!)]).toMatchObject([0, { suite: 'prompts', model: 'tiny', plain: { action: { count: 2 } }, weights: { 0: { count: 2 } }, seed: 0 }]);
  expect(await kinora('eval', 'prompts', '--model', without)).toMatchObject({ exit: 1, errors: expect.stringContaining('has no judge') });
}, 60_000);
