/** @file Word lists and hooks: what they find, what they leave alone, and what is wrong with them is said at start. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPolicy } from './policy.ts';
import { readWordList, WordList } from './words.ts';

let dir: string;
beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'kinora-policy-')); });
afterAll(async () => { await rm(dir, { recursive: true, force: true }); });
const written = async (name: string, text: string): Promise<string> => { const file = join(dir, name); await writeFile(file, text); return file; };
const asked = (prompt: string, shots: readonly string[] = []) => ({ prompt, shots, model: 'sprites-64' });
const frames = { data: new Uint8Array(3), width: 1, height: 1, count: 1, channels: 3, fps: 8 } as const;

test.each([
  ['whole words in any case', 'A NAKED knight', 'naked'], ['phrases over any spacing', 'a school \n  shooting', 'school shooting'],
  ['punctuation between', 'school-shooting!', 'school shooting'],
  ['accents', 'a nàkéd knight', 'naked'], ['full width', 'ａ ｎａｋｅｄ knight', 'naked'], ['signs that are not seen', 'na\u200Bked', 'naked'], ['hanzi within words', '一个全裸的骑士', '全裸'],
  ['hanzi with spaces between', '色 情', '色情'],
])('the list of ours finds %s', (_, text, word) => { expect(new WordList().find(text)).toBe(word); });

test('words within others and captions of the model are left alone', () => {
  for (const text of ['a bunch of grapes', 'a knight eats therapeutic porridge', 'a man in Essex', '一个骑士向右走', 'a skeleton with a bow shoots at a nakedness-free wall'])
    expect(new WordList().find(text)).toBeUndefined();
});

test('a list of a file holds a phrase a line, remarks aside', async () => {
  const list = await readWordList(await written('words.txt', '# ours\n\nRed Dragon\r\n龙\n'));
  expect([list.find('two red   dragons'), list.find('a RED dragon.'), list.find('一条大龙'), list.find('ours')]).toEqual([undefined, 'Red Dragon', '龙', undefined]);
  await expect(readWordList(join(dir, 'gone.txt'))).rejects.toThrow(/cannot read the policy's words .*gone\.txt: no such file/);
  await expect(readWordList(await written('signs.txt', 'good\n!!\n'))).rejects.toThrow('"!!" holds neither letter nor digit');
});

test('prompt, shots and hook are asked in turn; what must not be seen refuses nothing', async () => {
  const hook = await written('hook.mjs', `export const prompt = ({ prompt }) => (prompt.includes('tax') ? 'no taxes here' : null);
    export async function film({ frames, asked }) { return frames.data[0] === 7 ? 'seven: ' + asked.prompt : undefined; }`);
  const policy = await openPolicy({ hook }), off = await openPolicy({ words: false });
  expect(await policy.prompt(asked('a knight'))).toBeNull();
  expect(await policy.prompt(asked('a knight', ['he walks', 'a nude']))).toBe('the word list holds "nude"');
  expect(await policy.prompt(asked('a knight pays tax'))).toBe('no taxes here');
  expect(await policy.prompt({ ...asked('a knight'), negative: 'nude' })).toBeNull();
  expect(await off.prompt(asked('a nude'))).toBeNull();
  await expect(policy.film({ frames, asked: asked('x') })).resolves.toBeUndefined();
  await expect(policy.film({ frames: { ...frames, data: Uint8Array.of(7, 0, 0) }, asked: asked('x') }))
    .rejects.toMatchObject({ code: 'moderation_blocked', message: expect.stringMatching(/policy: seven: x$/) });
  await expect(off.film({ frames, asked: asked('x') })).resolves.toBeUndefined();
});

test('a hook that is none is refused at start', async () => {
  await expect(openPolicy({ hook: join(dir, 'gone.mjs') })).rejects.toThrow(/cannot load the policy's hook .*gone\.mjs/);
  await expect(openPolicy({ hook: await written('empty.mjs', 'export const other = 1;') })).rejects.toThrow('exports neither prompt nor film: wanted one function or both');
  await expect(openPolicy({ hook: await written('odd.mjs', 'export const film = 3;') })).rejects.toThrow('exports film that is no function');
});
