/**
 * @file The evaluation of ways into a film (`kinora eval ways`): held-out clips are given in part, the model makes the rest. For each way: whether what was given came
 * through, how visible the joins are beside those places in real clips, whether the character stays who it was, and whether new words are obeyed. Films come
 * from a function, so that a test can hand in real clips as the perfect generator.
 */
import { afterChange, captionOf, drawClip, renderClip, type ClipSpec, type RenderedClip, type SpriteWorld } from '../data/sprites/world.ts';
import { HAIR_COLOURS, type Action, type HairColour } from '../data/sprites/vocabulary.ts';
import { draws } from '../core/random.ts';
import { environment, type Environment } from '../io/environment.ts';
import { concatFrames, sliceFrames, type Frames } from '../media/frames.ts';
import { psnr } from '../media/metrics.ts';
import type { FilmWays } from '../pipeline/settings/ways.ts';
import type { Attribute } from '../models/judge/config.ts';
import type { Reading } from '../train/tasks/judge-read.ts';
import type { Reconstructor } from '../train/tasks/reconstruct.ts';
import type { SpriteJudge } from './judge.ts';
import { drawEvalPrompts, type EvalPrompt } from './prompts.ts';
import { seamOf, type Seam } from './seam.ts';
import { meanOf, shareOf, type Share } from './statistics.ts';

/** Ways that are measured. */
export const EVAL_WAYS = ['image', 'keyframes', 'extend', 'extend_before', 'connect', 'loop', 'retell', 'edit', 'mask', 'remix'] as const;
export type EvalWay = (typeof EVAL_WAYS)[number];

/** A real clip whose character goes on to do something else, and the words for that, without looks. */
interface Change { readonly frames: Frames; readonly from: number; readonly deed: string; readonly action: Action }

/** A held-out clip with its words, and the same words with hair of another colour; and a held-out clip in which the deed changes. */
interface Subject {
  readonly prompt: EvalPrompt;
  readonly clip: RenderedClip;
  /** The same clip, longer. */
  readonly long: Frames;
  readonly otherHair: HairColour;
  readonly otherPrompt: string;
  readonly change: Change;
}

/** An attribute that new words asked for, and a real clip with its own value of it, for the ceiling. */
interface Asked { readonly attribute: Attribute; readonly value: string; readonly real: Frames; readonly realValue: string }

/** One film of a way, and what is to be looked at. */
interface Made {
  readonly film: Frames;
  /** Joins: first frames after them. */
  readonly seams?: readonly number[];
  /** The real film of the same length, for its own figures at the same places. */
  readonly real?: Frames;
  /** Pairs that should agree: frames of the film, and what the autoencoder makes of what was given. */
  readonly given?: readonly (readonly [Frames, Frames])[];
  /** Greatest difference where nothing may change. */
  readonly outside?: number;
  /** Parts in which the character should be the same. */
  readonly identity?: readonly [Frames, Frames];
  /** Real parts for the ceiling of the same. */
  readonly realIdentity?: readonly [Frames, Frames];
  /** What new words asked for, to be read off the second part of `identity`. */
  readonly asked?: Asked;
}

/** Makes a film at native size, without a palette. */
export type MakeWay = (o: FilmWays) => Promise<Frames>;

interface Tools { readonly make: MakeWay; readonly reconstruct: Reconstructor; readonly strength: number }

const FRAMES = 17, PART = 9, LONG = 33, LOOP = 24, CHANGE = 25;
/** Rows of a mask over the head of a character in its 64×64 cell. */
const HEAD_ROWS = 32;

const WAY_TABLE: { readonly [K in EvalWay]: (s: Subject, tools: Tools) => Promise<Made> } = {
  async image({ prompt, clip: { frames } }, { make, reconstruct }) {
    const image = sliceFrames(frames, 0, 1), film = await make({ prompt: prompt.deed, seed: prompt.index, frames: FRAMES, images: [{ image }] });
    const [own] = await reconstruct([image]), later = (f: Frames): Frames => sliceFrames(f, PART);
    return { film, given: [[sliceFrames(film, 0, 1), own!]], identity: [image, later(film)], realIdentity: [image, later(frames)] };
  },
  async keyframes({ prompt, clip: { frames } }, { make, reconstruct }) {
    const images = [sliceFrames(frames, 0, 1), sliceFrames(frames, FRAMES - 1)];
    const film = await make({ prompt: prompt.deed, seed: prompt.index, frames: FRAMES, images: [{ image: images[0]! }, { image: images[1]!, frame: 'last' }] });
    const own = await reconstruct(images), between = (f: Frames): Frames => sliceFrames(f, 4, 13);
    return {
      film, given: [[sliceFrames(film, 0, 1), own[0]!], [sliceFrames(film, FRAMES - 1), own[1]!]],
      identity: [images[0]!, between(film)], realIdentity: [images[0]!, between(frames)],
    };
  },
  async extend({ prompt, clip: { frames } }, { make }) {
    const part = sliceFrames(frames, 0, PART), film = await make({ prompt: prompt.deed, seed: prompt.index, video: { film: part }, extend: (FRAMES - PART) / frames.fps });
    return { film, real: frames, seams: [PART], outside: difference(film, 0, part), identity: [part, sliceFrames(film, PART)], realIdentity: [part, sliceFrames(frames, PART)] };
  },
  async extend_before({ prompt, clip: { frames } }, { make }) {
    const start = FRAMES - PART, part = sliceFrames(frames, start), early = (f: Frames): Frames => sliceFrames(f, 0, start);
    const film = await make({ prompt: prompt.deed, seed: prompt.index, video: { film: part }, extendBefore: start / frames.fps });
    return { film, real: frames, seams: [start], outside: difference(film, start, part), identity: [part, early(film)], realIdentity: [part, early(frames)] };
  },
  async connect({ prompt, long }, { make }) {
    const end = LONG - PART, parts = [sliceFrames(long, 0, PART), sliceFrames(long, end)] as const;
    const film = await make({ prompt: prompt.deed, seed: prompt.index, connect: [{ film: parts[0] }, { film: parts[1] }], seconds: (end - PART) / long.fps });
    return {
      film, real: long, seams: [PART, end], outside: Math.max(difference(film, 0, parts[0]), difference(film, end, parts[1])),
      identity: [parts[0], sliceFrames(film, PART, end)], realIdentity: [parts[0], sliceFrames(long, PART, end)],
    };
  },
  async loop({ prompt, long }, { make }) {
    const film = await make({ prompt: prompt.prompt, seed: prompt.index, frames: LOOP, loop: true }), round = concatFrames([film, sliceFrames(film, 0, LOOP >> 1)]);
    return { film: round, real: long, seams: [LOOP] };          // walks repeat after eight frames: a real clip's place 24 is like its start
  },
  async retell({ prompt, change: { frames, from, deed, action } }, { make }) {
    const part = sliceFrames(frames, 0, from), film = await make({ prompt: deed, seed: prompt.index, video: { film: part }, extend: (CHANGE - from) / frames.fps });
    const later = (f: Frames): Frames => sliceFrames(f, from), asked = { attribute: 'action', value: action, real: later(frames), realValue: action } as const;
    return { film, real: frames, seams: [from], outside: difference(film, 0, part), identity: [part, later(film)], realIdentity: [part, later(frames)], asked };
  },
  async edit(subject, { make, strength }) {
    const { prompt, clip: { frames }, otherPrompt } = subject;
    const film = await make({ prompt: otherPrompt, seed: prompt.index, video: { film: frames }, strength });
    return { film, asked: newHair(subject), identity: [frames, film] };
  },
  async mask(subject, { make }) {
    const { prompt, clip, otherPrompt } = subject, mask = headMask(clip);
    const film = await make({ prompt: otherPrompt, seed: prompt.index, video: { film: clip.frames }, mask: { image: mask } });
    return { film, asked: newHair(subject), outside: difference(film, 0, clip.frames, mask), identity: [clip.frames, film] };
  },
  async remix(subject, { make }) {
    const { prompt, otherPrompt } = subject, before = await make({ prompt: prompt.prompt, seed: prompt.index, frames: FRAMES });
    const film = await make({ prompt: otherPrompt, seed: prompt.index, frames: FRAMES });
    return { film, asked: newHair(subject), identity: [before, film] };
  },
};

const newHair = ({ prompt, clip: { frames }, otherHair }: Subject): Asked => ({ attribute: 'hair', value: otherHair, real: frames, realValue: prompt.truth.hair });

/** Greatest difference between a film from `start` on and a part; with a mask where that is dark. */
function difference(film: Frames, start: number, part: Frames, mask?: Frames): number {
  const own = sliceFrames(film, start, start + part.count).data, size = part.width * part.height * 3;
  return own.reduce((most, value, i) => (mask && mask.data[i % size]! >= 128 ? most : Math.max(most, Math.abs(value - part.data[i]!))), 0);
}

/** Bright over the upper half of the rows that the character ever covers. */
function headMask({ frames, silhouette }: RenderedClip): Frames {
  const { width, height } = frames, covered = Array.from({ length: height }, (_, y) => y).filter((y) => {
    for (let t = 0; t < frames.count; t++) if (silhouette.subarray((t * height + y) * width, (t * height + y + 1) * width).includes(1)) return true;
    return false;
  });
  const top = covered[0] ?? 0, data = new Uint8Array(width * height * 3);
  data.fill(255, top * width * 3, Math.min(height, top + HEAD_ROWS) * width * 3);
  return { ...frames, data, count: 1 };
}

/** The first `count` subjects with hair that shows. */
function subjectsOf(world: SpriteWorld, count: number): Subject[] {
  const long = (step: number): Frames =>
    renderClip(world, drawClip(world, { key: { seed: 0, stream: 'eval/sprites', step }, split: 'heldout', width: 64, height: 64, frames: LONG })).frames;
  return drawEvalPrompts(world, { count: 2 * count, frames: FRAMES }).filter(({ prompt }) => prompt.told.includes('hair')).slice(0, count).map(({ prompt, spec }) => {
    const [character] = spec.characters, key = { seed: 0, stream: 'eval/ways', step: prompt.index }, { labels } = character!;
    const otherHair = draws(key).pick(HAIR_COLOURS.filter((colour) => colour !== labels.hairColour));
    const other: ClipSpec = { ...spec, characters: [{ ...character!, labels: { ...labels, hairColour: otherHair } }] };
    return {
      prompt, clip: renderClip(world, spec), long: long(prompt.index),
      otherHair, otherPrompt: captionOf(other, { key, language: prompt.language, style: 'sentence' }),
      change: changeOf(world, prompt),
    };
  });
}

/** A clip of its own for each prompt, in which enough is known before the change. */
function changeOf(world: SpriteWorld, { index, language }: EvalPrompt): Change {
  for (let attempt = 0; ; attempt++) {
    const key = { seed: attempt, stream: 'eval/ways/change', step: index };
    const spec = drawClip(world, { key, split: 'heldout', width: 64, height: 64, frames: CHANGE, deeds: 'change' }), { from, labels } = spec.characters[0]!.next!;
    if (from >= PART) return { frames: renderClip(world, spec).frames, from, deed: captionOf(afterChange(spec), { key, language, looks: false }), action: labels.action };
  }
}

/** A share of films, the same of real clips, and their ratio. */
export interface ComparedShare { readonly films: Share; readonly real: Share | null; readonly of_ceiling: number | null }

/** Figures of one way; what does not apply is null. */
export interface WayReport {
  readonly films: number;
  /** dB between given frames and what the autoencoder makes of them, mean of films. */
  readonly given_psnr: number | null;
  /** Medians of films; wanted ≤ 1.5. */
  readonly seam: Seam | null;
  readonly seam_real: Seam | null;
  /** Greatest difference of bytes that may not change, of all films. */
  readonly outside_error: number | null;
  readonly identity: { readonly hair: ComparedShare | null; readonly garment: ComparedShare } | null;
  /** Films with the hair, or the deed, that new words asked for. */
  readonly obedience: ComparedShare | null;
}

/** The report; JSON as it stands. */
export interface WaysReport extends Environment {
  readonly suite: 'ways';
  readonly model: string;
  readonly ways: Readonly<Partial<Record<EvalWay, WayReport>>>;
  readonly ms: number;
}

/** Options of {@link evalWays}. */
export interface EvalWaysOptions {
  readonly model: string;
  readonly world: SpriteWorld;
  readonly judge: SpriteJudge;
  readonly reconstruct: Reconstructor;
  readonly make: MakeWay;
  /** Clips a way. Default 64. */
  readonly clips?: number;
  /** How much of a film is made anew by an edit: enough that hair can change, little enough that the rest stays. */
  readonly strength: number;
  /** Default: all. */
  readonly ways?: readonly EvalWay[];
  readonly environment: { readonly config: unknown; readonly threads: number; readonly now: Date };
  readonly onFilm?: (film: Frames, way: EvalWay) => void;
}

/** Measures the ways; see the file's comment. */
export async function evalWays(o: EvalWaysOptions): Promise<WaysReport> {
  const started = performance.now(), subjects = subjectsOf(o.world, o.clips ?? 64), ways: Partial<Record<EvalWay, WayReport>> = {};
  for (const way of o.ways ?? EVAL_WAYS) {
    const made: Made[] = [];
    for (const subject of subjects) {
      made.push(await WAY_TABLE[way](subject, o));
      o.onFilm?.(made.at(-1)!.film, way);
    }
    ways[way] = await wayReport(made, o.judge);
  }
  return { suite: 'ways', model: o.model, ways, ms: performance.now() - started, ...environment({ ...o.environment, seed: 0 }) };
}

const compared = (films: Share, real: Share | null): ComparedShare => ({ films, real, of_ceiling: real?.share ? films.share! / real.share : null });

async function wayReport(made: readonly Made[], judge: SpriteJudge): Promise<WayReport> {
  const seams = (of: (m: Made) => Frames | undefined): Seam | null => {
    const list = made.flatMap((m) => (of(m) ? m.seams ?? [] : []).flatMap((at) => seamOf(of(m)!, at) ?? []));
    const middle = (pick: (s: Seam) => number): number => list.map(pick).sort((a, b) => a - b)[list.length >> 1]!;
    return list.length === 0 ? null : { first: middle((s) => s.first), second: middle((s) => s.second) };
  };
  const pairs = made.flatMap((m) => m.identity ?? []), readings = await judge.read(pairs);
  const realPairs = made.flatMap((m) => m.realIdentity ?? []), realReadings = await judge.read(realPairs);
  const agree = (list: readonly Reading[], a: 'hair' | 'garment'): Share => {
    const same = list.flatMap((before, i) => (i % 2 === 0 ? [before[a] === list[i + 1]![a]] : []));
    return shareOf(same.filter(Boolean).length, same.length);
  };
  const identity = (a: 'hair' | 'garment'): ComparedShare => {
    return compared(agree(readings, a), realReadings.length > 0 ? agree(realReadings, a) : null);
  };
  const asked = made.flatMap(({ asked: a }, i) => (a ? [{ ...a, right: readings[2 * i + 1]![a.attribute] === a.value }] : []));
  const realAsked = await judge.read(asked.map(({ real }) => real)), right = (list: readonly boolean[]): Share => shareOf(list.filter(Boolean).length, list.length);
  const outside = made.flatMap((m) => m.outside ?? []);
  return {
    films: made.length,
    given_psnr: meanOf(made.flatMap((m) => (m.given ?? []).map(([a, b]) => Math.min(100, psnr(a, b))))),
    seam: seams((m) => m.film), seam_real: seams((m) => m.real),
    outside_error: outside.length > 0 ? Math.max(...outside) : null,
    identity: pairs.length === 0 ? null : { hair: asked.some(({ attribute }) => attribute === 'hair') ? null : identity('hair'), garment: identity('garment') },
    obedience: asked.length > 0 ? compared(right(asked.map((a) => a.right)), right(asked.map((a, i) => realAsked[i]![a.attribute] === a.realValue))) : null,
  };
}
