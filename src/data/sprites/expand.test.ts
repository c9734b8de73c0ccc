import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PARAPHRASES, SHORT_PROMPTS } from '../../eval/paraphrases.ts';
import { formatWeights, parseWeights, type Weighted } from '../../models/text/weights.ts';
import { loadTokenizer } from '../../pipeline/prompt/tokenizer.ts';
import { captionOf } from './captions.ts';
import { drawClip } from './draw.ts';
import { captionOfFacts, checkPlainGround, expandPrompt, type ExpandedPrompt, type ExpandRequest } from './expand.ts';
import type { Facts } from './facts.ts';
import type { SpriteWorld } from './load.ts';
import { readPrompt } from './reader.ts';
import { CANVASES } from './vocabulary.ts';

const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../../models/sprites-64/', import.meta.url)));
const seen = new Map<string, boolean>();                         // encoding takes milliseconds
function knows(text: string): boolean {
  const read = seen.has(text) ? undefined : tokenizer.encode(text);
  if (read) seen.set(text, read.ignored.length === 0 && Object.keys(read.mended).length === 0);
  return seen.get(text)!;
}
const expand = (prompt: string, o: Partial<ExpandRequest> = {}): ExpandedPrompt =>
  expandPrompt({ prompt, negative: '', looks: true, knows, mend: (word) => tokenizer.encode(word).mended[word], ...o });
const factsOf = (text: string): Facts => readPrompt(text)!.characters[0]!.facts;
const covers: SpriteWorld['covers'] = (layers, action) => (action !== 'thrust' && action !== 'shoot') || !layers.some((layer) => layer.includes('no_th-sh'));
const world = { covers } as SpriteWorld;

/** Captions of the grammar that tell hair, garment, deed and direction of each character. */
const captions = Array.from({ length: 520 }, (_, step) => {
  const [width, height] = CANVASES[step % CANVASES.length]!, key = { seed: 8, stream: 'expand-test', step };
  const spec = drawClip(world, { key, split: 'train', width, height, frames: [1, 9, 17][step % 3]! });
  const hidden = spec.characters.some(({ labels }) => labels.hairColour === null);
  return { hidden, text: captionOf(spec, { key, language: step % 2 === 0 ? 'en' : 'zh', style: step % 4 < 2 ? 'sentence' : 'detailed' }) };
});

test('captions of the grammar come out as they are', () => {
  const changed = captions.filter(({ hidden, text }) => !hidden && expand(text).prompt !== text).map(({ text }) => text);
  expect(changed).toEqual([]);
  expect(captions.filter(({ hidden }) => !hidden).length).toBeGreaterThan(400);
});

test('whatever comes out comes out again: expansion of an expansion changes nothing, and every word is known', () => {
  for (const text of [...captions.map((c) => c.text), ...PARAPHRASES.map((p) => p.text), ...SHORT_PROMPTS.map((p) => p.text)]) {
    const once = expand(text);
    expect(expand(once.prompt).prompt, text).toBe(once.prompt);
    expect([text, knows(once.prompt)]).toEqual([text, true]);
  }
});

test('what is told stays told, and a short prompt gets hair, garment, deed and direction', () => {
  for (const { text, facts } of [...PARAPHRASES, ...SHORT_PROMPTS]) {
    const read = factsOf(text), after = factsOf(expand(text).prompt);
    expect(after, text).toMatchObject(read);
    expect([after.action, after.garment].includes(undefined), text).toBe(false);
    if (facts.folk !== 'skeleton' && !facts.bald) expect(after.hairColour, text).toBeDefined();
    if (after.action !== 'fall') expect(after.facing, text).toBeDefined();
  }
});

test('the same facts in other words, and in the other language, look the same', () => {
  const looks = (text: string): Facts => factsOf(expand(text).prompt);
  expect(looks('the lady strolls westward')).toEqual(looks('a woman walks to the left'));
  expect(looks('一个女人向左走')).toEqual(looks('a woman walks to the left'));
  expect(expand('a woman walks to the right').prompt).toBe(expand('a woman walks to the right').prompt);
});

test('what is chosen fits what is told: nobody shoots in a robe, and no hair shows under a helmet', () => {
  for (let i = 0; i < 40; i++) {
    const hair = ['red', 'blue', 'green', 'pink'][i % 4]!, way = ['left', 'right', 'away', 'towards us', ''][i % 5]!;
    expect(factsOf(expand(`a woman with ${hair} hair ${i % 2 === 0 ? 'shoots' : 'thrusts'} ${way}`).prompt).garment).not.toBe('robe');
  }
  expect(expand('a knight in a steel helmet walks left').prompt).not.toMatch(/hair|tail|topknot|mohawk|curls/);
  expect(factsOf(expand('a man wearing a hat').prompt)).toMatchObject({ headgear: 'leather_hat', garment: 'leather_armor' });
  expect(factsOf(expand('a woman in red').prompt)).toMatchObject({ garmentColour: 'red' });
  expect(expand('a woman in a pink dress walks').prompt).toContain('a pink dress');
  expect(expand('a knight in black armour walks to the right').prompt).toContain('black plate armor');
});

test('who goes on in the next shot looks as before, who is described otherwise does not', () => {
  const first = expand('a knight walks to the right').prompt, looks = (text: string, before?: string): Facts => {
    const { hairColour, hairStyle, garment, sex } = factsOf(expand(text, before === undefined ? {} : { before }).prompt);
    return { hairColour, hairStyle, garment, sex } as Facts;
  };
  expect(looks('the knight thrusts a spear')).toEqual(looks('a knight walks to the right'));
  expect(looks('a woman with pink hair thrusts')).toMatchObject({ hairColour: 'pink', sex: 'female' });
  const red = 'a man with long red hair in plate armor walks to the right';
  expect(looks('then casts a spell, facing us', red)).toEqual({ hairColour: 'red', hairStyle: 'long', garment: 'plate_armor', sex: 'male' });
  expect(looks('he falls down', first)).toEqual(factsOf(first).sex === 'male' ? looks('a knight walks to the right') : looks('he falls down'));
  for (const other of ['a woman walks left', 'a wizard casts a spell', 'a skeleton walks', 'a bald man walks']) expect(looks(other, red)).toEqual(looks(other));
  expect(expand(first, { before: red }).prompt).toBe(first);
});

describe('what should not be there', () => {
  test('is neither said nor chosen, and asked to be kept out', () => {
    for (const garment of ['robe', 'dress', 'plate armor', 'chain mail', 'leather armor', 'a tabard']) for (const way of ['left', 'right', 'away'])
      expect(factsOf(expand(`a woman without ${garment} walks ${way}`).prompt).garment).not.toBe(factsOf(`a woman in ${garment}`).garment);
    expect(expand('a man without a beard walks left')).toMatchObject({ negative: 'a beard', prompt: expect.not.stringContaining('beard') });
    expect(expand('没有胡子的男人走路')).toMatchObject({ negative: '胡子', prompt: expect.not.stringContaining('胡') });
  });

  test('of a negative prompt: known words stay, others are said in known ones, and none of it is chosen', () => {
    expect(expand('a woman walks', { negative: 'plate armor' }).negative).toBe('plate armor');
    expect(expand('a woman walks', { negative: 'a gilded cuirass, a crown' }).negative).toBe('gold armor, a tiara');
    for (const hair of ['black', 'brown', 'blonde', 'red', 'pink', 'purple', 'blue', 'green', 'white'] as const)
      expect(factsOf(expand('a woman walks', { negative: `${hair} hair` }).prompt).hairColour).not.toBe(hair);
  });
});

test('pictures that are given show how the characters look: only what is told is said', () => {
  const given = (prompt: string): string => expand(prompt, { looks: false }).prompt;
  expect(given('strolls off towards the west')).toBe('walks to the left');
  expect(given('she swoons')).toBe('a woman falls down');
  expect(given('往西边溜')).toBe('向左走');
  expect(given('the lady in the scarlet robe hurls a fireball')).toBe('a woman in a red robe casts a spell');
  for (const text of ['a man', 'the lady with long hair walks', 'a woman in a robe walks']) expect(given(text)).toBe(text);
});

test('weights stay on what they were on', () => {
  const weighted = (prompt: string): string => {
    const { text, parts } = parseWeights(prompt), made = expand(text, { marks: parts });
    return formatWeights({ text: made.prompt, parts: made.marks as readonly Weighted[] });
  };
  expect(weighted('a lass with (crimson tresses:1.3) strolls west')).toMatch(/\(red [a-z]+:1\.3\).*walks to the left/);
  expect(weighted('a (knight:0.5) walks (west:2)')).toMatch(/\(plate armor:0\.5\) walks \(to the left:2\)/);
  expect(weighted('一个(火红头发:1.5)的女人朝西走')).toMatch(/\(红色[^:]+:1\.5\)/);
  expect(weighted('a (dragon:1.3) and a lass')).toBe('a (dragon:1.3) and a lass');                // no fact carries it: nothing is touched
});

test('another hand may write the prompt out; unread words that the model knows stay, others are named', () => {
  expect(expand('hero', { draft: 'A lad with golden locks in a teal jumper strolls west' }).prompt).toBe('a man with blonde hair in a teal shirt walks to the left');
  expect(expand('a dragon and a lass')).toMatchObject({ ignored: ['dragon'] });
  expect(expand('a dragon flies').prompt).toBe('a dragon flies');
  expect(expand('a baerded lad strolls west')).toMatchObject({ mended: { baerded: 'bearded' }, prompt: expect.stringContaining('beard') });
});

test('captions of facts tell them, and no more than the grammar needs', () => {
  for (const { facts, language } of PARAPHRASES) expect(factsOf(captionOfFacts(facts, language))).toMatchObject({ action: facts.action, garment: facts.garment });
  expect(captionOfFacts({ sex: 'female', hairColour: 'red', garment: 'plate_armor', action: 'walk', facing: 'left' }, 'en'))
    .toBe('a woman with red hair in plate armor walks to the left');
});

test('a film that will be cut out gets a plain ground that nobody wears, unless the prompt tells one', () => {
  const ground = (prompt: string, o: Partial<ExpandRequest> = {}) => readPrompt(expand(prompt, { plainGround: true, ...o }).prompt)!.ground;
  const of = (colour: string) => expect.objectContaining({ kind: 'plain', colours: [colour] }) as unknown;
  expect(ground('a knight walks to the right')).toEqual(of('green'));
  expect(ground('a woman with green hair in plate armor walks to the left')).toEqual(of('blue'));
  expect(ground('a woman with long red hair in plate armor walks to the left')).toEqual(of('green'));
  expect(ground('一个骑士向右走')).toEqual(of('green'));
  expect(ground('a knight walks to the right on a plain purple background')).toEqual(of('purple'));
  expect(ground('a knight walks to the right', { looks: false })).toBeNull();                     // given pictures show it
  expect(expand('a woman with long red hair in plate armor walks to the left').prompt).toBe('a woman with long red hair in plate armor walks to the left');
  for (const told of ['on the grass', 'in front of a brick wall', 'on a background that fades from blue to white'])
    expect(() => { checkPlainGround(`a knight walks ${told}`); }).toThrow(`the prompt tells another: "${told}"`);
  for (const prompt of ['a knight walks', 'a knight walks on a plain green background', '一个骑士在绿色背景前施法']) checkPlainGround(prompt);
});

test('two are told one by one as well, where a model wants that: the facts of each, over one ground, with the marks that are on them', () => {
  const by = (prompt: string, o: Partial<ExpandRequest> = {}): { facts: Facts; prompt: string; marks: readonly unknown[] }[] =>
    expand(prompt, { byRegions: true, ...o }).regions!.prompts.map((p) => ({ ...p, facts: factsOf(p.prompt) }));
  expect(expand('a woman with red hair walks', { byRegions: true }).regions).toBeUndefined();
  const alone = [
    ['a knight walks to the right', 'right'], ['一个骑士向左走', 'left'], ['a knight walks in place, facing left', undefined], ['a knight walks towards us', undefined],
  ] as const;
  for (const [prompt, goes] of alone) {
    const { prompt: whole, marks, regions } = expand(prompt, { byRegions: true, placed: true });
    expect([prompt, regions]).toEqual([prompt, { relation: 'alone', ...(goes ? { goes } : {}), prompts: [{ prompt: whole, marks }, { prompt: whole, marks }] }]);
  }
  expect(expand('a knight walks', { byRegions: true, placed: true, looks: false }).regions).toBeUndefined();                    // given pictures show where
  expect(expand('a man and a woman').regions).toBeUndefined();
  const [left, right] = by('on the right a skeleton shoots an arrow to the left; on the left, a woman with red hair in plate armor walks on green grass');
  expect(left!.facts).toMatchObject({ sex: 'female', hairColour: 'red', garment: 'plate_armor', action: 'walk', onTheSpot: true });
  expect(right!.facts).toMatchObject({ folk: 'skeleton', action: 'shoot', facing: 'left' });
  expect([left!, right!].map(({ prompt }) => /on (the|green) grass$/.test(prompt))).toEqual([true, true]);
  const passing = expand('a man and a woman walk past each other', { byRegions: true }).regions!;
  expect(passing.relation).toBe('crossing');
  expect(passing.prompts.map(({ prompt }) => factsOf(prompt))).toMatchObject([{ sex: 'male', facing: 'right' }, { sex: 'female', facing: 'left' }]);
  const marked = 'a man with blue hair casts a spell and a woman with red hair walks', at = marked.indexOf('red hair');
  const [first, second] = by(marked, { marks: [{ start: at, end: at + 8, weight: 1.5 }] });
  expect([first!.marks.length, second!.marks.length]).toEqual([0, 1]);
  for (const { prompt } of [left!, right!, ...by('左边一个红发女人向右行走,右边一个穿紫色长袍的男人施法')]) {
    expect([prompt, knows(prompt), readPrompt(prompt)!.characters.length]).toEqual([prompt, true, 1]);
  }
});
