/** @file Which device is taken of those that work, what is said of those that do not, and what of it a film remembers. */
import { expect, test } from 'vitest';
import type { Device } from '../backend/ort/devices.ts';
import { InputError, ResourceError } from '../core/errors.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import { checkQuantize, openEngine, type Prober } from './engine.ts';
import type { ModelInfo } from './model/model-info.ts';
import { filmMetadata, recordedFilm } from './settings/record.ts';
import { filmSettings } from './settings/settings.ts';

/** Devices of a machine: milliseconds where they work (the CPU takes 10), why not where they do not. */
const machine = (devices: Readonly<Partial<Record<Device, number | string>>>, asked: Device[] = [], halves = true): Prober => (device) => {
  asked.push(device);
  const there = devices[device] ?? 'its libraries are not there', common = { device, providers: [] };
  if (typeof there === 'string') return Promise.resolve({ ...common, works: false, why: there });
  const fp16 = halves ? { works: true, difference: 0, ms: there / 2 } as const : { works: false, why: 'no halves' } as const;
  return Promise.resolve({ ...common, works: true, difference: 0, ms: there, cpuMs: 10, fp16 });
};

test('the CPU is the default, and is not tried', async () => {
  const asked: Device[] = [];
  expect([await openEngine({}, machine({}, asked)), await openEngine({ device: 'cpu' }, machine({}, asked)), asked]).toEqual([{}, {}, []]);
});

test('auto takes the quickest that works, and the CPU where that is quicker', async () => {
  expect(await openEngine({ device: 'auto' }, machine({ webgpu: 4, cuda: 2 }))).toEqual({ device: 'cuda' });
  expect(await openEngine({ device: 'auto' }, machine({ webgpu: 4 }))).toEqual({ device: 'webgpu' });
  expect(await openEngine({ device: 'auto' }, machine({ webgpu: 4000 }))).toEqual({});             // a GPU in software
  expect(await openEngine({ device: 'auto' }, machine({}))).toEqual({});
});

test('a device that is asked for is taken though it is slow; one that does not work is refused, with reason, remedy and what there is', async () => {
  expect(await openEngine({ device: 'webgpu' }, machine({ webgpu: 4000 }))).toEqual({ device: 'webgpu' });
  const refused = openEngine({ device: 'cuda' }, machine({ webgpu: 4, cuda: 'no GPU' }));
  await expect(refused).rejects.toThrow(ResourceError);
  await expect(refused).rejects.toThrow(/^device cuda does not work here: no GPU; it needs .+; what works: cpu, webgpu; kinora doctor tells more$/);
  await expect(openEngine({ device: 'tpu' as 'cpu' })).rejects.toThrow('device "tpu" is not known; allowed: cpu, webgpu, cuda, auto');
});

test('halves are for devices that have them', async () => {
  expect(await openEngine({ device: 'webgpu', precision: 'fp16' }, machine({ webgpu: 4 }))).toEqual({ device: 'webgpu', precision: 'fp16' });
  expect(await openEngine({ device: 'auto', precision: 'fp16' }, machine({ webgpu: 12 }))).toEqual({ device: 'webgpu', precision: 'fp16' });
  await expect(openEngine({ device: 'webgpu', precision: 'fp16' }, machine({ webgpu: 4 }, [], false))).rejects.toThrow('precision fp16 does not work on webgpu here: no halves');
  await expect(openEngine({ device: 'auto', precision: 'fp16' }, machine({}))).rejects.toThrow(ResourceError);
  await expect(openEngine({ precision: 'fp16' })).rejects.toThrow('precision fp16 is not possible on the device cpu');
  await expect(openEngine({ precision: 'fp8' as 'fp16' })).rejects.toThrow('precision "fp8" is not known; allowed: fp32, fp16');
});

test('8-bit integers are for the CPU', () => {
  expect(() => { checkQuantize('int8', {}); checkQuantize('none', { device: 'webgpu' }); }).not.toThrow();
  expect(() => { checkQuantize('int8', { device: 'webgpu' }); }).toThrow(InputError);
});

const info = {
  id: 'tiny', version: '1', files: {}, dit: { config: DIT_PRESETS.tiny }, native: { width: 64, height: 64, frames: 17, fps: 8 },
  limits: { minSide: 32, maxSide: 256, multiple: 8, maxFrames: 65 },
  sampling: { sampler: 'euler', steps: 2, guidance: 3, interval: [0, 1], rescale: 0, shift: 1, palette: 0, steady: 0 },
} as unknown as ModelInfo;

test('a film remembers the device that is not the CPU, and nothing of the CPU', () => {
  const settings = filmSettings({ prompt: 'x' }, info, 1), given = { images: [], clips: [], source: null, notes: [] };
  const cpu = filmMetadata(info, settings, given), gpu = filmMetadata(info, { ...settings, device: 'webgpu', precision: 'fp16' }, given);
  expect([cpu.settings, recordedFilm(cpu, 'a.mp4').engine]).toEqual([expect.not.objectContaining({ device: expect.anything() as unknown }), {}]);
  expect(recordedFilm(gpu, 'a.mp4').engine).toEqual({ device: 'webgpu', precision: 'fp16' });
  expect(recordedFilm(gpu, 'a.mp4').options).not.toHaveProperty('device');
});

test('a film remembers how two characters were told one by one', () => {
  const reads = { prompt: 'a man and a woman', negative: '', ignored: [], mended: {}, regions: { relation: 'crossing', prompts: ['a man', 'a woman'] } } as const;
  const settings = filmSettings({ prompt: 'x', reads }, info, 1), made = filmMetadata(info, settings, { images: [], clips: [], source: null, notes: [] });
  expect(recordedFilm(JSON.parse(JSON.stringify(made)) as typeof made, 'a.mp4').options.reads).toEqual(reads);
  const alone = { ...reads, regions: { relation: 'alone', goes: 'left', prompts: ['a man', 'a man'] } } as const, one = { ...made, settings: { ...made.settings, reads: alone } };
  expect(JSON.stringify(recordedFilm(one, 'a.mp4').options.reads)).toBe(JSON.stringify(alone));            // replayed, the text is that of the record
});
