/**
 * @file Training a text tower before the transformer that reads it: from a caption to the labels of the clip it tells of. A tower that is only
 * trained through a transformer has to become useful while nothing reads it yet, and collapsed (docs/reports/003); after a few minutes of labels
 * it tells words apart, and a transformer takes it as it is, as it would a pretrained encoder.
 */
import type { Backend } from '../../backend/backend.ts';
import { draws, type RandomKey } from '../../core/random.ts';
import {
  ACTIONS, CANVASES, COLOURS, FACINGS, FEET, FOLK, GARMENTS, GROUND_COLOURS, GROUND_KINDS, HAIR_COLOURS, HAIR_STYLES, HEADGEAR, LEGS, SEXES, SKINS, WEAPONS,
  RELATIONS, captionOf, drawClip, noisyCaption, type CharacterLabels, type ClipSpec, type Split, type SpriteWorld,
} from '../../data/sprites/world.ts';
import { add, log, mul, rmsNorm, slice, softmax, sum } from '../../graph/build.ts';
import { Graph, type Tensor } from '../../graph/graph.ts';
import { textParams, textTower, type TextConfig } from '../../models/text/tower.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import { linear, linearParams } from '../../nn/linear.ts';
import { bindParams, type Bound } from '../../nn/param.ts';
import { captionFeeds } from './caption-feeds.ts';
import type { Batch, TrainTask } from '../loop/loop.ts';
import type { LossGraph } from '../loop/step-program.ts';

/** Labels of a character, each with its classes; class 0 stands before them and means "none". */
const CHARACTER: { readonly [K in keyof CharacterLabels]: readonly (string | boolean)[] } = {
  action: ACTIONS, facing: FACINGS, sex: SEXES, folk: FOLK, skin: SKINS, hairStyle: HAIR_STYLES, hairColour: HAIR_COLOURS, beard: [false, true],
  garment: GARMENTS, garmentColour: COLOURS, legs: LEGS, legsColour: COLOURS, feet: FEET, feetColour: COLOURS, headgear: HEADGEAR, weapon: WEAPONS, travels: [false, true],
};
const LABELS = Object.keys(CHARACTER) as readonly (keyof CharacterLabels)[];

/** Everything that is read off a caption, in the order of the logits. Characters stand from left to right. */
const FIELDS: readonly { readonly name: string; readonly classes: number; readonly character?: 0 | 1 }[] = [
  ...([0, 1] as const).flatMap((character) => LABELS.map((name) => ({ name, character, classes: 1 + CHARACTER[name].length }))),
  { name: 'relation', classes: RELATIONS.length }, { name: 'ground', classes: GROUND_KINDS.length },
  { name: 'first colour', classes: GROUND_COLOURS.length }, { name: 'second colour', classes: 1 + GROUND_COLOURS.length },
];
const LOGITS = FIELDS.reduce((n, { classes }) => n + classes, 0);

/** The class of each of {@link FIELDS}. */
function classesOf({ characters, relation, ground }: ClipSpec): number[] {
  return [
    ...[characters[0], characters[1]].flatMap((c) => LABELS.map((label) => (c ? 1 + CHARACTER[label].indexOf(c.labels[label] as string | boolean) : 0))),
    RELATIONS.indexOf(relation), GROUND_KINDS.indexOf(ground.kind),
    GROUND_COLOURS.indexOf(ground.colours[0]!), 1 + GROUND_COLOURS.indexOf(ground.colours[1]!),
  ];
}

/** Data part of a tower's run. */
export interface TextTaskConfig {
  readonly seed: number;
  /** Captions of a batch. */
  readonly batch: number;
  /** Share of captions that carry a word that means nothing. */
  readonly noisyCaption: number;
  /** Held-out captions of one validation. */
  readonly validationCaptions: number;
}

/** Parameters: the tower, and the heads that are thrown away afterwards. */
export const textTaskParams = (c: TextConfig) => ({ text: textParams(c), heads: linearParams(c.width, LOGITS) });

/** Logits `[captions, all classes]` off a tower's pooled vector, and the tower's output. */
function readout(p: Bound<ReturnType<typeof textTaskParams>>, graph: Graph, captions: number, c: TextConfig): { logits: Tensor; states: Tensor } {
  const { states, pooled } = textTower(p.text, graph.input('ids', [captions, c.length], 'i32'), graph.input('present', [captions, c.length]), c);
  return { logits: linear(p.heads, rmsNorm(pooled)), states };
}

/** −Σ over fields of log p(right class), averaged over captions; `target` is one-hot per field. */
function labelLoss(logits: Tensor, target: Tensor): Tensor {
  let at = 0, total: Tensor | undefined;
  for (const { classes } of FIELDS) {
    const part = (t: Tensor): Tensor => slice(t, 1, at, at + classes);
    const right = sum(mul(part(target), log(add(softmax(part(logits)), 1e-9))));
    total = total ? add(total, right) : right;
    at += classes;
  }
  return mul(total!, -1 / logits.shape[0]!);
}

/** The loss of one batch; inputs `ids`, `present`, and `target`, one-hot per field. */
export function textLoss(graph: Graph, p: Bound<ReturnType<typeof textTaskParams>>, captions: number, c: TextConfig): LossGraph {
  const { logits } = readout(p, graph, captions, c);
  return { loss: labelLoss(logits, graph.input('target', logits.shape)) };
}

const FRAMES = [1, 5, 17, 33] as const;

/** The task for {@link import('../loop/loop.ts').runTraining}. */
export function textTask(
  c: TextConfig, o: TextTaskConfig, { world, tokenizer, backend }: { world: SpriteWorld; tokenizer: CaptionTokenizer; backend: Backend },
): TrainTask<ReturnType<typeof textTaskParams>> {
  const drawSpec = (key: RandomKey, split: Split): ClipSpec => {
    const d = draws({ ...key, stream: `${key.stream}/shape` }), [width, height] = d.chance(0.6) ? CANVASES[0] : d.pick(CANVASES);
    return drawClip(world, { key, split, width, height, frames: d.pick(FRAMES) });
  };

  return {
    specs: textTaskParams(c),
    batch(step): Promise<Batch> {
      const captions: string[] = [], target = new Float32Array(o.batch * LOGITS);
      for (let i = 0; i < o.batch; i++) {
        const key = { seed: o.seed, stream: 'text/clip', step: step * o.batch + i }, spec = drawSpec(key, 'train'), caption = captionOf(spec, { key });
        captions.push(draws({ ...key, stream: 'text/noisy' }).chance(o.noisyCaption) ? noisyCaption(caption, { ...key, stream: 'text/noise' }) : caption);
        let at = i * LOGITS;
        classesOf(spec).forEach((which, f) => { target[at + which] = 1; at += FIELDS[f]!.classes; });
      }
      return Promise.resolve({
        layout: 'text', feeds: { ...captionFeeds(captions, tokenizer, c.length), target }, samples: o.batch,
        describe: `text/clip ${step * o.batch}…${(step + 1) * o.batch - 1}`,
      });
    },
    build: (_, graph, p) => textLoss(graph, p, o.batch, c),
    /** Shares of right readings off captions that tell these labels, and `alike`: the mean cosine between the states of two captions. */
    async validate(weights) {
      const graph = new Graph(), right = new Map<string, number>();
      using program = await backend.compile({ outputs: readout(bindParams(graph, textTaskParams(c)), graph, o.batch, c) });
      let captions = 0, characters = 0, alike = 0;
      for (let first = 0; first + o.batch <= o.validationCaptions; first += o.batch) {
        const keys = Array.from({ length: o.batch }, (_, i) => ({ seed: o.seed, stream: 'text/validation', step: first + i }));
        const specs = keys.map((key) => drawSpec(key, 'heldout'));
        const out = await program.run({ ...weights, ...captionFeeds(specs.map((spec, i) => captionOf(spec, { key: keys[i]!, style: 'sentence' })), tokenizer, c.length) });
        specs.forEach((spec, i) => {
          let at = i * LOGITS;
          classesOf(spec).forEach((which, f) => {
            const { name, classes, character } = FIELDS[f]!, row = out['logits']!.subarray(at, at + classes);
            at += classes;
            if (character !== undefined && spec.characters[character]) right.set(name, (right.get(name) ?? 0) + Number(row.indexOf(Math.max(...row)) === which));
          });
          characters += spec.characters.length;
          const state = (n: number): Float32Array => out['states']!.subarray((n * c.length + 1) * c.width, (n * c.length + 4) * c.width);
          alike += cosine(state(i), state((i + 1) % o.batch));
        });
        captions += o.batch;
      }
      const share = (label: keyof CharacterLabels): number => right.get(label)! / characters;
      return { action: share('action'), facing: share('facing'), hair: share('hairColour'), garment: share('garment'), alike: alike / captions };
    },
  };
}

function cosine(a: Float32Array, b: Float32Array): number {
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) { ab += a[i]! * b[i]!; aa += a[i]! ** 2; bb += b[i]! ** 2; }
  return ab / Math.sqrt(aa * bb);
}
