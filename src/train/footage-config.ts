/**
 * @file What a configuration becomes on a dataset. A transformer's kinds of samples, their shares, the clips that are kept and the bank's size come from the dataset's own
 * shapes; an autoencoder's layouts stay, and pieces of their size are cut out of all clips that are large enough. Both are validated before anything is computed.
 */
import { z } from 'zod';
import { InputError } from '../core/errors.ts';
import { DIT_PRESETS } from '../models/dit/config.ts';
import { newWords, withWords } from '../models/text/new-words.ts';
import type { CaptionTokenizer } from '../models/text/tokenizer.ts';
import type { DiTRunConfig, VaeRunConfig } from './config.ts';
import { clipsOf, largeEnough, type Footage, type FootageOptions } from './clips/footage-source.ts';
import { keptFrames, shapeName, shapeOf, type ClipShape } from './clips/clip-shape.ts';
import { latentSize } from './clips/latents.ts';
import { evenBank, sampleTokens, type SampleShape } from './tasks/layout-bank.ts';

/** Layouts of a bank, at most: each is a graph that is compiled. */
const MOST_LAYOUTS = 32;
/** Shapes that a text names before it counts. */
const NAMED = 6;

type Settings = NonNullable<DiTRunConfig['footage']> & { readonly words: number };

/** Where a configuration says nothing: one clip in twenty is held out; of ten films, seven or eight are made of words alone, two have one given frame, one has two. */
const DEFAULTS: Settings = { heldout: 0.05, given: [1, 0.25, 0.1], words: 256 };

/** What a transformer's configuration says of datasets. */
const footageSettings = ({ footage }: DiTRunConfig): Settings => ({ ...DEFAULTS, ...footage, words: footage?.words ?? DEFAULTS.words });

/** Latent rows and columns of a token. */
const patchOf = (config: DiTRunConfig): number => config.dit.patch ?? DIT_PRESETS[config.model].patch;

/** How a run splits its dataset; a transformer's cuts clips to whole tokens. */
export const splitOptions = (config: DiTRunConfig | VaeRunConfig): FootageOptions =>
  ({ seed: config.seed, heldout: config.footage?.heldout ?? DEFAULTS.heldout, ...(config.kind === 'dit' ? { patch: patchOf(config) } : {}) });

/** `17x64x64, 9x64x64 and 3 more`. */
const named = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;

/** The kinds of samples of a shape, by how many frames are given; those that a pack has no room for are left out, all but the clip alone. */
function kindsOf(shape: ClipShape, clips: number, { config, given }: { config: DiTRunConfig; given: readonly number[] }): SampleShape[] {
  const patch = patchOf(config), kinds = given.map((share, n): SampleShape => ({ ...shape, given: n, share }))
    .filter((s) => s.given === 0 || (s.share > 0 && s.frames > 1 && sampleTokens(s, patch) <= config.tokens));
  const total = kinds.reduce((n, s) => n + s.share, 0);
  return kinds.map((s) => ({ ...s, share: clips * s.share / total }));
}

/** Throws an InputError unless a pack has room for a clip of the shape. */
function checkShape(shape: ClipShape, footage: Footage, config: DiTRunConfig): void {
  const name = shapeName(shape), tokens = sampleTokens({ ...shape, given: 0, share: 1 }, patchOf(config));
  if (tokens > config.tokens)
    throw new InputError(`a clip of ${name} in ${footage.dir} takes ${tokens} tokens, a pack has ${config.tokens}: `
      + 'raise "tokens", or ingest with a smaller --area or --max-frames');
}

/** A transformer's configuration on a dataset; what has been one already stays the same. Throws an InputError that names a shape which cannot be trained on. */
export function footageDiT(config: DiTRunConfig, footage: Footage): DiTRunConfig {
  const settings = footageSettings(config), train = [...footage.clips.train].map(([name, { length }]) => ({ shape: shapeOf(name), name, length }));
  for (const { shape } of train) checkShape(shape, footage, config);
  const shapes = train.flatMap(({ shape, length }) => kindsOf(shape, length, { config, given: settings.given }));
  const missing = new Set(train.map(({ name }) => name));
  const enough = evenBank({ shapes, tokens: config.tokens, layouts: MOST_LAYOUTS, patch: patchOf(config) }).findIndex(({ samples }) => {
    for (const s of samples) missing.delete(shapeName(s));
    return missing.size === 0;
  });
  return {
    ...config, footage: settings, stages: [{ from: 0, shapes }], clips: Object.fromEntries(train.map(({ name, length }) => [name, length])),
    layouts: Math.max(config.layouts, enough < 0 ? MOST_LAYOUTS : enough + 1),
  };
}

/** What a transformer's run validates first: the most frequent held-out shape that is trained on too, films before images. */
export function ditMain({ clips: { train, heldout } }: Footage): ClipShape {
  const both = [...train.keys()].filter((name) => heldout.has(name)), names = both.length > 0 ? both : [...heldout.keys()];
  return shapeOf(names.find((name) => shapeOf(name).frames > 1) ?? names[0]!);
}

/** What the weights of a run on a dataset say of it; read when a model is made of them. `main` is a shape's name. */
export const footageRecord = z.object({ main: z.string(), fps: z.number().positive(), clips: z.int().positive() });
export type FootageRecord = Readonly<z.infer<typeof footageRecord>>;

type VaeSize = Pick<ClipShape, 'frames' | 'width' | 'height'>;

/**
 * An autoencoder's configuration on a dataset, without the layouts that no clip is large enough for, and the largest layout that held-out clips have room for, on which it is
 * validated. Throws an InputError when none is left.
 */
export function footageVae(config: VaeRunConfig, footage: Footage): { readonly config: VaeRunConfig; readonly main: VaeSize } {
  const layouts = config.layouts.map(({ window, ...layout }) => ({ ...layout, ...window })).filter((l) => largeEnough(footage, 'train', l).length > 0);
  const fits = layouts.filter((l) => largeEnough(footage, 'heldout', l).length > 0).sort((a, b) => b.frames * b.width * b.height - a.frames * a.width * a.height)[0];
  if (!fits) {
    const wanted = named(config.layouts.map((l) => shapeName({ ...l, ...l.window }))), split = layouts.length > 0 ? 'heldout' : 'train';
    throw new InputError(`no ${split === 'train' ? '' : 'held-out '}clip of ${footage.dir} is as large as a layout: layouts are ${wanted}, `
      + `clips ${named([...footage.clips[split].keys()])}`);
  }
  return { config: { ...config, footage: { heldout: splitOptions(config).heldout }, layouts }, main: { frames: fits.frames, width: fits.width, height: fits.height } };
}

/** The new words of a dataset's captions that a run on it learns, and a tokenizer that knows them. */
export function footageWords(config: DiTRunConfig, footage: Footage, known: CaptionTokenizer): { readonly words: readonly string[]; readonly tokenizer: CaptionTokenizer } {
  const words = newWords(clipsOf(footage, 'train').map(({ row }) => row.caption), known, footageSettings(config).words);
  return { words, tokenizer: words.length > 0 ? withWords(known, words) : known };
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** How many clips there are, in words. */
const stockOf = (footage: Footage): string => `${counted(clipsOf(footage, 'train').length, 'clip')} of ${counted(footage.clips.train.size, 'shape')}, `
  + `${clipsOf(footage, 'heldout').length} held out`;

/** What a run of the autoencoder draws from, in words. */
export function describeVaeFootage(config: VaeRunConfig, footage: Footage): string {
  const resolved = footageVae(config, footage).config, kept = new Set(resolved.layouts.map((l) => shapeName(l)));
  const cuts = resolved.layouts.map((l) => `${shapeName(l)} is cut out of ${largeEnough(footage, 'train', l).length}`);
  const out = config.layouts.map((l) => shapeName({ ...l, ...l.window })).filter((name) => !kept.has(name));
  return `${stockOf(footage)}: ${cuts.join(', ')}${out.length > 0 ? `; left out, for no clip is so large: ${out.join(', ')}` : ''}`;
}

/** Words of captions that are learnt, and those that are passed over, in words. */
function unknownWords(footage: Footage, tokenizer: Pick<CaptionTokenizer, 'encode'>, learnt: readonly string[]): string {
  const told = learnt.length > 0 ? `${counted(learnt.length, 'new word')} learnt: ${named(learnt)}; ` : '';
  const counts = new Map<string, number>();
  let words = 0, unknown = 0;
  for (const { row: { caption } } of clipsOf(footage, 'train')) {
    const { ignored } = tokenizer.encode(caption);
    words += new Set(caption.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu)).size;
    unknown += ignored.length;
    for (const word of ignored) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  if (unknown === 0) return `${told}all words of captions are known`;
  const most = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, NAMED).map(([word]) => word);
  return `${told}${Math.round(100 * Math.min(1, unknown / words))} % of captions' words are not known and are passed over: ${most.join(', ')}`;
}

/** What a transformer's run on a dataset is told beside its configuration. */
export interface DiTFootageFacts {
  readonly footage: Footage;
  /** That of the run, with its new words. */
  readonly tokenizer: Pick<CaptionTokenizer, 'encode'>;
  readonly words: readonly string[];
  readonly vae: { readonly config: { readonly latentChannels: number } };
  /** Samples of an average step. */
  readonly samplesPerStep: number;
}

/** What a transformer's run draws from, in words; `config` is that of {@link footageDiT}. */
export function describeDiTFootage(config: DiTRunConfig, { footage, tokenizer, words, vae, samplesPerStep }: DiTFootageFacts): string {
  const { shapes } = config.stages[0]!, bank = evenBank({ shapes, tokens: config.tokens, layouts: config.layouts, patch: patchOf(config) });
  const used = new Set(bank.flatMap(({ samples }) => samples.map((s) => shapeName(s)))), names = Object.keys(config.clips), unused = names.filter((name) => !used.has(name));
  const perClip = (name: string): number => 2 * keptFrames(shapeOf(name)) * latentSize(shapeOf(name), vae.config);
  const bytes = names.reduce((n, name) => n + config.clips[name]! * perClip(name), 0);
  const clips = clipsOf(footage, 'train').length, epochs = config.optim.steps * samplesPerStep / clips;
  return [
    `${stockOf(footage)}: ${named(names.map((name) => `${config.clips[name]} of ${name}`))}`, `${epochs.toFixed(1)} epochs`, `latents of ${(bytes / 1e6).toFixed(0)} MB on disk`,
    ...(footage.tooSmall.length > 0 ? [`left out as too small: ${footage.tooSmall.length} (${named([...new Set(footage.tooSmall)])})`] : []),
    ...(unused.length > 0 ? [`in no layout, so never seen: ${named(unused.map((name) => `${config.clips[name]} of ${name}`))}`] : []), unknownWords(footage, tokenizer, words),
  ].join('; ');
}
