/**
 * @file On what a pipeline computes: the device that is asked for, tried before anything is loaded. The CPU is never tried. What a film was computed on is part of its record and
 * of its windows' names where it is not the CPU, since devices round in other ways; threads are not (decision 021).
 */
import { adviceFor, DEVICES, halvesFail, noHalves, noInt8, PRECISIONS, type Device, type Precision } from '../backend/ort/devices.ts';
import type { DeviceProbe, ProbeOptions } from '../backend/ort/probe.ts';
import { oneOf, ResourceError } from '../core/errors.ts';
import type { Quantization } from '../models/dit/config.ts';

/** What can be asked for; `auto` is the quickest that works. */
export const DEVICE_CHOICES = [...DEVICES, 'auto'] as const;
export { PRECISIONS, type Precision };
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** What may be asked of the engine. */
export interface EngineOptions {
  /** What computes transformer and autoencoder. `auto` tries all and takes the quickest. Default `cpu`. */
  readonly device?: DeviceChoice;
  /** In which numbers: `fp16` halves weights and activations on devices that compute in it; not on the CPU. Default `fp32`. */
  readonly precision?: Precision;
}

/** On what films are computed; what is absent is the CPU's. */
export interface Engine {
  readonly device?: Exclude<Device, 'cpu'>;
  readonly precision?: Exclude<Precision, 'fp32'>;
}

/** How devices are tried; a function, so that tests need none. */
export type Prober = (device: Device) => Promise<DeviceProbe>;

const tried = new Map<Device, Promise<DeviceProbe>>();
/** Tries each device once a process. */
const probeOnce: Prober = (device) => {
  const known = tried.get(device) ?? import('../backend/ort/probe.ts').then(({ probeDevice }) => probeDevice(device, {} satisfies ProbeOptions));
  tried.set(device, known);
  return known;
};

const OTHERS = DEVICES.filter((device) => device !== 'cpu');

interface WorkingEngine { readonly engine: Engine; readonly ms: number; readonly cpuMs: number }

/** A device that works, in these numbers, and the milliseconds that it took; null when it does not. */
async function working(device: Exclude<Device, 'cpu'>, precision: Precision, probe: Prober): Promise<WorkingEngine | null> {
  const found = await probe(device);
  if (!found.works) return null;
  const { cpuMs, fp16 } = found;
  if (precision === 'fp32') return { engine: { device }, ms: found.ms, cpuMs };
  return fp16.works ? { engine: { device, precision }, ms: fp16.ms, cpuMs } : null;
}

/** The quickest of all that work; null when that is the CPU. */
async function quickest(precision: Precision, probe: Prober): Promise<Engine | null> {
  let best: Engine | null = null, least = Infinity;
  for (const device of OTHERS) {
    const found = await working(device, precision, probe);
    if (found && found.ms < Math.min(least, found.cpuMs)) { best = found.engine; least = found.ms; }
  }
  return best;
}

/** The error of a device that does not work: why, what does, and how to get it. */
async function notHere(device: Device, why: string, probe: Prober): Promise<ResourceError> {
  const works = ['cpu'];
  for (const other of OTHERS) if (other !== device && (await probe(other)).works) works.push(other);
  const { needs, command } = adviceFor(device, process);
  const remedy = `it needs ${needs}${command === undefined ? '' : ` (${command})`}`;
  return new ResourceError(`device ${device} does not work here: ${why}; ${remedy}; what works: ${works.join(', ')}; kinora doctor tells more`);
}

/** The engine that is asked for. Throws an InputError for what does not exist, a ResourceError for what does not work here. */
export async function openEngine({ device: asked = 'cpu', precision: numbers = 'fp32' }: EngineOptions = {}, probe: Prober = probeOnce): Promise<Engine> {
  const choice = oneOf('device', asked, DEVICE_CHOICES), precision = oneOf('precision', numbers, PRECISIONS);
  if (choice === 'cpu') {
    if (precision === 'fp32') return {};
    throw noHalves(choice, DEVICE_CHOICES.filter((other) => other !== 'cpu'));
  }
  if (choice === 'auto') {
    const best = await quickest(precision, probe);
    if (best || precision === 'fp32') return best ?? {};
    throw new ResourceError('precision fp16 is not possible here: no device computes in it faster than the CPU in float32; leave it out, or see kinora doctor');
  }
  const found = await probe(choice);
  if (!found.works) throw await notHere(choice, found.why, probe);
  if (precision === 'fp32') return { device: choice };
  if (!found.fp16.works) throw halvesFail(choice, found.fp16.why);
  return { device: choice, precision };
}

/** Throws an InputError where numbers are asked for that a device does not have. */
export function checkQuantize(quantize: Quantization, { device }: Engine): void {
  if (quantize === 'int8' && device !== undefined) throw noInt8(device, 'cpu');
}
