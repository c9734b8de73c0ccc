import { describe, expect, test } from 'vitest';
import { PARAPHRASES, SHORT_PROMPTS, type Paraphrase } from '../../eval/paraphrases.ts';
import { captionOf } from './captions.ts';
import { drawClip } from './draw.ts';
import type { Facts } from './facts.ts';
import type { SpriteWorld } from './load.ts';
import { readPrompt, type Reading } from './reader.ts';
import type { ClipSpec } from './spec.ts';
import { CANVASES, CAPTION_STYLES } from './vocabulary.ts';

/** A world in which every layer exists; robes and vests are not drawn for thrusting and shooting. */
const covers: SpriteWorld['covers'] = (layers, action) => (action !== 'thrust' && action !== 'shoot') || !layers.some((layer) => layer.includes('no_th-sh'));
const world = { covers } as SpriteWorld;
const factsOf = (text: string): Facts | undefined => readPrompt(text)?.characters[0]?.facts;

/** Told facts that are read as told, and all that are told or read: what is invented counts as wrong. */
function accuracy(list: readonly Paraphrase[]): { share: number; missed: string[] } {
  let right = 0, all = 0;
  const missed: string[] = [];
  for (const { text, facts } of list) {
    const read = factsOf(text) ?? {};
    for (const key of new Set([...Object.keys(facts), ...Object.keys(read)]) as Set<keyof Facts>) {
      all++;
      if (facts[key] === read[key]) right++; else missed.push(`${text} ${key}: ${facts[key]} read as ${read[key]}`);
    }
  }
  return { share: right / all, missed };
}

test.each([['older than the lexicon', PARAPHRASES.filter((p) => p.blind)], ['beside it', PARAPHRASES.filter((p) => !p.blind)], ['of three words', SHORT_PROMPTS]])(
  'of prompts %s, 95 of 100 facts are read', (_, list) => {
    const { share, missed } = accuracy(list);
    expect(share, missed.join('\n')).toBeGreaterThanOrEqual(0.95);
  });

/** What a caption says of its clip must be read, and nothing else. */
function wrong(spec: ClipSpec, reading: Reading | null, tellsAll: boolean): string[] {
  if (!reading) return ['not read'];
  const found: string[] = [...reading.rest, ...reading.dropped];
  if (reading.characters.length !== spec.characters.length || reading.relation !== spec.relation) return [`${reading.characters.length} characters, ${reading.relation}`];
  if (reading.ground && (reading.ground.kind !== spec.ground.kind || (spec.ground.kind !== 'grass' && reading.ground.colours.join() !== spec.ground.colours.join())))
    found.push(`ground ${reading.ground.kind} ${reading.ground.colours.join()}`);
  spec.characters.forEach(({ labels }, i) => {
    const { facts } = reading.characters[i]!;
    for (const [key, value] of Object.entries(facts)) {
      const told = key === 'bald' ? labels.hairStyle === null : key === 'onTheSpot' ? !labels.travels : labels[key as keyof typeof labels];
      if (told !== value && !(key === 'facing' && labels.action === 'fall')) found.push(`${key} ${value} for ${told}`);
    }
    if (!tellsAll) return;
    if (facts.action === undefined || facts.garment === undefined || (facts.facing === undefined && labels.action !== 'fall')) found.push('action, garment or facing not read');
    if (labels.hairColour !== null && facts.hairColour === undefined) found.push('hair not read');
  });
  return found;
}

test('captions of the grammar are read as what they tell, in both languages, one character or two', () => {
  const failures: string[] = [];
  for (let step = 0; step < 160; step++) for (const style of CAPTION_STYLES) {
    const [width, height] = CANVASES[step % CANVASES.length]!, key = { seed: 3, stream: 'reader-test', step };
    const spec = drawClip(world, { key, split: 'train', width, height, frames: [1, 9, 17][step % 3]! });
    const text = captionOf(spec, { key, language: step % 2 === 0 ? 'en' : 'zh', style });
    const found = wrong(spec, readPrompt(text), style === 'sentence' || style === 'detailed');
    if (found.length > 0) failures.push(`${text}: ${found.join('; ')}`);
  }
  expect(failures).toEqual([]);
});

describe('what belongs to whom', () => {
  test.each<[string, Facts]>([
    ['her hair is red and her robe is blue; she walks left', { sex: 'female', hairColour: 'red', garment: 'robe', garmentColour: 'blue', action: 'walk', facing: 'left' }],
    ['a man with a long beard and short hair in a long white robe walks',
      { sex: 'male', beard: true, hairStyle: 'short', garment: 'robe', garmentColour: 'white', action: 'walk' }],
    ['a woman with blue eyes walks', { sex: 'female', action: 'walk' }],
    ['a man stabs with a dagger', { sex: 'male', action: 'slash' }],
    ['a woman swings her spear', { sex: 'female', action: 'thrust' }],
    ['a man with a bow in his right hand walks to the left', { sex: 'male', weapon: 'bow', action: 'walk', facing: 'left' }],
    ['a man walks right towards the camera', { sex: 'male', action: 'walk', facing: 'towards' }],
    ['a knight walks from right to left', { action: 'walk', facing: 'left' }],
    ['a lady knight in a golden helmet falls', { sex: 'female', headgear: 'gold_helmet', action: 'fall' }],
    ['头发是蓝色的女人穿着红色的裙子', { hairColour: 'blue', sex: 'female', garment: 'dress', garmentColour: 'red' }],
    ['a wizard casts a spell at a skeleton', { action: 'spellcast' }],
  ])('%s', (text, facts) => { expect(factsOf(text)).toEqual(facts); });

  test.each([
    ['two knights fight', 2], ['a man and a woman walk to the left', 2], ['两个女人走路', 2], ['The knight, a tall man, walks.', 1], ['a lady archer walks. The woman has red hair.', 1],
    ['An archer on the left shoots while a knight on the right falls', 2],
  ])('%s: %i', (text, count) => { expect(readPrompt(text)!.characters).toHaveLength(count); });

  test('what two do together is told of both', () => {
    expect(readPrompt('a man and a woman walk to the left')!.characters.map(({ facts }) => facts)).toEqual([
      { sex: 'male', action: 'walk', facing: 'left' }, { sex: 'female', action: 'walk', facing: 'left' }]);
    expect(readPrompt('a woman on the right walks, a man on the left falls')!.characters.map(({ facts }) => facts.sex)).toEqual(['male', 'female']);
  });
});

test('what is not there is told apart, and what is not known is left', () => {
  expect(readPrompt('a woman without a helmet and a man who has no beard')).toMatchObject({ lacks: { headgear: 'steel_helmet', beard: true } });
  expect(readPrompt('没有胡子的男人')).toMatchObject({ lacks: { beard: true }, characters: [{ facts: { sex: 'male' } }] });
  expect(readPrompt('a man walks through a dark forest')).toMatchObject({ rest: ['dark forest'] });
  expect(readPrompt('a wizard casts a spell at a skeleton')).toMatchObject({ dropped: ['skeleton'] });
});

test.each(['a red dragon flies over a castle', 'x', '', '?!', 'three knights walk', '一条龙'])('%s is not read', (text) => { expect(readPrompt(text)).toBeNull(); });

test('mistyped words are read where a word is missing', () => {
  const mend = (word: string): string | undefined => (word === 'baerded' ? 'bearded' : undefined);
  expect(readPrompt('a baerded man', { mend })).toMatchObject({ characters: [{ facts: { beard: true } }], mended: { baerded: 'bearded' } });
});
