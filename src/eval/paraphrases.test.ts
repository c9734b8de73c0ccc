import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadTokenizer } from '../pipeline/prompt/tokenizer.ts';
import { SPRITES_JUDGE } from '../train/tasks/judge-task.ts';
import { PARAPHRASES, SHORT_PROMPTS } from './paraphrases.ts';

const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../models/sprites-64/', import.meta.url)));

test('a hundred sentences and more, two languages, half of them older than the lexicon', () => {
  const count = (language: string): number => PARAPHRASES.filter((p) => p.language === language).length;
  expect(count('en')).toBeGreaterThanOrEqual(65);
  expect(count('zh')).toBeGreaterThanOrEqual(35);
  expect(PARAPHRASES.filter((p) => p.blind)).toHaveLength(PARAPHRASES.length / 2);
  expect(new Set(PARAPHRASES.map((p) => p.text)).size).toBe(PARAPHRASES.length);
});

test('no grammar makes them: each has a word that no caption holds', () => {
  expect(PARAPHRASES.filter(({ text }) => tokenizer.encode(text).ignored.length === 0)).toEqual([]);
});

test('what they tell is what the judge can read', () => {
  const { action, facing, hair, garment } = SPRITES_JUDGE.classes;
  for (const { text, facts } of [...PARAPHRASES, ...SHORT_PROMPTS]) {
    const told = [[facts.action, action], [facts.facing, facing], [facts.hairColour, hair], [facts.garment, garment]] as const;
    for (const [value, classes] of told) if (value !== undefined) expect(classes, text).toContain(value);
  }
  for (const { text, facts } of PARAPHRASES) expect([text, facts.action !== undefined && facts.garment !== undefined]).toEqual([text, true]);
});
