import { expect, test } from 'vitest';
import { FileError, InputError } from '../core/errors.ts';
import { addGenerateFlags, type GenerateFlags, readGenerateFlags } from './generate-flags.ts';
import { type CliCommand, runCli } from './program.ts';

const FLAGS = { samplers: ['euler', 'heun'], quantizations: ['none', 'int8'], longWays: ['rolling', 'stages'], devices: ['cpu', 'webgpu'], precisions: ['fp32', 'fp16'] } as const;

/** Runs a program with the commands of this test; returns what a shell would see. */
async function shell(argv: readonly string[], o: { readonly run?: (signal: AbortSignal) => unknown; readonly signal?: AbortSignal } = {}) {
  let stdout = '', stderr = '';
  const seen: GenerateFlags[] = [];
  const commands: CliCommand[] = [
    {
      path: 'generate', summary: 'Makes a film', example: 'kinora generate "a knight walks" -o film.mp4',
      define: (command, { print }) => addGenerateFlags(command, FLAGS).action(() => { seen.push(readGenerateFlags(command)); print('made'); }),
    },
    { path: 'models list', summary: 'Lists models', example: 'kinora models list', define: (command, { signal }) => command.action(async () => { await o.run?.(signal); }) },
    { path: 'models info', summary: 'Describes a model', example: 'kinora models info x', define: (command) => command.argument('<model>').action(() => {}) },
  ];
  const exit = await runCli(argv, {
    version: '1.2.3', commands, groups: { models: 'Installed models' }, signal: o.signal ?? new AbortController().signal,
    stdout: { write: (text) => { stdout += text; } }, stderr: { write: (text) => { stderr += text; } },
  });
  return { exit, stdout, stderr, seen };
}

test('help shows every command and its example; each command shows its own', async () => {
  const all = await shell(['--help']);
  expect(all.exit).toBe(0);
  expect(all.stderr).toBe('');
  for (const text of ['generate', 'models', 'kinora generate "a knight walks" -o film.mp4', 'kinora models list', 'kinora models info x']) expect(all.stdout).toContain(text);
  const one = await shell(['models', 'info', '--help']);
  expect(one.exit).toBe(0);
  expect(one.stdout).toContain('$ kinora models info x');
  expect((await shell(['--version'])).stdout).toBe('1.2.3\n');
});

test('all flags of generate reach the command', async () => {
  const { exit, stdout, seen } = await shell([
    'generate', 'a knight', '-o', 'a.gif', '--model', 'm', '--seed', '7', '--seconds', '2', '--size', '96x64', '--fps', '12', '--steps', '9',
    '--guidance', '3.5', '--sampler', 'heun', '--quantize', 'int8', '--negative', 'rain', '--image', 'a.png', '--image', 'b.png@last', '-n', '2',
    '--scale', '1', '--palette', '16', '--steady', '4', '--threads', '1', '--json', '--debug', '--no-expand', '--no-describe', '--no-sign',
    '--expand-with', 'http://localhost/v1',
  ]);
  expect(exit).toBe(0);
  expect(stdout).toBe('made\n');
  expect(seen).toEqual([{
    prompt: 'a knight', output: 'a.gif', model: 'm', seed: 7, seconds: 2, size: { width: 96, height: 64 }, fps: 12, steps: 9, guidance: 3.5, sampler: 'heun', quantize: 'int8',
    negative: 'rain', images: [{ file: 'a.png', frame: 0 }, { file: 'b.png', frame: 'last' }], count: 2, scale: 1, palette: 16, steady: 4, threads: 1, json: true,
    expand: false, describe: false, sign: false, expandWith: 'http://localhost/v1',
  }]);
  expect((await shell(['generate', 'x'])).seen).toEqual([{ prompt: 'x', images: [], count: 1, json: false, expand: true, describe: true, sign: true }]);
});

test.each([
  [['generate', ''], 'prompt is empty'],
  [['generate'], 'the prompt is missing'],
  [['generate', 'x', '--frames', '-3'], '--frames "-3" is not possible'],
  [['generate', 'x', '--size', '64'], 'as in 96x64'],
  [['generate', 'x', '--sampler', 'ddim'], 'allowed: euler, heun'],
  [['generate', 'x', '--quantize', 'int4'], 'allowed: none, int8'],
  [['generate', 'x', '--frames', '3', '--seconds', '1'], 'exclude each other'],
  [['generate', 'x', 'y'], 'too many arguments'],
  [['generate', 'x', '--sed', '1'], '--seed'],
  [['genrate'], 'generate'],
  [['models'], 'a command is missing'],
  [['models', 'lst'], 'list'],
  [[], 'a command is missing'],
])('%j is wrong usage: one line, exit 2', async (argv, text) => {
  const { exit, stdout, stderr } = await shell(argv);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  expect(stderr).toMatch(/^kinora: .+\n$/);
  expect(stderr).toContain(text);
});

test('errors of the command: exit code from the error, no stack unless asked', async () => {
  const failing = (error: Error) => ({ run: () => { throw error; } });
  const file = await shell(['models', 'list'], failing(new FileError('cannot read x\nat all')));
  expect(file).toMatchObject({ exit: 1, stderr: 'kinora: cannot read x at all\n' });
  expect(await shell(['models', 'list'], failing(new InputError('no')))).toMatchObject({ exit: 2, stderr: 'kinora: no\n' });
  const bug = await shell(['models', 'list'], failing(new TypeError('x is undefined')));
  expect(bug).toMatchObject({ exit: 1, stderr: 'kinora: x is undefined (a bug in Kinora? run again with --debug for the stack)\n' });
  const debug = await shell(['models', 'list', '--debug'], failing(new Error('outer', { cause: new Error('inner') })));
  expect(debug.stderr).toContain('program.test.ts');
  expect(debug.stderr).toContain('caused by: Error: inner');
});

test.each([['SIGINT', 130], ['SIGTERM', 143]])('%s aborts the command, and the exit code says so after it has cleaned up', async (name, code) => {
  const abort = new AbortController();
  let cleaned = false;
  const running = shell(['models', 'list'], {
    signal: abort.signal,
    run: (signal) => new Promise((_, reject) => { signal.addEventListener('abort', () => { cleaned = true; reject(new Error('aborted')); }); }),
  });
  setTimeout(() => { abort.abort(name); }, 5);
  expect(await running).toMatchObject({ exit: code, stderr: 'kinora: interrupted\n' });
  expect(cleaned).toBe(true);
});
