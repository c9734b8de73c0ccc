/**
 * @file On what a pipeline computes: the device that is asked for, tried before anything is loaded. The CPU is never tried. What a film was computed on is part of its record and
 * of its windows' names where it is not the CPU, since devices round in other ways; threads are not (decision 021).
 */
import { adviceFor, DEVICES, type Device } from '../backend/ort/devices.ts';
import type { DeviceProbe, ProbeOptions } from '../backend/ort/probe.ts';
import { InputError, oneOf, ResourceError } from '../core/errors.ts';
import type { Quantization } from '../models/dit/config.ts';

/** What can be asked for; `auto` is the quickest that works. */
export const DEVICE_CHOICES = [...DEVICES, 'auto'] as const;
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** What may be asked of the engine. */
export interface EngineOptions {
  /** What computes transformer and autoencoder. `auto` tries all and takes the quickest. Default `cpu`. */
  readonly device?: DeviceChoice;
}

/** On what films are computed; what is absent is the CPU's. */
export interface Engine {
  readonly device?: Exclude<Device, 'cpu'>;
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

/** The quickest of all that work. */
async function quickest(probe: Prober): Promise<Engine> {
  let best: Engine = {}, least = Infinity;
  for (const device of OTHERS) {
    const found = await probe(device);
    if (found.works && found.ms < Math.min(least, found.cpuMs)) { best = { device }; least = found.ms; }
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
export async function openEngine({ device: asked = 'cpu' }: EngineOptions = {}, probe: Prober = probeOnce): Promise<Engine> {
  const choice = oneOf('device', asked, DEVICE_CHOICES);
  if (choice === 'cpu') return {};
  if (choice === 'auto') return quickest(probe);
  const found = await probe(choice);
  if (!found.works) throw await notHere(choice, found.why, probe);
  return { device: choice };
}

/** Throws an InputError where numbers are asked for that a device does not have. */
export function checkQuantize(quantize: Quantization, { device }: Engine): void {
  if (quantize === 'int8' && device !== undefined)
    throw new InputError(`quantize int8 is not possible on the device ${device}, which has no kernels for it: wanted none, or the device cpu`);
}
