/** @file Which devices compute here: each tried in a process of its own, and how the others are got. */
import { join } from 'node:path';
import { adviceFor, type Platform } from '../../backend/ort/devices.ts';
import { probeDevices, type DeviceProbe, type ProbeOptions } from '../../backend/ort/probe.ts';
import { packageFolder, packageVersion } from '../../io/environment.ts';
import type { Check } from './check.ts';
import { isInstalled, installLine, type Versions } from './packages.ts';

const speed = ({ ms, cpuMs }: { readonly ms: number; readonly cpuMs: number }): string =>
  (ms < cpuMs ? `${(cpuMs / ms).toFixed(1)} times as fast as the CPU` : `${(ms / cpuMs).toFixed(1)} times as slow as the CPU`);

/** Where a probe was made. */
export interface DeviceCheckOptions extends Platform {
  readonly versions: Versions;
  /** Of onnxruntime-node, as it is typed here. */
  readonly script: string;
}

/** A probe as a check. */
export function deviceCheck(probe: DeviceProbe, { versions, script, ...where }: DeviceCheckOptions): Check {
  const { device } = probe, name = `device ${device}`, needed = device === 'cpu';
  if (probe.works) {
    const halves = probe.fp16.works ? `${probe.fp16.difference.toPrecision(1)} from them` : `no (${probe.fp16.why})`;
    const beside = `${speed(probe)} on a small graph, ${probe.difference.toPrecision(1)} from its numbers; fp16: ${halves}`;
    return { name, needed, state: 'ok', found: `works, ${needed ? `a small graph in ${probe.ms.toFixed(0)} ms` : beside}` };
  }
  const { needs, command = needed ? installLine('onnxruntime-node', versions) : undefined } = adviceFor(device, where, script);
  const bundled = probe.providers.some((p) => p.name === device && p.bundled);
  return {
    name, needed, state: needed || bundled ? 'broken' : 'missing', found: bundled ? 'in onnxruntime-node, does not start' : 'its libraries are not there',
    why: probe.why, needs,
    ...(command === undefined ? {} : { fix: command }),
  };
}

/** The engine and its devices. */
export async function deviceChecks(versions: Versions, o: ProbeOptions = {}): Promise<Check[]> {
  const name = 'onnxruntime', needed = true, fix = installLine('onnxruntime-node', versions);
  if (!isInstalled('onnxruntime-node')) return [{ name, needed, state: 'missing', found: 'onnxruntime-node, which computes', fix }];
  const probes = await probeDevices(o), providers = probes.find((p) => p.providers.length > 0)?.providers ?? [];
  const where = { versions, script: join(packageFolder('onnxruntime-node'), 'script/install.js'), platform: process.platform, arch: process.arch };
  const found = `onnxruntime-node ${packageVersion('onnxruntime-node')}`, listed = providers.map((p) => (p.bundled ? p.name : `${p.name} (libraries apart)`)).join(', ');
  const engine: Check = providers.length > 0 ? { name, needed, state: 'ok', found: `${found}: ${listed}` } : { name, needed, state: 'broken', found, why: 'does not load', fix };
  return [engine, ...probes.map((probe) => deviceCheck(probe, where))];
}
