/**
 * @file From readings to shares: agreement with the prompts, with prompts dealt to other films, and of frozen films.
 */
import { draws } from '../core/random.ts';
import { concatFrames, sliceFrames, type Frames } from '../media/frames.ts';
import { ATTRIBUTES, type Attribute } from '../models/judge/config.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import type { EvalPrompt } from './prompts.ts';
import { chanceOf, shareOf, type Share } from './statistics.ts';

/** One share per attribute. */
export type Scores = Readonly<Record<Attribute, Share>>;

/** Truth and told-ness: what a reading is compared with. */
type Asked = Pick<EvalPrompt, 'truth' | 'told'>;

const perAttribute = <T>(f: (a: Attribute) => T): Record<Attribute, T> => Object.fromEntries(ATTRIBUTES.map((a) => [a, f(a)])) as Record<Attribute, T>;

/** How often readings agree with what was asked, counting only what the prompt tells. */
export function scoreReadings(readings: readonly Reading[], asked: readonly Asked[]): Scores {
  return perAttribute((a) => {
    const counted = asked.flatMap((p, i) => (p.told.includes(a) ? [readings[i]![a] === p.truth[a]] : []));
    return shareOf(counted.filter(Boolean).length, counted.length);
  });
}

/** The order of 0 … n − 1 in which nobody keeps the place (Sattolo's algorithm): which prompt each film is compared with. */
export function dealt(n: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i), d = draws({ seed: 0, stream: 'eval/dealt', step: n });
  for (let i = n - 1; i > 0; i--) {
    const j = d.int(i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Agreement with other films' prompts, and what guessing would reach. */
export function shuffledScores(readings: readonly Reading[], asked: readonly Asked[]): Record<Attribute, Share & { readonly chance: number }> {
  const order = dealt(asked.length), others = order.map((i) => asked[i]!);
  const scores = scoreReadings(readings, others);
  return perAttribute((a) => {
    const counted = others.flatMap((p, i) => (p.told.includes(a) ? [i] : []));
    return { ...scores[a], chance: counted.length === 0 ? 0 : chanceOf(counted.map((i) => readings[i]![a]), counted.map((i) => others[i]!.truth[a])) };
  });
}

/** The film's frame `t` for its whole length. */
export function frozen(film: Frames, t = 0): Frames {
  const frame = sliceFrames(film, t, t + 1);
  return concatFrames(Array.from({ length: film.count }, () => frame));
}
