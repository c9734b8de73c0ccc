/**
 * @file Draws the specification of one clip from a key: who, doing what, where, on which ground.
 * Actions and facings are drawn before the characters, and only the characters are drawn again until the clip belongs to
 * its split, so both splits have the same actions, facings, canvases and grounds.
 * Where they stand and walk is in places.ts.
 */
import { InputError } from '../../core/errors.ts';
import { draws, type Draws, type RandomKey } from '../../core/random.ts';
import type { SpriteWorld } from './load.ts';
import { actionsOf, drawPerson, inAction, type Person } from './person.ts';
import { between, BEAT, CELL, CROSS_FRAMES, crossingPlaces, LATTICE, pairPlaces, roomToWalk, singlePlace, SLOWEST, standing, travelFrom, TWO_FROM } from './places.ts';
import { actionLength } from './sheet.ts';
import type { CharacterSpec, ClipSpec, DeedSpec, GroundSpec, Timing } from './spec.ts';
import { splitOf } from './split.ts';
import { FACINGS, GROUND_COLOURS, GROUND_KINDS, type Action, type Facing, type Split } from './vocabulary.ts';

/** Options of {@link drawClip}. */
export interface DrawClipOptions {
  /** Seed, stream and step; one clip per step. */
  readonly key: RandomKey;
  readonly split: Split;
  /** Pixels, ≥ 64. Two characters are drawn only from 96 on, crossing from 128 on. */
  readonly width: number;
  /** Pixels, ≥ 64. */
  readonly height: number;
  /** 1 … 33; one frame is an image. */
  readonly frames: number;
  /**
   * One character that falls; one that goes on to do something else on the way (≥ 13 frames); one whose deed, no walk, had begun before the clip and may be over; one
   * that walks across a canvas with room for it; or two characters (from a width of 96 on), every second pair crossing where there is room. Default: any deeds, each
   * for the whole clip.
   */
  readonly deeds?: Deeds | undefined;
}

/** Which deeds a clip may be asked to show. */
export const DEEDS = ['fall', 'change', 'late', 'travel', 'pair'] as const;
export type Deeds = (typeof DEEDS)[number];

const CROSS_FROM = 128;                                        // pixels of width
const ATTEMPTS = 1000;                                         // one in 8 suits a held-out character: missing has chance (7/8)^1000

/** The specification of a clip: the same key and options give the same clip. */
export function drawClip(world: SpriteWorld, o: DrawClipOptions): ClipSpec {
  const { width, height, frames, split } = o;
  for (const [name, value, least, most] of [['width', width, CELL, 1024], ['height', height, CELL, 1024], ['frames', frames, 1, 33]] as const)
    if (!Number.isInteger(value) || value < least || value > most) throw new InputError(`a sprite clip's ${name} is ${value}; allowed: whole numbers from ${least} to ${most}`);
  const d = draws(o.key);
  const ground = drawGround(d);
  const pair = o.deeds === 'pair';
  if (pair && width < TWO_FROM) throw new InputError(`a sprite clip ${width} pixels wide has no room for two characters; wanted ${TWO_FROM} or more`);
  if (o.deeds && o.deeds !== 'pair') return { split, canvas: { width, height }, frames, fps: 8, ground, characters: [drawAlone(d, world, o, o.deeds)], relation: 'apart' };
  const count = width >= TWO_FROM && (pair || d.chance(0.45)) ? 2 : 1;
  const crossing = count === 2 && width >= CROSS_FROM && frames >= CROSS_FRAMES && d.chance(pair ? 0.5 : 0.35);
  const deeds = drawDeeds(d, actionsOf(world), count, crossing);
  const people = deeds.map(([action, facing]) => drawInSplit(d, world, action, facing, split));
  const places = crossing ? crossingPlaces(d, o) : count === 2 ? pairPlaces(d, o) : [singlePlace(d, o, ...deeds[0]!)];
  const characters = people.map((person, i): CharacterSpec => ({
    labels: { ...person.labels, travels: places[i]!.dx !== 0 || places[i]!.dy !== 0 },
    layers: person.layers, timing: drawTiming(d, person.labels.action, frames), place: places[i]!,
  }));
  return { split, canvas: { width, height }, frames, fps: 8, ground, characters, relation: crossing ? 'crossing' : 'apart' };
}

function drawDeeds(d: Draws, actions: readonly Action[], count: number, crossing: boolean): [Action, Facing][] {
  if (crossing) return [['walk', 'right'], ['walk', 'left']];
  const others = actions.filter((a) => a !== 'walk');
  const facingEachOther = d.chance(0.4);
  return Array.from({ length: count }, (_, i): [Action, Facing] => {
    const action = others.length === 0 || d.chance(0.3) ? 'walk' : d.pick(others);
    if (action === 'fall') return [action, 'towards'];
    return [action, count === 2 && facingEachOther ? (i === 0 ? 'right' : 'left') : d.pick(FACINGS)];
  });
}

/**
 * One character on the spot with the deeds that were asked for. A change comes where a latent frame begins, after at least two and before the last but one.
 * It belongs to a split by what the character goes on to do, and no training clip begins with a held-out combination.
 */
function drawAlone(d: Draws, world: SpriteWorld, o: DrawClipOptions, deeds: Exclude<Deeds, 'pair'>): CharacterSpec {
  const { frames, split } = o, actions = actionsOf(world);
  const here = ({ labels, layers }: Person, length: number): DeedSpec => ({ labels: { ...labels, travels: false }, layers, timing: drawTiming(d, labels.action, length) });
  const place = standing(d, o);
  if (deeds === 'fall') return { ...here(drawInSplit(d, world, 'fall', 'towards', split), frames), place };
  if (deeds === 'travel') return drawTraveller(d, world, o);
  if (deeds === 'late') {
    const action = d.pick(actions.filter((a) => a !== 'walk')), { labels, layers } = drawInSplit(d, world, action, action === 'fall' ? 'towards' : d.pick(FACINGS), split);
    return { labels: { ...labels, travels: false }, layers, timing: { start: BEAT * between(d, 1, Math.ceil(actionLength(action) / BEAT)) }, place };
  }
  if (frames < 3 * BEAT + 1) throw new InputError(`a sprite clip of ${frames} frames has no room for a change of deeds; wanted ${3 * BEAT + 1} or more`);
  const from = 1 + BEAT * between(d, 1, (frames - 1) / BEAT - 2);
  for (let i = 0; i < ATTEMPTS; i++) {
    const first = d.pick(actions.filter((a) => a !== 'fall')), second = d.pick(actions.filter((a) => a !== first)), facing = d.pick(FACINGS);
    const turned = second === 'fall' ? 'towards' : d.chance(0.5) ? facing : d.pick(FACINGS);
    const before = drawInSplit(d, world, first, facing, 'train'), after = inAction(d, world, before, second, turned);
    if (after === null || splitOf(after.labels.garment, after.labels.hairColour, second) !== split) continue;
    return { ...here(before, from), place, next: { ...here(after, frames - from), from } };
  }
  throw new InputError(`no character in ${ATTEMPTS} draws can change what it does in split "${split}"; the sprite checkout holds too few layers`);
}

/** One who walks along a side of the canvas that is longer than a character's cell. */
function drawTraveller(d: Draws, world: SpriteWorld, o: DrawClipOptions): CharacterSpec {
  const across = roomToWalk(o, 'right') >= SLOWEST, along = roomToWalk(o, 'towards') >= SLOWEST;
  if (!across && !along)
    throw new InputError(`a sprite clip of ${o.frames} frames at ${o.width}x${o.height} has no room to walk across; wanted 2 frames or more, and 2 pixels for each`);
  const facing = d.pick([...(across ? ['left', 'right'] as const : []), ...(along ? ['towards', 'away'] as const : [])]);
  const { labels, layers } = drawInSplit(d, world, 'walk', facing, o.split);
  return { labels: { ...labels, travels: true }, layers, timing: drawTiming(d, 'walk', o.frames), place: travelFrom(d, o, standing(d, o), facing) };
}

function drawInSplit(d: Draws, world: SpriteWorld, action: Action, facing: Facing, split: Split): Person {
  for (let i = 0; i < ATTEMPTS; i++) {
    const person = drawPerson(d, world, action, facing);
    if (splitOf(person.labels.garment, person.labels.hairColour, action) === split) return person;
  }
  throw new InputError(`no character in ${ATTEMPTS} draws with action "${action}" belongs to split "${split}"; the sprite checkout holds too few layers`);
}

/** The columns in which one frame alone shows the action: no standing poses. */
const TELLING: Record<Exclude<Action, 'walk'>, readonly [first: number, last: number]> = { spellcast: [2, 5], thrust: [1, 7], slash: [1, 5], shoot: [2, 11], fall: [2, 5] };

/** Cycles start on either foot. One-shots start at once; when the clip is shorter than the action it shows a window of it that starts on a beat. */
function drawTiming(d: Draws, action: Action, frames: number): Timing {
  if (action === 'walk') return { start: BEAT * d.int(8 / BEAT) };
  if (frames === 1) return { start: between(d, ...TELLING[action]) };
  const spare = actionLength(action) - frames;
  return { start: spare > 0 ? BEAT * d.int(1 + Math.floor(spare / BEAT)) : 0 };
}

function drawGround(d: Draws): GroundSpec {
  const kind = d.pick(GROUND_KINDS);
  const first = kind === 'grass' ? 'green' as const : d.pick(GROUND_COLOURS);
  const two = kind === 'fade_down' || kind === 'fade_across' || kind === 'checker';
  const colours = two ? [first, d.pick(GROUND_COLOURS.filter((c) => c !== first))] : [first];
  return { kind, colours, tile: d.pick([8, 16]), shade: between(d, -12, 12), shift: [LATTICE * d.int(2), LATTICE * d.int(2)] };
}
