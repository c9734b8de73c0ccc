import { describe, expect, test } from 'vitest';
import { noisyCaption } from './caption-noise.ts';
import { captionOf } from './captions.ts';
import type { CharacterLabels, CharacterSpec, ClipSpec } from './spec.ts';
import {
  ACTIONS, CAPTION_STYLES, FACINGS, GARMENTS, GROUND_KINDS, HAIR_COLOURS, HAIR_STYLES, HEADGEAR, LANGUAGES, type Facing, type Garment, type HairColour,
} from './vocabulary.ts';

const LABELS: CharacterLabels = {
  action: 'walk', facing: 'left', sex: 'female', folk: 'human', skin: 'light', hairStyle: 'long', hairColour: 'red', beard: false, garment: 'plate_armor', garmentColour: 'steel',
  legs: 'steel_greaves', legsColour: 'steel', feet: 'steel_boots', feetColour: 'steel', headgear: null, weapon: null, travels: false,
};
const character = (labels: Partial<CharacterLabels> = {}): CharacterSpec =>
  ({ labels: { ...LABELS, ...labels }, layers: [], timing: { start: 0 }, place: { x: 0, y: 0, dx: 0, dy: 0 } });
const clip = (o: Partial<ClipSpec> = {}): ClipSpec => ({
  split: 'train', canvas: { width: 64, height: 64 }, frames: 17, fps: 8, ground: { kind: 'plain', colours: ['purple'], tile: 8, shade: 0, shift: [0, 0] },
  characters: [character()], relation: 'apart', ...o,
});
const key = (step: number) => ({ seed: 5, stream: 'caption', step });
const STEPS = Array.from({ length: 60 }, (_, i) => i);

/** Words by which a reader recognises each member. Written apart from the grammars, so that these tests can disagree with them. */
const EN_FACING: Record<Facing, RegExp> = { left: /\bleft(wards)?\b/, right: /\bright(wards)?\b/, towards: /viewer|camera|\bus\b/, away: /away|behind|\bback\b/ };
const ZH_FACING: Record<Facing, RegExp> = { left: /左/, right: /右/, towards: /观众|镜头|迎面|我们/, away: /背对|背向|远处/ };
const EN_GARMENT: Record<Garment, RegExp> = {
  plate_armor: /(plate|steel) armou?r/, gold_armor: /gold(en)? (plate )?armou?r/, chain_mail: /chain ?mail/,
  leather_armor: /leather (armor|jerkin)/, tabard: /tabard|surcoat/, robe: /robes?\b/,
  shirt: /shirt/, sleeveless_shirt: /sleeveless|tank top/, dress: /dress|gown/, vest: /vest|waistcoat/,
};
const ZH_GARMENT: Record<Garment, RegExp> = {
  plate_armor: /板甲|钢甲/, gold_armor: /金甲|金色盔甲|黄金铠甲/, chain_mail: /锁子甲|锁甲/, leather_armor: /皮甲/, tabard: /罩袍|战袍/, robe: /袍/,
  shirt: /长袖|衬衫/, sleeveless_shirt: /无袖/, dress: /裙/, vest: /马甲/,
};
const EN_HAIR: Record<HairColour, RegExp> = {
  black: /black/, brown: /brown|chestnut/, blonde: /blonde?|gold|yellow/, red: /red/, pink: /pink/, purple: /purple|violet/,
  blue: /blue/, green: /green/, white: /white/,
};
const ZH_HAIR: Record<HairColour, RegExp> = { black: /黑/, brown: /棕|褐/, blonde: /金/, red: /红/, pink: /粉/, purple: /紫/, blue: /蓝/, green: /绿/, white: /白/ };
const ACTION = {
  en: { walk: /walk|stroll|strid/, spellcast: /spell|magic/, thrust: /thrust|stab|jab/, slash: /slash|swing/, shoot: /shoot|fir/, fall: /fall|collaps/ },
  zh: { walk: /走|行走|踏步/, spellcast: /法/, thrust: /刺/, slash: /挥/, shoot: /射/, fall: /倒/ },
} as const;

describe('what a sentence always tells', () => {
  for (const language of LANGUAGES) {
    test(`action and facing, in ${language}`, () => {
      const facings = language === 'en' ? EN_FACING : ZH_FACING;
      for (const action of ACTIONS) for (const facing of action === 'fall' ? (['towards'] as const) : FACINGS) for (const step of STEPS) {
        const spec = clip({ characters: [character({ action, facing, weapon: action === 'thrust' ? 'spear' : null })] });
        const text = captionOf(spec, { key: key(step), language, style: 'sentence' });
        expect(text).toMatch(ACTION[language][action]);
        for (const other of ACTIONS) if (other !== action) expect(text).not.toMatch(ACTION[language][other]);
        if (action !== 'fall') expect(text).toMatch(facings[facing]);
        for (const other of FACINGS) if (other !== facing && !(facing === 'away' && other === 'towards')) expect(text, `${facing} read as ${other}`).not.toMatch(facings[other]);
      }
    });

    test(`hair colour and garment, in ${language}`, () => {
      const [hairs, garments] = language === 'en' ? [EN_HAIR, EN_GARMENT] : [ZH_HAIR, ZH_GARMENT];
      for (const hairColour of HAIR_COLOURS) for (const garment of GARMENTS) for (const hairStyle of HAIR_STYLES) for (const step of [0, 1, 2]) {
        const spec = clip({ characters: [character({ hairColour, hairStyle, garment, garmentColour: 'teal', legs: null, legsColour: null })] });
        const text = captionOf(spec, { key: key(step), language, style: 'sentence' });
        expect(text).toMatch(hairs[hairColour]);
        expect(text).toMatch(garments[garment]);
      }
    });
  }
});

describe('only what the clip holds', () => {
  test('hair that headgear hides is never told, nor are bare heads under it', () => {
    for (const headgear of HEADGEAR.slice(0, 5)) for (const style of CAPTION_STYLES) for (const step of STEPS) {
      const spec = clip({ characters: [character({ headgear, hairStyle: null, hairColour: null })] });
      expect(captionOf(spec, { key: key(step), language: 'en', style })).not.toMatch(/hair|ponytail|pigtail|mohawk|afro|curls|topknot|blond|bald/i);
      expect(captionOf(spec, { key: key(step), language: 'zh', style })).not.toMatch(/发|马尾|髻|辫|莫西干|光头/);
    }
  });

  test('legs under a robe, weapons, beards, grounds and neighbours that are not there are never told', () => {
    for (const style of CAPTION_STYLES) for (const step of STEPS) {
      const spec = clip({ characters: [character({ garment: 'robe', garmentColour: 'brown', legs: null, legsColour: null })] });
      expect(captionOf(spec, { key: key(step), language: 'en', style }))
        .not.toMatch(/pants|trousers|skirt|greaves|spear|dagger|bow\b|beard|brick|grass|plank|tiles|\bright\b|another|\b(a|the) man\b/i);
      expect(captionOf(spec, { key: key(step), language: 'zh', style })).not.toMatch(/裤|护腿|矛|匕首|弓|胡|砖|草|木板|右|男/);
    }
  });

  test('a walk that travels is never "on the spot"', () => {
    for (const step of STEPS) {
      const spec = clip({ characters: [character({ travels: true })] });
      expect(captionOf(spec, { key: key(step), language: 'en', style: 'detailed' })).not.toMatch(/on the spot|in place/);
      expect(captionOf(spec, { key: key(step), language: 'zh', style: 'detailed' })).not.toMatch(/原地/);
    }
  });

  test('every template is filled', () => {
    for (const language of LANGUAGES) for (const style of CAPTION_STYLES) for (const kind of GROUND_KINDS) for (const frames of [1, 17]) for (const step of STEPS) {
      const other = character({ sex: 'male', beard: true, action: 'spellcast', facing: 'away', garment: 'shirt', garmentColour: 'teal', hairStyle: 'mohawk', headgear: 'bandana' });
      const spec = clip({ frames, ground: { kind, colours: ['grey', 'sand'], tile: 8, shade: 0, shift: [0, 0] }, characters: step % 2 ? [character(), other] : [other] });
      const text = captionOf(spec, { key: key(step), language, style });
      expect(text).not.toMatch(/undefined|null|[*%_]|\s\s|,,|\ba [aeio]/);
    }
  });
});

test('two characters are told by their places, crossing walkers by their directions', () => {
  const pair = [character(), character({ sex: 'male', action: 'slash', facing: 'right', weapon: 'dagger', hairColour: 'blue' })];
  for (const step of STEPS) {
    expect(captionOf(clip({ characters: pair }), { key: key(step), language: 'en', style: 'sentence' })).toMatch(/left,? .*red.*right,? .*blue/i);
    expect(captionOf(clip({ characters: pair }), { key: key(step), language: 'zh', style: 'sentence' })).toMatch(/左.*红.*右.*蓝/);
    const crossing = clip({ relation: 'crossing', characters: [character({ facing: 'right', travels: true }), character({ facing: 'left', travels: true, hairColour: 'blue' })] });
    expect(captionOf(crossing, { key: key(step), language: 'en', style: 'sentence' })).toMatch(/red.* to the right.*blue.* to the left.*(pass|chang)/);
    expect(captionOf(crossing, { key: key(step), language: 'zh', style: 'sentence' })).toMatch(/红.*向右走.*蓝.*向左走.*(擦肩|交换)/);
  }
});

test('from three words to three sentences, varied, and a function of the key', () => {
  const spec = clip({ characters: [character({ sex: 'male', headgear: 'bandana', garment: 'shirt', garmentColour: 'teal', legs: 'pants', legsColour: 'red' })] });
  const lengths = STEPS.map((step) => captionOf(spec, { key: key(step), language: 'en', style: 'minimal' }).split(' ').length);
  expect(Math.min(...lengths)).toBeLessThanOrEqual(3);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(11);
  for (const step of STEPS) expect(captionOf(spec, { key: key(step), language: 'en', style: 'detailed' }).match(/\./g)!.length).toBeLessThanOrEqual(3);
  for (const language of LANGUAGES) {
    const texts = STEPS.map((step) => captionOf(spec, { key: key(step), language }));
    expect(texts).toEqual(STEPS.map((step) => captionOf(spec, { key: key(step), language })));
    expect(new Set(texts).size).toBeGreaterThan(50);
  }
  const drawn = STEPS.map((step) => /[一-鿿]/.test(captionOf(spec, { key: key(step) })));
  expect(drawn.filter(Boolean).length).toBeGreaterThan(8);
  expect(drawn.filter(Boolean).length).toBeLessThan(35);
});

describe('noise', () => {
  test('inserts one thing or mistypes one long word, and leaves the rest as it was', () => {
    for (const language of LANGUAGES) for (const step of STEPS) {
      const text = captionOf(clip(), { key: key(step), language, style: 'sentence' }), noisy = noisyCaption(text, key(step));
      expect(noisy).not.toBe(text);
      expect(noisyCaption(text, key(step))).toBe(noisy);
      const head = [...text].findIndex((char, i) => char !== noisy[i]), from = head < 0 ? text.length : head;
      let tail = 0;
      while (tail < text.length - from && text.at(-1 - tail) === noisy.at(-1 - tail)) tail++;
      const lost = text.slice(from, text.length - tail);
      expect(lost.length, `"${text}" → "${noisy}"`).toBeLessThanOrEqual(2);
      if (language === 'zh') expect(lost).toBe('');
    }
  });
});
