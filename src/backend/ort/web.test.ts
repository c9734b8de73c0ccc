/** @file What a browser's engine is refused for, told of platforms that are made up: no browser is needed to say no. Those that say yes are in src/web/*.browser.test.ts. */
import { expect, test } from 'vitest';
import { InputError, ResourceError } from '../../core/errors.ts';
import type { Backend } from '../backend.ts';
import { checkWebEngine, startEngine, type WebBackendOptions, type WebPlatform } from './web.ts';

/** A browser with a GPU of these features; null: one that gives no adapter. */
const browser = (features: readonly string[] | null): WebPlatform =>
  ({ simd: true, gpu: { requestAdapter: () => Promise.resolve(features && { features: new Set(features) }) } });
const check = (o: Partial<WebBackendOptions>, platform: WebPlatform = { simd: true }): Promise<void> =>
  checkWebEngine({ device: 'wasm', precision: 'fp32', threads: 1, ...o }, platform);

test('halves are for WebGPU with shader-f16', async () => {
  await expect(check({ device: 'webgpu', precision: 'fp16' }, browser(['shader-f16']))).resolves.toBeUndefined();
  await expect(check({ device: 'webgpu' }, browser([]))).resolves.toBeUndefined();
  const lacking = check({ device: 'webgpu', precision: 'fp16' }, browser(['timestamp-query']));
  await expect(lacking).rejects.toThrow(ResourceError);
  await expect(lacking).rejects.toThrow(/^precision fp16 does not work on webgpu here: its adapter has no shader-f16; it works in fp32$/);
  const processor = check({ precision: 'fp16' }, browser(['shader-f16']));
  await expect(processor).rejects.toThrow(InputError);
  await expect(processor).rejects.toThrow(/^precision fp16 is not possible on the device wasm, whose kernels compute in float32: wanted fp32, or a device that has it: webgpu$/);
});

test.each([
  [{ device: 'gpu' as 'wasm' }, {}, InputError, 'device "gpu" is not known; allowed: wasm, webgpu'],
  [{ precision: 'fp8' as 'fp16' }, {}, InputError, 'precision "fp8" is not known; allowed: fp32, fp16'],
  [{ threads: 0 }, {}, InputError, 'threads 0 is not possible: wanted a whole number from 1 to 64'],
  [{ device: 'webgpu' }, {}, ResourceError, 'this browser has no WebGPU: use the device wasm'],
  [{ device: 'webgpu' }, browser(null), ResourceError, 'this browser has no WebGPU: use the device wasm'],
  [{}, { simd: false }, ResourceError, 'this browser has no WebAssembly with SIMD'],
] as const)('what does not exist, or is not there, is refused: %o', async (o, platform, error, message) => {
  const refused = check(o, { simd: true, ...platform });
  await expect(refused).rejects.toThrow(error);
  await expect(refused).rejects.toThrow(message);
});

test('an engine that does not come is an error that says from where it was to come', async () => {
  const cause = new Error('no available backend found'), backend: Backend = { name: 'none', compile: () => Promise.reject(cause) };
  const starting = startEngine(backend, 'https://site.test/ort/');
  await expect(starting).rejects.toThrow(new ResourceError('onnxruntime-web does not start from https://site.test/ort/: no available backend found', { cause }));
});
