/** @file The samplers by name: the one list that the command line, the server and the library offer. */
import type { Sampler } from './contract.ts';
import { ab2 } from './ab2.ts';
import { eulerMaruyama } from './euler-maruyama.ts';
import { euler } from './euler.ts';
import { heun } from './heun.ts';

/** Names of the samplers. */
export const SAMPLERS = ['euler', 'heun', 'ab2', 'euler-maruyama'] as const;
export type SamplerName = (typeof SAMPLERS)[number];

/** The samplers by name. */
export const SAMPLER_TABLE: { readonly [K in SamplerName]: Sampler } = {
  euler,
  heun,
  ab2,
  'euler-maruyama': eulerMaruyama,
};
