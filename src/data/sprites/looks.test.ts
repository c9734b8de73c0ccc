import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describePrompt } from './expand.ts';
import { factsOfLooks, LOOKS, LOOK_NAMES, looksIn } from './looks.ts';
import { writeFixture } from './testing-fixture.ts';
import { drawClip, loadSpriteWorld, readPrompt, type SpriteWorld } from './world.ts';

let dir: string, world: SpriteWorld;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'kinora-looks-'));
  await writeFixture(dir);
  world = await loadSpriteWorld(dir);
}, 60_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

test('what is to be seen of a clip is in the closed sets; of two characters only that they are two', () => {
  const seen = Array.from({ length: 60 }, (_, step) => drawClip(world, { key: { seed: 3, stream: 'looks', step }, split: 'train', width: 128, height: 64, frames: 5 }));
  expect(new Set(seen.map((spec) => spec.characters.length))).toEqual(new Set([1, 2]));
  for (const spec of seen) {
    const truth = looksIn(spec);
    expect(Object.keys(truth)).toEqual(spec.characters.length === 2 ? ['people'] : LOOK_NAMES);
    for (const [name, value] of Object.entries(truth)) expect(LOOKS[name as keyof typeof LOOKS], name).toContain(value);
  }
});

describe('facts of what was seen', () => {
  const man = { people: 'one', folk: 'human', sex: 'male', skin: 'light', beard: 'none', headgear: 'none' };
  test.each([
    [{ ...man, hairColour: 'red', hairStyle: 'long', garment: 'robe', garmentColour: 'brown', legs: 'none', legsColour: 'none' },
      { sex: 'male', hairColour: 'red', hairStyle: 'long', garment: 'robe', garmentColour: 'brown' }],
    [{ ...man, hairColour: 'none', hairStyle: 'none', garment: 'vest' }, { sex: 'male', bald: true, garment: 'vest' }],
    [{ ...man, headgear: 'steel_helmet', hairColour: 'none', garment: 'plate_armor' }, { sex: 'male', headgear: 'steel_helmet', garment: 'plate_armor' }],
    [{ ...man, folk: 'skeleton', hairColour: 'none', garmentColour: 'red' }, { folk: 'skeleton' }],
    [{ people: 'one', folk: 'human', hairStyle: 'long' }, null],
    [{ people: 'two', hairColour: 'red' }, null],
    [{ hairColour: 'red' }, null],
  ])('%j', (seen, facts) => { expect(factsOfLooks(seen)).toEqual(facts); });
});

describe('a prompt is told the looks', () => {
  const looks = { sex: 'female', hairColour: 'red', hairStyle: 'long', garment: 'plate_armor', garmentColour: 'steel' } as const;
  const tell = (prompt: string, seen: Parameters<typeof describePrompt>[0]['looks'] = looks) =>
    describePrompt({ prompt, marks: [], looks: seen, knows: (text) => !/dragon/.test(text), mend: () => undefined });
  test.each(['falls to the ground', 'a figure walks to the left', '走向左边', 'she casts a spell facing the viewer'])('%s', (prompt) => {
    const facts = readPrompt(tell(prompt)!.prompt)!.characters[0]!.facts, own = readPrompt(prompt)!.characters[0]!.facts;
    expect(facts).toMatchObject({ ...own, hairColour: 'red', garment: 'plate_armor' });
  });
  test('only where it leaves them out, and does not speak against them', () => {
    expect(tell('a woman with long red hair in plate armor walks to the left')).toBeNull();
    expect(tell('a woman with black hair walks to the left')).toBeNull();
    expect(tell('an orc walks to the left')).toBeNull();
    expect(tell('on the left a man walks; on the right a woman walks')).toBeNull();
    expect(tell('the sea at night')).toBeNull();
    expect(tell('she walks to the left, without hair')?.prompt ?? '').not.toMatch(/red/);
  });
  test('unknown words are reported, marks move along', () => {
    expect(tell('walks to the left with a dragon')).toMatchObject({ ignored: ['dragon'] });
    const prompt = 'walks to the left', made = describePrompt({ prompt, marks: [{ start: 9, end: 17, weight: 1.5 }], looks, knows: () => true, mend: () => undefined })!;
    expect(made.marks).toEqual([{ start: made.prompt.indexOf('to the left'), end: made.prompt.indexOf('to the left') + 11, weight: 1.5 }]);
  });
});
