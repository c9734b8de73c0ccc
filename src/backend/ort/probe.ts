/**
 * @file Whether a device works here: asked of a process of its own (probe-main.ts), since a provider without its driver may crash, hang or write to the terminal. A device
 * works when its numbers are those of the CPU within a tolerance; how long it took is what `auto` goes by.
 */
import { spawn } from 'node:child_process';
import { programOf } from '../../io/program-of.ts';
import { DEVICES, type Device } from './devices.ts';

/** One try, as the child tells it; `difference` is the greatest one over the greatest value, null when a number is not finite. */
export type TriedDevice = { readonly ran: true; readonly difference: number | null; readonly ms: number } | { readonly ran: false; readonly why: string };

/** What the child answers. */
export interface ProbeAnswer {
  /** Providers that this build of onnxruntime knows, and whether their libraries are in its package. */
  readonly providers: readonly { readonly name: string; readonly bundled: boolean }[];
  readonly cpuMs: number;
  readonly fp32: TriedDevice;
  readonly fp16: TriedDevice;
}

/** Whether a device computes in halves. */
export type HalfProbe = { readonly works: true; readonly difference: number; readonly ms: number } | { readonly works: false; readonly why: string };

/** What is known of a device. */
export type DeviceProbe = { readonly device: Device; readonly providers: ProbeAnswer['providers'] } & (
  | { readonly works: true; readonly difference: number; readonly ms: number; readonly cpuMs: number; readonly fp16: HalfProbe }
  | { readonly works: false; readonly why: string });

/** Greatest difference from the CPU over the greatest value: TensorFloat-32 of NVIDIA's GPUs, and halves, have 10 bits of mantissa; halves are also rounded to in between. */
export const TOLERANCE = { fp32: 5e-3, fp16: 2e-2 } as const;

/** Options of {@link probeDevice}. */
export interface ProbeOptions {
  /** Milliseconds after which a child that has not answered is ended. Default 120,000: drivers compile their shaders. */
  readonly patience?: number;
  /** Environment of the child. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Arguments that start the child in another way, for tests. */
  readonly program?: readonly string[];
}

/** What drivers and loaders write beside the error, which says more than it. */
const TOLD = [/Couldn't load Vulkan: (.+)/, /with error: (.+)/];

/** Why a provider does not start, without the source lines of onnxruntime. */
export function reasonOf(message: string, stderr: string): string {
  const line = message.split('\n')[0]!.replace(/^.*was false\. /, '').replace(/^\/\S+:\d+ /, ''), [told] = TOLD.flatMap((pattern) => pattern.exec(stderr)?.[1]?.trim() ?? []);
  return told === undefined ? line : `${line} (${told.replace(/^(\S+): \1:/, '$1:')})`;
}

/** The child's last word, how it ended, and what it wrote beside. */
function ask(device: Device, { patience = 120_000, env, program }: ProbeOptions): Promise<{ answer: ProbeAnswer | null; why: string; stderr: string }> {
  return new Promise((resolve) => {
    const argv = [...program ?? programOf('backend/ort/probe-main.ts', 'probe.mjs'), device];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], ...(env ? { env } : {}) });
    let stdout = '', stderr = '', late = false;
    const timer = setTimeout(() => { late = true; child.kill('SIGKILL'); }, patience);
    child.stdout.on('data', (data: Buffer) => { stdout += data.toString(); });
    child.stderr.on('data', (data: Buffer) => { stderr += data.toString(); });
    child.on('error', (error) => { clearTimeout(timer); resolve({ answer: null, why: error.message, stderr }); });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const line = stdout.split('\n').findLast((text) => text.startsWith('{"providers"'));
      const ended = late ? `gave no answer in ${patience / 1000} s` : signal === null ? `its process ended with code ${code}` : `its process was ended by ${signal}`;
      const error = /^(?:\w*Error|Uncaught.*): (.+)$/m.exec(stderr)?.[1];
      resolve({ answer: line === undefined ? null : JSON.parse(line) as ProbeAnswer, why: error === undefined ? ended : `${ended}: ${error}`, stderr });
    });
  });
}

/** What is wrong with numbers that are so far from the CPU's; null when nothing is. */
function farOff(difference: number | null, most: number): string | null {
  const apart = difference ?? Infinity;
  return apart <= most ? null : `its numbers are not those of the CPU: ${apart.toPrecision(2)} apart, at most ${most} is taken`;
}

function halfProbe(tried: TriedDevice, stderr: string): HalfProbe {
  if (!tried.ran) return { works: false, why: reasonOf(tried.why, stderr) };
  const far = farOff(tried.difference, TOLERANCE.fp16);
  return far === null ? { works: true, difference: tried.difference!, ms: tried.ms } : { works: false, why: far };
}

/** Tries a device. Never throws. */
export async function probeDevice(device: Device, o: ProbeOptions = {}): Promise<DeviceProbe> {
  const { answer, why, stderr } = await ask(device, o);
  if (!answer) return { device, providers: [], works: false, why };
  const { providers, cpuMs, fp32, fp16 } = answer, failed = (reason: string): DeviceProbe => ({ device, providers, works: false, why: reason });
  if (!fp32.ran) return failed(providers.some(({ name }) => name === device) ? reasonOf(fp32.why, stderr) : 'this build of onnxruntime does not have it');
  const far = farOff(fp32.difference, TOLERANCE.fp32);
  if (far !== null) return failed(far);
  return { device, providers, works: true, difference: fp32.difference!, ms: fp32.ms, cpuMs, fp16: halfProbe(fp16, stderr) };
}

/** Tries all, one after the other: they would disturb each other's times. */
export async function probeDevices(o: ProbeOptions = {}): Promise<readonly DeviceProbe[]> {
  const probes: DeviceProbe[] = [];
  for (const device of DEVICES) probes.push(await probeDevice(device, o));
  return probes;
}
