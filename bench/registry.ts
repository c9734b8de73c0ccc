/** @file The table of all benches: `npm run bench -- <name>`. Each is loaded only when it is asked for. */
import type { Bench } from './contract.ts';

/** All benches by name. */
export const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  footage: () => import('./footage.ts'),
  generate: () => import('./generate.ts'),
  guidance: () => import('./guidance.ts'),
  long: () => import('./long.ts'),
  packing: () => import('./packing.ts'),
  presets: () => import('./presets.ts'),
  serve: () => import('./serve.ts'),
  soak: () => import('./soak.ts'),
  'train-step': () => import('./train-step.ts'),
};
