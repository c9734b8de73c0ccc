import { expect, test } from 'vitest';
import { place, readBody } from './body.ts';

const placed = (...parts: readonly (readonly [string, string])[]): unknown => {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of parts) place(fields, name, value);
  return fields;
};

test('names of form parts become objects and lists, as the openai packages write them', () => {
  expect(placed(['prompt', 'x'], ['video[id]', 'v'], ['input_reference[image_url]', 'u'])).toEqual({ prompt: 'x', video: { id: 'v' }, input_reference: { image_url: 'u' } });
  expect(placed(['characters[][id]', 'a'], ['characters[][id]', 'b'])).toEqual({ characters: [{ id: 'a' }, { id: 'b' }] });
  expect(placed(['storyboard[][at]', '0'], ['storyboard[][prompt]', 'p'], ['storyboard[][at]', '1.5'], ['storyboard[][prompt]', '2']))
    .toEqual({ storyboard: [{ at: 0, prompt: 'p' }, { at: 1.5, prompt: '2' }] });
  expect(placed(['seed', '7'], ['loop', 'true'], ['prompt', '12'], ['storyboard', '[{"at":0}]'])).toEqual({ seed: 7, loop: true, prompt: '12', storyboard: [{ at: 0 }] });
});

test.each([['a[b', '1'], ['__proto__[x]', '1'], ['a[constructor]', '1'], ['a[b][c][d][e]', '1'], ['', '1'], ['storyboard', '[{']])('a part named %s is refused', (name, value) => {
  expect(() => placed([name, value])).toThrow(/^the form has a part named|is not JSON$/);
});
test('a name twice is refused, and a value that is an object too', () => {
  expect(() => placed(['a', '1'], ['a', '2'])).toThrow('two parts named "a"');
  expect(() => placed(['a', '1'], ['a[b]', '2'])).toThrow('a as a value and as an object');
});

test('the hash is that of the parts: another boundary or order is the same body, another byte is not', async () => {
  const form = (parts: readonly (readonly [string, string | Blob])[]): Request => {
    const body = new FormData();
    for (const [name, value] of parts) body.append(name, value);
    return new Request('http://x', { method: 'POST', body });
  };
  const file = new Blob(['bytes']), hash = async (...parts: readonly (readonly [string, string | Blob])[]): Promise<string> => (await readBody(form(parts))).hash;
  const one = await hash(['prompt', 'x'], ['seconds', '4'], ['video', file]);
  expect(await hash(['seconds', '4'], ['video', file], ['prompt', 'x'])).toBe(one);
  expect(await hash(['prompt', 'x'], ['seconds', '4'], ['video', new Blob(['byteS'])])).not.toBe(one);
  const json = (body: unknown): Promise<{ hash: string }> =>
    readBody(new Request('http://x', { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }));
  expect((await json({ seconds: 4, prompt: 'x' })).hash).toBe((await json({ prompt: 'x', seconds: '4', size: null })).hash);
});
