/**
 * @file Given pictures in words. A model does not carry every look from an image to where a body moves, but obeys words (report 010), so its reader of looks
 * (looks.safetensors) reads given images and clips, and a prompt that leaves looks out is told them too, as captioners do for large models (Betker et al. 2023,
 * "Improving Image Generation with Better Captions", section 2). What is read stands in the film's record. A model without a reader gets prompts as they are.
 */
import type { Backend, Program } from '../../backend/backend.ts';
import type { ProgramCache } from '../../backend/cache.ts';
import { FileError } from '../../core/errors.ts';
import { describePrompt } from '../../data/sprites/expand.ts';
import { factsOfLooks } from '../../data/sprites/looks.ts';
import { softmax } from '../../graph/build.ts';
import { Graph } from '../../graph/graph.ts';
import { readTensors } from '../../io/safetensors.ts';
import { sliceFrames, toModel, type Frames } from '../../media/frames.ts';
import type { LooksConfig } from '../../models/looks/config.ts';
import { looks, looksParams } from '../../models/looks/looks.ts';
import type { CaptionTokenizer } from '../../models/text/tokenizer.ts';
import { formatWeights, parseWeights, type Weighted } from '../../models/text/weights.ts';
import { bindParams } from '../../nn/param.ts';
import type { GivenParts } from '../sampling/context.ts';
import type { FilmSettings, PlacedShot } from '../settings/film-options.ts';
import { hasModelFile, modelFile, readModelWeights, type InstalledModel } from '../model/model-store.ts';

/** A model's reader of looks. */
export const LOOKS_FILE = 'looks.safetensors';

/** Frames of a clip that are read, and the mean probability from which a class is told. */
const GLANCES = 4, CERTAIN = 0.6;

/** What is certainly seen, by attribute. */
export type SeenLooks = Readonly<Partial<Record<string, string>>>;

/** Reads pictures of one character, each film's frames as one. */
export type LooksReader = (film: Frames) => Promise<SeenLooks>;

/** A model's reader, or null when it has none. Programs are kept in `programs`, by size. */
export async function openLooks(model: InstalledModel, backend: Backend, programs: ProgramCache): Promise<LooksReader | null> {
  if (!hasModelFile(model, LOOKS_FILE)) return null;
  const weights = await readModelWeights(model, LOOKS_FILE), { metadata } = await readTensors(modelFile(model, LOOKS_FILE));
  if (metadata['looks'] === undefined) throw new FileError(`${modelFile(model, LOOKS_FILE)} holds no reader of looks: its metadata has no "looks"`);
  const config = JSON.parse(metadata['looks']) as LooksConfig;
  if (config.world !== 'sprites') throw new FileError(`${modelFile(model, LOOKS_FILE)} reads looks of ${String(config.world)}; known: sprites`);
  return async (film) => {
    const { width, height, count } = film, shown = Math.min(GLANCES, count), sums = new Map<string, Float32Array>();
    const program = (): Promise<Program> => programs.get(`looks/${width}x${height}`, () => {
      const graph = new Graph(), logits = looks(bindParams(graph, looksParams(config)), graph.input('picture', [1, 3, height, width]), config);
      return backend.compile({ outputs: Object.fromEntries(Object.entries(logits).map(([name, x]) => [name, softmax(x)])) });
    });
    for (let i = 0; i < shown; i++) {
      const at = Math.round(i * (count - 1) / Math.max(1, shown - 1));
      const out = await (await program()).run({ ...weights, picture: toModel(sliceFrames(film, at, at + 1)) });
      for (const [name, p] of Object.entries(out)) sums.set(name, sums.get(name)?.map((x, k) => x + p[k]!) ?? Float32Array.from(p));
    }
    return Object.fromEntries([...sums].flatMap(([name, sum]) => {
      const most = Math.max(...sum);
      return most >= CERTAIN * shown ? [[name, config.classes[name]![sum.indexOf(most)]!]] : [];
    }));
  };
}

/** What all of them show: that in which none speaks against another. */
function agreed(all: readonly SeenLooks[]): SeenLooks {
  const names = new Set(all.flatMap((seen) => Object.keys(seen)));
  return Object.fromEntries([...names].flatMap((name) => {
    const values = new Set(all.flatMap((seen) => seen[name] ?? []));
    return values.size === 1 ? [[name, [...values][0]!]] : [];
  }));
}

/**
 * Shots with the looks of the pictures within them told, where their prompts leave them out; a shot that goes on freely without pictures of its own has those of the one
 * before. `recorded` says of which shots the film's record tells already what is read.
 */
export async function describeShots(
  s: FilmSettings, given: Pick<GivenParts, 'images' | 'clips'>, { read, recorded, words }: { read: LooksReader; recorded: (shot: number) => boolean; words: CaptionTokenizer },
): Promise<FilmSettings> {
  const pictures = [...given.images.map(({ image, frame }) => ({ film: image, frame })), ...given.clips.map(({ clip, frame }) => ({ film: clip, frame }))];
  const shots: PlacedShot[] = [];
  let seen: SeenLooks | null = null;
  for (const [i, shot] of s.shots.entries()) {
    const end = s.shots[i + 1]?.start ?? s.frames, own = pictures.filter(({ film, frame }) => frame < end && frame + film.count > shot.start);
    if (own.length > 0) seen = agreed(await Promise.all(own.map(({ film }) => read(film))));
    else if (shot.join !== 'free') seen = null;
    const facts = seen && factsOfLooks(seen);
    shots.push(facts && !recorded(i) ? told(shot, facts, s.negative, words) : shot);
  }
  return { ...s, shots };
}

/** A shot whose words tell looks too. */
function told(shot: PlacedShot, facts: NonNullable<ReturnType<typeof factsOfLooks>>, avoided: string, words: CaptionTokenizer): PlacedShot {
  const { text, parts } = parseWeights(shot.reads?.prompt ?? shot.prompt);
  const knows = (t: string): boolean => { const read = words.encode(t); return read.ignored.length === 0 && Object.keys(read.mended).length === 0; };
  const made = describePrompt({ prompt: text, marks: parts, looks: facts, knows, mend: (word) => words.encode(word).mended[word] });
  if (made === null) return shot;
  const prompt = formatWeights({ text: made.prompt, parts: made.marks as readonly Weighted[] });
  const { negative = avoided, ignored = [], mended = {} } = shot.reads ?? {};
  return { ...shot, reads: { prompt, negative, ignored: [...ignored, ...made.ignored], mended: { ...mended, ...made.mended } } };
}
