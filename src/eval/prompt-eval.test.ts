import { expect, test } from 'vitest';
import { promptReportLines } from '../cli/commands/eval-prompts.ts';
import { parseWeights } from '../models/text/weights.ts';
import { captionOfFacts, readPrompt } from '../data/sprites/world.ts';
import type { Frames } from '../media/frames.ts';
import { ATTRIBUTES } from '../models/judge/config.ts';
import { PARAPHRASES, SHORT_PROMPTS } from './paraphrases.ts';
import { evalPrompts, type MakeFilm, type PromptPart } from './prompt-eval.ts';

const captions = new Set(PARAPHRASES.map(({ facts, language }) => captionOfFacts(facts, language)));

/** Films that are numbers, made by a model that knows the reader's words only when they are expanded, and a judge that sees what was drawn. */
function playing() {
  const drawn: { action: string; facing: string; hair: string; garment: string }[] = [];
  const make: MakeFilm = (prompt, { expand, negative = '' }) => {
    const { text, parts } = parseWeights(prompt), facts = readPrompt(text)?.characters[0]?.facts ?? {};
    const shows = expand || captions.has(text), other = /black|黑/.test(negative) ? 'red' : 'black';
    drawn.push({
      action: shows ? facts.action ?? 'walk' : 'still', facing: facts.facing ?? 'away', hair: facts.bald ? 'none' : facts.hairColour ?? other,
      garment: parts.some(({ weight }) => weight === 0) ? 'none' : facts.garment ?? 'robe',
    });
    return Promise.resolve({ count: drawn.length - 1 } as Frames);
  };
  return { make, judge: { read: (films: readonly Frames[]) => Promise.resolve(films.map(({ count }) => drawn[count]!)) } };
}

test('each part has its films; shares, differences and groups add up', async () => {
  const totals: Partial<Record<PromptPart, number>> = {};
  const report = await evalPrompts({
    model: 'm', ...playing(), weighted: 10, environment: { config: {}, threads: 1, now: new Date(0) }, onFilm: (part, _, total) => { totals[part] = total; },
  });
  const all = PARAPHRASES.length;
  expect(totals).toMatchObject({ plain: all, paraphrased: all, paraphrased_as_it_is: all, weight_0: 10, weight_high: 10 });
  expect([totals.short, totals.short_as_it_is]).toEqual([SHORT_PROMPTS.length, SHORT_PROMPTS.length]);
  for (const a of ATTRIBUTES) expect([a, report.plain[a].share! >= 0.95]).toEqual([a, true]);
  expect(report.plain.action.count).toBe(PARAPHRASES.length);
  expect(report.plain.facing.count).toBe(PARAPHRASES.filter(({ facts }) => facts.facing && facts.action !== 'fall').length);
  expect(report.cost_of_paraphrase.action).toBeCloseTo(100 * (report.paraphrased.action.share! - report.plain.action.share!));
  expect(report.gain_on_paraphrases.action).toBeGreaterThan(50);
  expect(report.groups['blind']!.plain.action.count + report.groups['open']!.plain.action.count).toBe(PARAPHRASES.length);
  expect(report.negative).toMatchObject({ share: 1, count: totals.negative });
  expect([report.weights[0].share, report.weights[1].share! > 0.9, report.weights['1.6'].share]).toEqual([0, true, report.weights[1].share]);
  const lines = promptReportLines(report).join('\n');
  expect(lines).toMatch(/plain captions +100\.0 %/);
  expect(lines).not.toMatch(/undefined|NaN/);
});

test('a few of each, from the whole of the lists', async () => {
  const made: string[] = [], { make, judge } = playing();
  const report = await evalPrompts({
    model: 'm', judge, prompts: 4, weighted: 2, environment: { config: {}, threads: 1, now: new Date(0) }, make: (prompt, o) => { made.push(prompt); return make(prompt, o); },
  });
  expect(report.plain.action.count).toBe(4);
  expect(made).toContain(PARAPHRASES[0]!.text);
  expect(made).toContain(PARAPHRASES[PARAPHRASES.length * 3 / 4]!.text);
});
