/**
 * @file Captions: a plan chooses which facts of a clip are told; a grammar (captions-en.ts, captions-zh.ts) puts them in words.
 * A caption says only what the clip holds and leaves out what it likes: never hair that a helmet hides, never legs that a
 * robe covers. The same key plans the same facts in both languages.
 */
import { draws, type Draws, type RandomKey } from '../../core/random.ts';
import { composeEnglish } from './captions-en.ts';
import { composeChinese } from './captions-zh.ts';
import type { CaptionPlan, CharacterPlan, Told } from './caption-plan.ts';
import type { ClipSpec } from './spec.ts';
import type { CaptionStyle, Language } from './vocabulary.ts';

/** Options of {@link captionOf}. */
export interface CaptionOptions {
  readonly key: RandomKey;
  /** Default: drawn, two in three English. */
  readonly language?: Language;
  /** Default: drawn; 15 % minimal, 25 % short, 40 % sentence, 20 % detailed. */
  readonly style?: CaptionStyle;
  /** False: only what characters do and where they turn, not how they look. Default true. */
  readonly looks?: boolean;
}

/** A caption of the clip. */
export function captionOf(spec: ClipSpec, o: CaptionOptions): string {
  const choice = draws({ ...o.key, stream: `${o.key.stream}/choice` });
  const u = choice.uniform(), v = choice.uniform();
  const language = o.language ?? (u < 2 / 3 ? 'en' : 'zh');
  const style = o.style ?? (v < 0.15 ? 'minimal' : v < 0.4 ? 'short' : v < 0.8 ? 'sentence' : 'detailed');
  const plan = planCaption(draws({ ...o.key, stream: `${o.key.stream}/plan` }), spec, style, o.looks ?? true);
  const words = draws({ ...o.key, stream: `${o.key.stream}/${language}` });
  switch (language) {
    case 'en': return composeEnglish(plan, words);
    case 'zh': return composeChinese(plan, words);
    default: return language satisfies never;
  }
}

/** Chances that each fact is told, by style; `one` and `two` of hair and garment are chosen apart. */
const CHANCES: Record<CaptionStyle, {
  skin: number; style: number; legs: number; feet: number; headgear: number; beard: number; weapon: number; facing: number; spot: number; ground: number;
}> = {
  minimal: { skin: 0, style: 0.2, legs: 0, feet: 0, headgear: 0.3, beard: 0.1, weapon: 0, facing: 0.35, spot: 0, ground: 0 },
  short: { skin: 0.1, style: 0.4, legs: 0.05, feet: 0, headgear: 0.5, beard: 0.3, weapon: 0.3, facing: 0.6, spot: 0.05, ground: 0.15 },
  sentence: { skin: 0.2, style: 0.7, legs: 0.15, feet: 0.05, headgear: 0.8, beard: 0.5, weapon: 0.7, facing: 1, spot: 0.1, ground: 0.35 },
  detailed: { skin: 0.6, style: 0.9, legs: 0.8, feet: 0.5, headgear: 1, beard: 0.9, weapon: 1, facing: 1, spot: 0.25, ground: 0.9 },
};

const SILENT: Told = {
  hairColour: false, hairStyle: false, bald: false, beard: false, skin: false, garment: false, headgear: false, legs: false, feet: false,
  weapon: false, facing: false, onTheSpot: false,
};

function planCaption(d: Draws, spec: ClipSpec, style: CaptionStyle, looks: boolean): CaptionPlan {
  const chances = CHANCES[style];
  const still = spec.frames === 1, pair = spec.characters.length === 2;
  const characters = spec.characters.map(({ labels: who }, i): CharacterPlan => {
    const [hair, garment] = hairAndGarment(d, style);
    const told: Told = {
      hairColour: hair && who.hairColour !== null,
      hairStyle: d.chance(chances.style) && hair && who.hairStyle !== null,
      bald: who.hairStyle === null && who.headgear === null && who.folk === 'human' && style !== 'minimal',
      beard: d.chance(chances.beard) && who.beard,
      skin: d.chance(chances.skin) && who.folk !== 'skeleton',
      garment,
      headgear: d.chance(chances.headgear) && who.headgear !== null && (style !== 'minimal' || !(hair || garment)),
      legs: d.chance(chances.legs) && who.legs !== null,
      feet: d.chance(chances.feet),
      weapon: d.chance(chances.weapon) && who.weapon !== null && who.action === 'walk',
      facing: d.chance(chances.facing) && (who.action !== 'fall' || d.chance(0.3)),   // falling has one facing
      onTheSpot: d.chance(chances.spot) && who.action === 'walk' && !who.travels && !still,
    };
    return {
      who,
      told: looks ? told : { ...SILENT, facing: told.facing, onTheSpot: told.onTheSpot },
      side: pair && spec.relation === 'apart' ? (i === 0 ? 'left' : 'right') : null,
    };
  });
  return { style, characters, relation: spec.relation, ground: d.chance(chances.ground) ? spec.ground : null, still };
}

/** Whether hair and garment are told. */
function hairAndGarment(d: Draws, style: CaptionStyle): readonly [boolean, boolean] {
  const u = d.uniform();
  switch (style) {
    case 'minimal': return [u < 0.35, u >= 0.35 && u < 0.7];   // at most one
    case 'short': return [u < 0.7, u >= 0.35];                 // one or both
    case 'sentence': case 'detailed': return [true, true];
    default: return style satisfies never;
  }
}
