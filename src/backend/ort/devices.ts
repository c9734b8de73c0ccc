/**
 * @file What can compute: names, how each is got where it is not there, and the errors of numbers that it does not have, in Node and in browsers. Loads nothing; whether a
 * device works here is probe.ts.
 */
import { InputError, ResourceError } from '../../core/errors.ts';

/** The devices, as onnxruntime calls its providers. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

/** In which numbers a device computes. */
export const PRECISIONS = ['fp32', 'fp16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** The error of halves on a device whose kernels have float32 alone; `others` are those that may have them. */
export const noHalves = (device: string, others: readonly string[]): InputError => new InputError(
  `precision fp16 is not possible on the device ${device}, whose kernels compute in float32: wanted fp32, or a device that has it: ${others.join(', ')}`);

/** The error of halves on a device that may have them, and does not here. */
export const halvesFail = (device: string, why: string): ResourceError => new ResourceError(`precision fp16 does not work on ${device} here: ${why}; it works in fp32`);

/** The error of 8-bit integers on a device that is not the processor. */
export const noInt8 = (device: string, processor: string): InputError =>
  new InputError(`quantize int8 is not possible on the device ${device}, which has no kernels for it: wanted none, or the device ${processor}`);

/** Where a process runs. */
export interface Platform { readonly platform: string; readonly arch: string }

/** How a device is got: what has to be there, in words, and the command that brings what a command can bring. */
export interface Advice { readonly needs: string; readonly command?: string }

/** The file of onnxruntime-node that fetches its larger libraries, from a project's folder. */
const SCRIPT = 'node_modules/onnxruntime-node/script/install.js';

/** How a device is got on a platform. */
export function adviceFor(device: Device, { platform, arch }: Platform, script = SCRIPT): Advice {
  switch (device) {
    case 'cpu':
      return { needs: 'Linux with glibc, macOS on arm64 or Windows, for which onnxruntime-node has binaries' };
    case 'webgpu':
      if (platform !== 'linux') return { needs: platform === 'darwin' ? 'a Mac with Metal' : 'a graphics driver with Direct3D 12' };
      if (arch !== 'x64') return { needs: `a platform other than Linux on ${arch}: onnxruntime-node has no WebGPU there` };
      return { needs: "a GPU with a Vulkan driver: NVIDIA's own, or Mesa's for AMD's and Intel's", command: 'apt-get install -y libvulkan1 mesa-vulkan-drivers' };
    case 'cuda':
      if (platform !== 'linux' || arch !== 'x64') return { needs: 'Linux on x64: onnxruntime-node has CUDA nowhere else; webgpu reaches other GPUs' };
      return { needs: 'an NVIDIA GPU with its driver, CUDA 12 and cuDNN 9, and large libraries that come from nuget.org', command: `node ${script} --onnxruntime-node-install` };
    default: return device satisfies never;
  }
}
