/**
 * @file The flags of `kinora generate`, as data that commander fills: names, help, parsers. It knows no model: which sizes, lengths and
 * defaults there are, the model says; here only the form of a value is checked.
 */
import type { Command } from 'commander';
import { InputError } from '../core/errors.ts';
import { checkTransparent, FORMATS_IN_WORDS } from '../media/film-format.ts';
import { choice, colours, decimal, file, type ImageAt, imageAt, integer, type LoraAt, loraAt, nonEmpty, output, type PixelSize, repeated, size } from './options.ts';

/** What the flags are parsed against. */
export interface GenerateFlagsOptions {
  /** Names that --sampler takes. */
  readonly samplers: readonly string[];
  /** Names that --quantize takes. */
  readonly quantizations: readonly string[];
  /** Names that --device takes. */
  readonly devices: readonly string[];
  /** Names that --precision takes. */
  readonly precisions: readonly string[];
  /** Names that --long-by takes. */
  readonly longWays: readonly string[];
}

/** The flags after parsing. What the user did not say is absent: the model's defaults decide. */
export interface GenerateFlags {
  /** Absent where a given film or a storyboard says its own. */
  readonly prompt?: string;
  readonly output?: string;
  /** Id of an installed model, or a folder. */
  readonly model?: string;
  readonly seed?: number;
  readonly frames?: number;
  /** Instead of `frames`. */
  readonly seconds?: number;
  readonly size?: PixelSize;
  readonly fps?: number;
  readonly steps?: number;
  readonly guidance?: number;
  readonly sampler?: string;
  readonly quantize?: string;
  readonly longBy?: string;
  readonly negative?: string;
  /** False: the prompt is read as it is. */
  readonly expand?: boolean;
  readonly describe?: boolean;
  /** Address of a chat endpoint. */
  readonly expandWith?: string;
  readonly lora?: readonly LoraAt[];
  readonly images: readonly ImageAt[];
  /** How many films; seeds count up from `seed`, or with `vary` the variations. */
  readonly count: number;
  readonly video?: string;
  /** Seconds. */
  readonly extend?: number;
  /** Seconds. */
  readonly extendBefore?: number;
  readonly loop?: boolean;
  /** Two films. */
  readonly connect?: readonly string[];
  readonly strength?: number;
  readonly mask?: string;
  readonly storyboard?: string;
  readonly draft?: boolean;
  /** How far each film is from the one of the seed. */
  readonly vary?: number;
  /** Whole factor from native to delivered pixels. */
  readonly scale?: number;
  /** Colours in the whole film; 0 leaves them as they are. */
  readonly palette?: number;
  /** Differences from frame to frame, in bytes, that are taken for shimmer. */
  readonly steady?: number;
  /** Cut out of its ground. */
  readonly transparent?: boolean;
  readonly threads?: number;
  readonly device?: string;
  readonly precision?: string;
  readonly resume?: boolean;
  readonly keepParts?: boolean;
  /** False: the film is not signed. */
  readonly sign?: boolean;
  readonly json: boolean;
}

/** Highest seed: seeds are exact integers in a double. */
const MAX_SEED = Number.MAX_SAFE_INTEGER;

/** Adds the prompt and all flags of `generate` to `command`. */
export function addGenerateFlags(command: Command, o: GenerateFlagsOptions): Command {
  return command
    .argument('[prompt]', 'what the film shows, in English or Chinese; a given film may say its own',
      nonEmpty('prompt', 'say what the film shows, as in "a knight walks to the right"'))
    .option('-o, --output <file>', FORMATS_IN_WORDS, output('--output'))
    .option('--model <id|dir>', 'an installed model, or a folder', nonEmpty('--model', 'wanted a model id or a folder'))
    .option('--seed <n>', 'same seed and settings, same film', integer('--seed', { min: 0, max: MAX_SEED }))
    .option('--frames <n>', 'length in frames', integer('--frames', { min: 1 }))
    .option('--seconds <s>', 'length in seconds, instead of --frames', decimal('--seconds', { min: 0, open: true }))
    .option('--size <WxH>', 'pixels before scaling, as in 96x64', size('--size'))
    .option('--fps <n>', 'frames a second', decimal('--fps', { min: 1, max: 120 }))
    .option('--steps <n>', 'sampling steps', integer('--steps', { min: 1, max: 1000 }))
    .option('--guidance <x>', 'how strongly the words pull; 1 is off', decimal('--guidance', { min: 0, max: 30 }))
    .option('--sampler <name>', o.samplers.join(', '), choice('--sampler', o.samplers))
    .option('--quantize <how>', `${o.quantizations.join(', ')}; int8 is nearly twice as fast, its film very like the one without`, choice('--quantize', o.quantizations))
    .option('--long-by <way>', `how what is longer than one piece is made: ${o.longWays.join(', ')}`, choice('--long-by', o.longWays))
    .option('--negative <text>', 'what the film should not show', nonEmpty('--negative', 'leave the flag out instead'))
    .option('--no-expand', 'let the model read the prompt as it is, not worded and filled up like its captions')
    .option('--no-describe', 'do not tell the model in words how given pictures look, where the prompt leaves that out')
    .option('--expand-with <url>', 'an OpenAI-compatible endpoint that writes the prompt out: http://localhost:11434/v1#model', nonEmpty('--expand-with', 'wanted an address'))
    .option('--lora <file[:strength]>', 'an adaptation of the model, and how much of it (1 unless said; −2 to 2); repeatable', repeated(loraAt('--lora')))
    .option('--image <file[@frame]>', 'an image that is this frame (0 unless said; or last); repeatable', repeated(imageAt('--image')))
    .option('--video <file>', 'a film to act on, with one of the next five', file('--video'))
    .option('--extend <s>', 'go on for so many seconds', decimal('--extend', { min: 0, open: true }))
    .option('--extend-before <s>', 'what comes before, for so many seconds', decimal('--extend-before', { min: 0, open: true }))
    .option('--loop', 'the end runs into the start; also without a film')
    .option('--strength <x>', 'make it anew: 0 leaves it, 1 keeps nothing', decimal('--strength', { min: 0, max: 1 }))
    .option('--mask <file>', 'make it anew where this image is bright; the rest stays pixel for pixel', file('--mask'))
    .option('--connect <films...>', 'two films: a passage of --seconds from one to the other')
    .option('--storyboard <file>', 'a film in shots: YAML with seconds and shots (at, prompt, join, image)', file('--storyboard'))
    .option('--vary <x>', 'films that share the layout of the seed: 0 is the same film, 1 another', decimal('--vary', { min: 0, max: 1 }))
    .option('--draft', 'a quarter of the steps; kinora master makes the film of it')
    .option('-n, --count <count>', 'how many films', integer('--count', { min: 1, max: 1000 }))
    .option('--scale <n>', 'delivered pixels per native pixel', integer('--scale', { min: 1, max: 64 }))
    .option('--palette <n>', 'colours in the whole film, 2 to 256, or none', colours('--palette'))
    .option('--steady <x>', 'still what changes by no more than about so many bytes from frame to frame; 0 leaves all as it is', decimal('--steady', { min: 0, max: 64 }))
    .option('--transparent', 'cut out of its ground, which has to be of one flat colour; not for .mp4')
    .option('--threads <n>', 'CPU threads', integer('--threads', { min: 1, max: 256 }))
    .option('--device <name>', `what computes: ${o.devices.join(', ')}; auto is the quickest that works here (kinora doctor)`, choice('--device', o.devices))
    .option('--precision <name>', `${o.precisions.join(', ')}: in which numbers; fp16 where the device has it, not on the CPU`, choice('--precision', o.precisions))
    .option('--resume', 'go on from the windows that an interrupted run kept in <output>.parts; the same film to the byte')
    .option('--keep-parts', 'keep the windows there when the film is done: told otherwise, only what changed is made again')
    .option('--no-sign', 'write the film without a signature, by which kinora verify tells whether it was changed')
    .option('--json', 'print one JSON object a film');
}

/** The parsed values of `addGenerateFlags`, as commander holds them, checked against each other. */
export function readGenerateFlags(command: Command): GenerateFlags {
  const { image, json, count, debug: _debug, ...plain } = command.opts<Partial<Omit<GenerateFlags, 'prompt' | 'images'>> & { image?: readonly ImageAt[]; debug?: boolean }>();
  if (plain.frames !== undefined && plain.seconds !== undefined) throw new InputError(`--frames ${plain.frames} and --seconds ${plain.seconds} exclude each other: give one`);
  const prompt = command.processedArgs[0] as string | undefined;
  if (prompt === undefined && plain.video === undefined && !plain.connect && plain.storyboard === undefined && !image)
    throw new InputError('the prompt is missing: say what the film shows, as in kinora generate "a knight walks to the right"');
  const { connect } = plain;
  if (connect && (connect.length !== 2 || connect[0]!.startsWith('-'))) throw new InputError(`--connect takes two films, got ${connect.length}: ${connect.join(' ')}`);
  if (plain.transparent && plain.output !== undefined) checkTransparent(plain.output);
  return { ...plain, ...(prompt === undefined ? {} : { prompt }), images: image ?? [], count: count ?? 1, json: json ?? false };
}
