/**
 * @file Prompts of the evaluation: captions of held-out combinations, one per index, none rejected, with what a film of each should show.
 * They come from a sprite world, or from a file that was written with one (models/sprites-64/eval.json), so that no checkout is needed.
 */
import { draws, type RandomKey } from '../core/random.ts';
import { captionOf, drawClip, type CharacterLabels, type ClipSpec, type Language, type Split, type SpriteWorld } from '../data/sprites/world.ts';
import { ATTRIBUTES, type Attribute } from '../models/judge/config.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import { truthOf } from '../train/tasks/judge-task.ts';

/** One prompt. */
export interface EvalPrompt {
  /** Also the seed of its film. */
  readonly index: number;
  readonly prompt: string;
  /** What happens alone, without a word of hair or clothes: for films whose looks an image gives. */
  readonly deed: string;
  readonly language: Language;
  readonly truth: Reading;
  /** What the prompt tells: hair that headgear hides, or that a skeleton lacks, is not counted; nor is the facing of a fall, which has but one. */
  readonly told: readonly Attribute[];
}

/** Share of Chinese prompts. */
export const CHINESE = 0.3;

/** What a caption in the style "sentence" tells of a character that can be judged. */
export const toldOf = ({ hairColour, action }: Pick<CharacterLabels, 'hairColour' | 'action'>): Attribute[] =>
  ATTRIBUTES.filter((a) => (a === 'hair' ? hairColour !== null : a !== 'facing' || action !== 'fall'));

/** Options of {@link drawEvalPrompts}. */
export interface DrawPromptsOptions {
  readonly count: number;
  /** Frames of a film. */
  readonly frames: number;
  /** Default `heldout`. */
  readonly split?: Split;
  /** Default `eval/sprites`. */
  readonly stream?: string;
}

/** A prompt and the clip that it describes. */
export interface PromptedClip { readonly prompt: EvalPrompt; readonly spec: ClipSpec }

/** Prompts `0 … count − 1` with their clips; style "sentence" tells hair, garment, action and facing. */
export function drawEvalPrompts(world: SpriteWorld, { count, frames, split = 'heldout', stream = 'eval/sprites' }: DrawPromptsOptions): PromptedClip[] {
  return Array.from({ length: count }, (_, index) => {
    const key: RandomKey = { seed: 0, stream, step: index };
    const spec = drawClip(world, { key, split, width: 64, height: 64, frames });
    const language = draws({ ...key, stream: `${stream}/language` }).chance(CHINESE) ? 'zh' : 'en';
    const { labels } = spec.characters[0]!;
    return { spec, prompt: {
      index, prompt: captionOf(spec, { key, language, style: 'sentence' }),
      deed: captionOf(spec, { key, language, style: 'sentence', looks: false }), language, truth: truthOf(labels),
      told: toldOf(labels),
    } };
  });
}

/** Words that no caption and no training noise holds. */
const STRANGERS: Record<Language, readonly string[]> = {
  en: ['elephant', 'spaceship', 'gloomy', 'saxophone', 'marble', 'volcano', 'holographic', 'penguin', 'cactus', 'baroque'],
  zh: ['大象', '飞船', '忧郁', '萨克斯', '火山', '企鹅', '仙人掌', '冰淇淋'],
};

/** The prompt with one unknown word in it: between words in English, between phrases in Chinese. A function of the index. */
export function withUnknownWord({ prompt, language, index }: EvalPrompt): string {
  const d = draws({ seed: 0, stream: 'eval/unknown-word', step: index }), stranger = d.pick(STRANGERS[language]);
  switch (language) {
    case 'en': {
      const words = prompt.split(' ');
      words.splice(1 + d.int(words.length - 1), 0, stranger);
      return words.join(' ');
    }
    case 'zh': {
      const joints = [0, ...[...prompt.matchAll(/[,、]/g)].map((m) => m.index + 1)], at = d.pick(joints);
      return prompt.slice(0, at) + stranger + prompt.slice(at);
    }
    default: return language satisfies never;
  }
}
