/** @file What `kinora doctor` says of this machine, and of ones that lack something. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinora } from '../../../test/support/cli.ts';
import { checkLines, diagnosisOf, type Check, type Diagnosis } from './check.ts';
import { deviceCheck } from './devices.ts';
import { atLeast, folderCheck, nodeCheck } from './machine.ts';
import { installLine, packageChecks } from './packages.ts';

let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-doctor-test-')); await writeFile(join(dir, 'file'), ''); });
afterAll(async () => { await rm(dir, { recursive: true }); });

test('on this machine all that is needed is there; what is not has a reason and a way to it', async () => {
  const { exit, out, errors } = await kinora('doctor', '--json', '--data', join(dir, 'films'));
  const { ok, checks } = JSON.parse(out) as Diagnosis, names = checks.map(({ name }) => name);
  expect([exit, ok, errors]).toEqual([0, true, '']);
  const wanted = ['node', 'system', 'cpu', 'memory', 'this folder', 'onnxruntime', 'device cpu', 'device webgpu', 'device cuda', 'formats', 'ffmpeg'];
  expect(names).toEqual(expect.arrayContaining(wanted));
  expect(checks.filter(({ state, why, needs, fix }) => state !== 'ok' && ((state === 'broken' && !why) || !(needs ?? fix)))).toEqual([]);
});

test('what is needed and broken ends with 1, and is named; what is optional does not', async () => {
  const { exit, out, errors } = await kinora('doctor', '--database', 'postgres://127.0.0.1:1/none', '--data', join(dir, 'file', 'films'));
  expect([exit, errors]).toEqual([1, 'kinora: needed and not there, or broken: database\n']);
  expect(out).toMatch(/^ok {7}node {2,}v\d+/m);
  expect(out).toMatch(/^broken {3}database {2,}127\.0\.0\.1:1: the database at 127\.0\.0\.1:1 does not answer: .+\n {9}needs a PostgreSQL server/m);
  expect(out).toMatch(/^broken {3}data of the server +optional, .*: cannot be written: .+/m);
});

test('a check as lines: state, name, what, why, and how to get it', () => {
  const check: Check = { name: 'ffmpeg', state: 'missing', needed: false, found: 'for .webm', fix: 'npm install node-av' };
  expect(checkLines(check, 8)).toEqual(['missing  ffmpeg    optional, for .webm', '         get it: npm install node-av']);
  expect(diagnosisOf([check]).ok).toBe(true);
  expect(diagnosisOf([{ ...check, needed: true }]).ok).toBe(false);
});

test('versions are compared by numbers; an old Node is broken', () => {
  expect([atLeast('v20.20.2', '20.19'), atLeast('v20.9.0', '20.19'), atLeast('v22.0.0', '20.19'), atLeast('v20.19.0', '20.19')]).toEqual([true, false, true, true]);
  expect(nodeCheck('v18.20.0', '>=20.19')).toMatchObject({ state: 'broken', needed: true, why: 'too old, wanted 20.19 or later' });
});

test('folders that are not there are fine where they can be made', async () => {
  expect(await folderCheck('data', join(dir, 'a', 'b'), true)).toMatchObject({ state: 'ok', found: expect.stringContaining('(to be made)') as string });
  expect(await folderCheck('data', join(dir, 'file'), true)).toMatchObject({ state: 'broken' });
});

test('a device that does not start is broken, one whose libraries are elsewhere is missing; only the CPU is needed', () => {
  const where = { versions: { 'onnxruntime-node': '1.2.3' }, script: 'script.js', platform: 'linux', arch: 'x64' }, why = 'no driver';
  const providers = [{ name: 'cpu', bundled: true }, { name: 'webgpu', bundled: true }, { name: 'cuda', bundled: false }];
  const webgpu = deviceCheck({ device: 'webgpu', providers, works: false, why }, where);
  expect(webgpu).toMatchObject({ state: 'broken', needed: false, why, fix: 'apt-get install -y libvulkan1 mesa-vulkan-drivers' });
  expect(deviceCheck({ device: 'cuda', providers, works: false, why }, where)).toMatchObject({ state: 'missing', needed: false, fix: 'node script.js --onnxruntime-node-install' });
  const cpu = deviceCheck({ device: 'cpu', providers: [], works: false, why }, where);
  expect(cpu).toMatchObject({ state: 'broken', needed: true, fix: 'npm install --ignore-scripts onnxruntime-node@1.2.3' });
  const cuda = deviceCheck({ device: 'cuda', providers, works: true, difference: 2e-4, ms: 2, cpuMs: 9, fp16: { works: false, why: 'none' } }, where);
  expect(cuda.found).toBe('works, 4.5 times as fast as the CPU on a small graph, 0.0002 from its numbers; fp16: no (none)');
});

test('formats are tried by making films of them, and packages are installed by name and tested version', async () => {
  const checks = await packageChecks({ 'node-av': '6.1.1' });
  expect(checks.find(({ name }) => name === 'formats')).toMatchObject({ state: 'ok', needed: true, found: '.mp4 .gif .webp .apng .png, by sharp and h264-mp4-encoder' });
  expect(installLine('node-av', { 'node-av': '6.1.1' })).toBe('npm install --ignore-scripts node-av@6.1.1');
});
