import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { captionOf, CANVASES, drawClip, FACINGS, loadSpriteWorld, noisyCaption, type SpriteWorld } from '../../data/sprites/world.ts';
import { writeFixture } from '../../data/sprites/testing-fixture.ts';
import { loadTokenizer } from '../../pipeline/prompt/tokenizer.ts';
import { SPECIAL_TOKENS } from './tokenizer.ts';

const DIR = fileURLToPath(new URL('../../../models/sprites-64/', import.meta.url));
const tokenizer = await loadTokenizer(DIR);
const words = JSON.parse(await readFile(`${DIR}words.json`, 'utf8')) as { english: string[]; hanzi: string[] };
const folder = await mkdtemp(path.join(tmpdir(), 'kinora-tokenizer-'));
await writeFixture(folder);
const world: SpriteWorld = await loadSpriteWorld(folder);

const captions = (count: number): string[] => Array.from({ length: count }, (_, step) => {
  const [width, height] = CANVASES[step % CANVASES.length]!;
  const key = { seed: 91, stream: 'tokenizer-test', step };
  return captionOf(drawClip(world, { key, split: 'train', width, height, frames: [1, 9, 17][step % 3]! }), { key, language: step % 2 === 0 ? 'en' : 'zh' });
});
const plain = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll(/\s/g, '');
const tokensOf = (text: string): number[] => { const { ids, present } = tokenizer.encode(text); return [...ids].filter((_, i) => present[i] === 1).slice(1, -1); };

describe('encoding', () => {
  test('bos, tokens, eos, padding; an empty caption is bos, eos', () => {
    expect([tokenizer.length % 16, tokenizer.length]).toEqual([0, 96]);
    const { ids, present, ignored, truncated } = tokenizer.encode('A woman walks');
    expect([ids.length, present.length, ids[0], ids[4], ids[5]]).toEqual([96, 96, SPECIAL_TOKENS.bos, SPECIAL_TOKENS.eos, SPECIAL_TOKENS.pad]);
    expect([...present].map((p, i) => p === Number(i < 5))).not.toContain(false);
    expect([ignored, truncated]).toEqual([[], false]);
    for (const empty of ['', '  \n']) expect([...tokenizer.encode(empty).ids.subarray(0, 3)]).toEqual([1, 2, 0]);
    expect(tokensOf('a woman')).toEqual(tokensOf('  A   WOMAN\n'));
  });

  test('decoding gives the caption back, spaces and capitals aside; twice encoded is equal', () => {
    for (const text of [...captions(200), 'a WOMAN — (walks) … ｌｅｆｔ!']) {
      const { ids, truncated } = tokenizer.encode(text);
      if (!truncated) expect(tokenizer.decode(ids)).toBe(plain(text));
      expect(tokenizer.encode(text)).toEqual(tokenizer.encode(text));
    }
  });

  test('every known word is one token, and an unknown word is none', () => {
    const own = new Map([...words.english, ...words.hanzi].map((word) => [word, tokensOf(word)]));
    for (const [word, tokens] of own) expect([word, tokens.length, tokens.every((id) => id > 2 && id < tokenizer.vocabulary)]).toEqual([word, 1, true]);
    const known = new Set([...own].filter(([word]) => word.length > 1).map(([, [id]]) => id));
    for (const word of ['redwood', 'dragon', 'inner', 'bluegreen', 'walker', 'greenish', '鱻', 'masterpiece', 'womanly'])
      expect([word, tokensOf(word), known.size > 100]).toEqual([word, [], true]);
  });

  test('names of special tokens are text like any other', () => {
    expect(tokensOf('<bos> <pad> <eos>').filter((id) => id <= 2)).toEqual([]);
  });

  test('what does not fit is cut, and said so', async () => {
    const { ids, present, truncated } = tokenizer.encode('red '.repeat(200));
    expect([truncated, ids[95], present[95]]).toEqual([true, SPECIAL_TOKENS.eos, 1]);
    const short = (await loadTokenizer(DIR, { length: 16 })).encode('a '.repeat(14));
    expect([short.truncated, short.ids[15]]).toEqual([false, SPECIAL_TOKENS.eos]);
    const fits = captions(1000).filter((text) => !tokenizer.encode(text).truncated).length;
    expect(fits).toBeGreaterThanOrEqual(995);
  });
});

describe('ignored words', () => {
  test('no caption holds one', () => {
    for (const text of captions(600)) expect(tokenizer.encode(text).ignored, text).toEqual([]);
    for (const facing of FACINGS.filter((f) => f !== 'towards')) expect(tokenizer.encode(facing).ignored).toEqual([]);
  });

  test.each([
    ['a dragon walks', ['dragon']], ['A DRAGON, a Dragon and a robot!', ['dragon', 'robot']], ['a woman\'s red hair, a man’s shirt', []],
    ['3 women at 2.5x', ['3', 'women', '2.5', 'x']], ['a red kilt at night', ['kilt', 'night']],
    ['一只饕餮向左走', ['一只饕餮']], ['女人在月亮上走,看着火车', ['月亮', '看着火车']], ['a 女人 in plate armor 🐉', ['🐉']], ['', []], ['?!…', []], ['ｐｌａｔｅ armor', []],
  ])('%s → %j', (text, ignored) => { expect(tokenizer.encode(text).ignored).toEqual(ignored); });

  test('noise is reported, and changes nothing: the tokens are those of the caption without it', () => {
    const texts = captions(300), noisy = texts.map((text, step) => noisyCaption(text, { seed: 4, stream: 'noise', step }));
    const told = noisy.map((text) => tokenizer.encode(text)).map(({ ignored, mended }) => ignored.length + Object.keys(mended).length);
    expect(told.filter((n) => n === 0).length).toBeLessThan(5);      // a typo may make another known word
    const changed = texts.filter((text, i) => tokensOf(text).join() !== tokensOf(noisy[i]!).join());
    expect(changed.length).toBeLessThan(20);                         // a mistyped short word is lost; an unknown word of hanzi may hold a known one (钢琴: 钢)
    const stray = texts.filter((text) => !tokensOf(`${text} teapot galaxy 神秘`).slice(0, tokensOf(text).length).every((id, i) => id === tokensOf(text)[i]));
    expect(stray).toEqual([]);
  });

  test.each([
    ['a womna', { }, ['womna']], ['plate armro', {}, ['armro']], ['wearnig a shirt', { wearnig: 'wearing' }, []],
    ['a baerded man', { baerded: 'bearded' }, []], ['chainmial', { chainmial: 'chainmail' }, []],
    ['a banana helemt', { helemt: 'helmet' }, ['banana']], ['a hekmet', { hekmet: 'helmet' }, []], ['a hemet', { hemet: 'helmet' }, []],
    ['a hellmet', {}, ['hellmet']], ['a backgroundd', { backgroundd: 'background' }, []], ['xollapses', {}, ['xollapses']],
  ])('%s is read as meant: %j', (text, mended, ignored) => {
    const read = tokenizer.encode(text);
    expect<unknown>([read.mended, read.ignored]).toEqual([mended, ignored]);
    const meant = (word: string): string =>
      (mended as Record<string, string>)[word] ?? ((ignored as readonly string[]).includes(word) ? '' : word);
    expect([...read.ids]).toEqual([...tokenizer.encode(text.split(' ').map(meant).join(' ')).ids]);
  });
});

describe('weights', () => {
  test('stand at the tokens of their words and nowhere else', () => {
    const { ids, present, weights } = tokenizer.encode('a woman with (red hair:1.5) walks (left:0)'), plain = tokenizer.encode('a woman with red hair walks left');
    expect([...ids]).toEqual([...plain.ids]);
    expect([...present]).toEqual([...plain.present]);
    expect([...weights.subarray(0, 11)]).toEqual([1, 1, 1, 1, 1.5, 1.5, 1, 0, 1, 0, 0]);
    expect([...plain.weights]).toEqual([...plain.present]);
  });

  test('a weight of 1 changes nothing, even inside of a word', () => {
    for (const [weighted, plain] of [['(红:1)色头发', '红色头发'], ['a (woman:1) walks', 'a woman walks'], ['a (dragon:1)', 'a dragon']] as const)
      expect(tokenizer.encode(weighted)).toEqual(tokenizer.encode(plain));
  });
});
