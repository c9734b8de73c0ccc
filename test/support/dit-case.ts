/**
 * @file A diffusion transformer over a pack, from plain data: what parity and property tests share. Inputs are drawn per sample, so that a
 * sample has the same values wherever it stands in a pack.
 */
import { gradients } from '../../src/autodiff/gradients.ts';
import { ortBackend } from '../../src/backend/ort/ort.ts';
import type { HostArray, Program } from '../../src/backend/backend.ts';
import { sum, mul } from '../../src/graph/build.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { dit, ditParams, packInputs } from '../../src/models/dit/dit.ts';
import type { DiTConfig } from '../../src/models/dit/config.ts';
import type { PackLayout } from '../../src/models/dit/layout.ts';
import { packFeeds } from '../../src/models/dit/pack-feeds.ts';
import { textParams, textTower, type TextConfig } from '../../src/models/text/tower.ts';
import { bindParams, type Bound } from '../../src/nn/param.ts';
import { drawn, weightsOfTree } from './golden.ts';

/** One sample; `name` decides its values. */
export interface Sample {
  readonly name: string;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly sigma: readonly number[];
  readonly kind: readonly number[];
  /** Caption of each latent frame, or with `hears` two of them. */
  readonly caption: readonly number[];
  /** Of a sample with two regions: 1 where a token hears a caption. */
  readonly hears?: readonly number[];
  /** Of a sample with two regions: the column of each token as if nobody walked. */
  readonly columns?: readonly number[];
  /** Pixel frame at which each latent frame stands. */
  readonly time: readonly number[];
}

/** A pack of samples, those of one shape side by side. */
export interface DiTCase {
  readonly config: DiTConfig;
  readonly text: TextConfig;
  readonly captions: readonly (readonly number[])[];
  readonly samples: readonly Sample[];
}

/** The layout of a list of samples. */
export function layoutOf(samples: readonly Sample[], captions: number): PackLayout {
  const groups: { frames: number; height: number; width: number; count: number; regions?: number }[] = [];
  for (const { frames, height, width, hears } of samples) {
    const last = groups.at(-1), regions = hears ? { regions: 2 } : {};
    if (last?.frames === frames && last.height === height && last.width === width && last.regions === regions.regions) last.count++;
    else groups.push({ frames, height, width, count: 1, ...regions });
  }
  return { groups, captions };
}

const tokensOf = (s: Sample): number => s.frames * s.height * s.width;
const patchSize = (c: DiTConfig): number => c.channels * c.patch ** 2;

/** Everything that a pack feeds, made as trainer and sampler make it. */
export function ditFeeds({ config: c, text, captions, samples }: DiTCase): Record<string, HostArray> {
  const patch = patchSize(c);
  const segments = samples.map((s) => ({
    times: s.time, kinds: s.kind, sigmas: s.sigma, captions: s.caption, ...(s.hears ? { hears: s.hears } : {}), ...(s.columns ? { columns: s.columns } : {}),
    tokens: drawn(`tokens/${s.name}`, [tokensOf(s), patch]),
  }));
  const ids = captions.flatMap((list) => Array.from({ length: text.length }, (_, i) => list[i] ?? 0));
  const present = captions.flatMap((list) => Array.from({ length: text.length }, (_, i) => Number(i < list.length)));
  return {
    ...packFeeds(layoutOf(samples, captions.length), segments, c),
    ...weightsOfTree(ditParams(c)), ...weightsOfTree(textParams(text), 'text.'),
    weights: Float32Array.from(samples.flatMap((s) => [...drawn(`weights/${s.name}`, [tokensOf(s), patch * c.outputs])])),
    ids: Int32Array.from(ids), present: Float32Array.from(present),
  };
}

/** Builds the pack's graph; `loss` = Σ output · weights. */
export function ditGraph({ config: c, text, captions, samples }: DiTCase): { graph: Graph; output: Tensor; loss: Tensor } {
  const graph = new Graph(), layout = layoutOf(samples, captions.length);
  const params = bindParams(graph, ditParams(c)) as Bound<ReturnType<typeof ditParams>>;
  const inputs = packInputs(graph, layout, c);
  const conditioning = c.textWidth === null ? undefined : textTower(bindParams(graph, textParams(text), 'text.'),
    graph.input('ids', [captions.length, text.length], 'i32'), graph.input('present', [captions.length, text.length]), text);
  const output = dit(params, inputs, layout, c, conditioning);
  return { graph, output, loss: sum(mul(output, graph.input('weights', output.shape))) };
}

/** Names of the inputs that have a gradient: all parameters, and the tokens. */
export const learned = (graph: Graph): string[] =>
  [...graph.inputs.keys()].filter((name) => !['sigma', 'kind', 'frameOfRuns', 'cos', 'sin', 'captionOfFrames', 'hears', 'listens', 'ids', 'present', 'weights'].includes(name));

/** Compiles output (`y`) and, if asked, the gradients (`grad:<name>`). */
export async function compileDit(c: DiTCase, o: { readonly threads: number; readonly gradients: boolean }): Promise<Program> {
  const { graph, output, loss } = ditGraph(c);
  const outputs: Record<string, Tensor> = { y: output };
  if (o.gradients) {
    const names = learned(graph);
    gradients(loss, names.map((name) => graph.inputs.get(name)!)).forEach((g, i) => { outputs[`grad:${names[i]!}`] = g; });
  }
  return ortBackend({ threads: o.threads }).compile({ outputs });
}
