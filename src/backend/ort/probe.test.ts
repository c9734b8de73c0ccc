import { expect, test } from 'vitest';
import { adviceFor, DEVICES } from './devices.ts';
import { probeDevice, reasonOf } from './probe.ts';

/** A child that does this instead of trying a device. */
const child = (script: string, patience = 20_000) => probeDevice('webgpu', { patience, program: ['-e', script] });
const answering = (fp32: object): string => `console.log("a driver's banner"); console.log(${JSON.stringify(JSON.stringify({
  providers: [{ name: 'cpu', bundled: true }, { name: 'webgpu', bundled: true }], cpuMs: 8, fp32, fp16: { ran: false, why: 'no halves' } }))}); console.error('and its warnings')`;

test('the CPU is tried by the real child, and agrees with itself', async () => {
  const probe = await probeDevice('cpu');
  expect(probe).toMatchObject({ device: 'cpu', works: true, difference: 0 });
  expect(probe.providers.map(({ name }) => name)).toContain('cpu');
});

test('a device that this machine may or may not have works, or says why not', async () => {
  const probe = await probeDevice('cuda');
  expect(probe.works || probe.why.length > 10).toBe(true);
});

test('a child that crashes, hangs, ends or talks nonsense is a device that does not work', async () => {
  expect(await child('process.kill(process.pid, "SIGSEGV")')).toMatchObject({ works: false, why: 'its process was ended by SIGSEGV' });
  expect(await child('setInterval(() => {}, 1000)', 300)).toMatchObject({ works: false, why: 'gave no answer in 0.3 s' });
  expect(await child('process.exit(3)')).toMatchObject({ works: false, why: 'its process ended with code 3' });
  expect(await child('console.log("{}"); throw new TypeError("no such library")')).toMatchObject({ works: false, why: 'its process ended with code 1: no such library' });
});

test('what a child answers decides, whatever else is written', async () => {
  const near = await child(answering({ ran: true, difference: 1e-6, ms: 2 }));
  expect(near).toMatchObject({ works: true, ms: 2, cpuMs: 8, difference: 1e-6, fp16: { works: false, why: 'no halves' } });
  const far = await child(answering({ ran: true, difference: 0.3, ms: 2 }));
  expect(far).toMatchObject({ works: false, why: 'its numbers are not those of the CPU: 0.30 apart, at most 0.005 is taken' });
  expect(await child(answering({ ran: true, difference: null, ms: 2 }))).toMatchObject({ works: false });
  expect(await child(answering({ ran: false, why: 'no adapter' }))).toMatchObject({ works: false, why: 'no adapter' });
});

test('reasons are told without the source lines of the engine, with what the loader wrote', () => {
  const webgpu = '/onnxruntime_src/core/webgpu_context.cc:136 Initialize()::<lambda()> status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n';
  const vulkan = "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file\n    at operator()\n";
  expect(reasonOf(webgpu, vulkan)).toBe('Failed to get a WebGPU adapter: No supported adapters (libvulkan.so.1: cannot open shared object file)');
  expect(reasonOf('Failed to load shared library', 'FAIL : Failed to load library /a.so with error: /a.so: cannot open shared object file')).toBe(
    'Failed to load shared library (/a.so: cannot open shared object file)');
  expect(reasonOf('plain', '')).toBe('plain');
});

test('each device has advice on each platform; commands are for where they help', () => {
  for (const platform of ['linux', 'darwin', 'win32']) for (const arch of ['x64', 'arm64']) for (const device of DEVICES)
    expect(adviceFor(device, { platform, arch }).needs.length).toBeGreaterThan(10);
  expect(adviceFor('webgpu', { platform: 'linux', arch: 'x64' }).command).toBe('apt-get install -y libvulkan1 mesa-vulkan-drivers');
  expect(adviceFor('cuda', { platform: 'linux', arch: 'x64' }).command).toBe('node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install');
  expect(adviceFor('cuda', { platform: 'darwin', arch: 'arm64' }).command).toBeUndefined();
});
