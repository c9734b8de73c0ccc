/**
 * @file The ground in a prompt, by patterns: what it says is taken out before anything else is read, since its colours and its sides ("gray on the left")
 * are not the character's.
 */
import { plainForm } from './reader-lexicon.ts';
import type { GroundSpec } from './spec.ts';
import type { GroundColour, GroundKind } from './vocabulary.ts';

/** A ground, and where in the text it is told. */
export interface GroundReading { readonly ground: GroundSpec; readonly start: number; readonly end: number }

const WORDS: Record<GroundColour, string> = {
  dark: 'dark gray|dark grey|black|charcoal|深灰色|黑色|暗灰色', grey: 'gray|grey|灰色', blue: 'blue|蓝色', green: 'green|绿色',
  sand: 'sand-colored|sand-coloured|sandy|beige|sand|yellow|沙色|米色|黄色',
  brown: 'brown|wooden|棕色|褐色', purple: 'purple|violet|紫色', pink: 'pink|rose|粉色|粉红色', white: 'white|白色',
};
const COLOUR = `(?:${Object.values(WORDS).join('|')})`;
const member = (word: string): GroundColour => (Object.keys(WORDS) as GroundColour[]).find((colour) => WORDS[colour].split('|').includes(word))!;

/** C is a colour; the first pattern that fits is read, so the narrower ones stand first. */
const PATTERNS: readonly (readonly [GroundKind, string])[] = [
  ['fade_across', 'background (?:that |which )?(?:fades|fading) from (C) on the left to (C) on the right'],
  ['fade_across', 'horizontal gradient from (C) to (C)'],
  ['fade_down', 'background (?:that |which )?(?:fades|fading) from (C)(?: at the top)? to (C)(?: at the bottom)?'], ['fade_down', '(?:vertical )?gradient from (C) to (C)'],
  ['checker', '(?:checkered |chequered |checkerboard |tiled |chessboard )(?:floor (?:of|in) )?(C) and (C)(?: floor| tiles| squares)?'],
  ['checker', '(C) and (C) (?:tiles|checkerboard|squares|chessboard)'],
  ['brick', '(?:(C) )?(?:brick wall|bricks|wall of bricks)'],
  ['planks', '(?:(C) )?(?:planks|floorboards|wood(?:en)? floor|plank floor|boards|parquet|wooden boards)'],
  ['grass', '(?:green )?(?:grass|meadow|lawn|grassland|pasture|grassy (?:field|ground|plain))'],
  ['plain', '(?:plain |solid |flat |uniform |simple )?(C) (?:background|backdrop)'],
  ['fade_across', '背景从左到右由(C)渐变为(C)'], ['fade_across', '背景左边(C)、右边(C)'], ['fade_down', '背景从上到下由(C)渐变为(C)'], ['fade_down', '背景上方(C)、下方(C)'],
  ['checker', '(C)[和与](C)(?:相间)?的?(?:方格|棋盘格|格子)(?:地面|地板|地)?上?'], ['brick', '(?:背景是)?(?:(C)的?)?砖墙[前边]?'], ['planks', '(?:(C)的?)?(?:木地板|木板地|木板)上?'],
  ['grass', '(?:绿色的)?(?:草地|草坪|草原|草丛)[上里中]?'], ['plain', '(?:背景是纯?(C)(?!的砖))'], ['plain', '(C)的?背景[前上]?'],
];
/** English grounds stand after one of these, so that "hair the shade of grass" is none. */
const BEFORE = '(?:the scene is set |this happens |we see this )?(?:on|against|in front of|in|over|across|through|before|by|near|along) (?:an? |the )?';
const COMPILED = PATTERNS.map(([kind, pattern]) => {
  const before = /[㐀-鿿]/.test(pattern) ? '在?' : `(?<![a-z])${BEFORE}`;
  return [kind, new RegExp(`${before}${pattern.replaceAll('C', COLOUR)}(?![a-z])`)] as const;
});

/** What a ground is painted with when no colour is told. */
const USUAL: Record<GroundKind, readonly GroundColour[]> = {
  plain: ['grey'], fade_down: ['blue', 'white'], fade_across: ['blue', 'white'], checker: ['grey', 'white'], brick: ['brown'], grass: ['green'], planks: ['brown'],
};

/** A ground as a specification; tiles and shades do not show in captions. */
export const groundOf = (kind: GroundKind, colours: readonly GroundColour[] = USUAL[kind]): GroundSpec => ({ kind, colours, tile: 8, shade: 0, shift: [0, 0] });

/** The ground that a text tells, or null. */
export function readGround(text: string): GroundReading | null {
  const plain = plainForm(text).replaceAll('’', "'");
  for (const [kind, pattern] of COMPILED) {
    const found = pattern.exec(plain);
    if (!found) continue;
    const colours = found.slice(1).filter((word) => word !== undefined).map(member);
    return { ground: groundOf(kind, colours.length > 0 ? colours : undefined), start: found.index, end: found.index + found[0].length };
  }
  return null;
}
