import { describe, expect, test } from 'vitest';
import { InputError } from '../core/errors.ts';
import { choice, colours, decimal, imageAt, integer, loraAt, nonEmpty, output, repeated, size } from './options.ts';

/** The message of the InputError that `run` throws. */
function refusal(run: () => unknown): string {
  try { run(); } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  throw new Error('nothing was thrown');
}

describe('numbers', () => {
  const frames = integer('--frames', { min: 1 });
  const guidance = decimal('--guidance', { min: 1, max: 30 });

  test('whole numbers', () => {
    expect(frames('17')).toBe(17);
    for (const bad of ['-3', '0', '1.5', '1e3', '0x10', '', 'ten', '9007199254740993']) {
      expect(refusal(() => frames(bad))).toBe(`--frames "${bad}" is not possible: wanted a whole number ≥ 1`);
    }
  });

  test('decimals', () => {
    expect(guidance('7.5')).toBe(7.5);
    expect(guidance('4')).toBe(4);
    expect(guidance('1.5e1')).toBe(15);
    for (const bad of ['0.5', '31', 'NaN', 'Infinity', '1,5', '']) {
      expect(refusal(() => guidance(bad))).toBe(`--guidance "${bad}" is not possible: wanted a number from 1 to 30`);
    }
  });

  test('a least value that is not allowed itself', () => {
    const above = decimal('--extend', { min: 0, open: true });
    expect(above('1e-3')).toBe(0.001);
    for (const bad of ['0', '-1', '1e999']) expect(refusal(() => above(bad))).toBe(`--extend "${bad}" is not possible: wanted a number > 0`);
    expect(refusal(() => decimal('--x', { min: 0, max: 1, open: true })('0'))).toBe('--x "0" is not possible: wanted a number > 0, at most 1');
  });
});

describe('size', () => {
  const parse = size('--size');

  test('takes pixels', () => {
    expect(parse('128x64')).toEqual({ width: 128, height: 64 });
    expect(parse('64×96')).toEqual({ width: 64, height: 96 });
  });

  test.each(['64', '64x', 'x64', '64x64x64', '-64x64', '64.0x64', ''])('%j is not a size', (bad) => {
    expect(refusal(() => parse(bad))).toContain(`--size "${bad}" is not a size`);
  });
});

test('colours, or none', () => {
  const parse = colours('--palette');
  expect(['32', '0', 'none'].map(parse)).toEqual([32, 0, 0]);
  for (const bad of ['1', '257', 'all']) expect(refusal(() => parse(bad))).toBe(`--palette "${bad}" is not possible: wanted a whole number from 2 to 256, or none`);
});

describe('images', () => {
  const parse = imageAt('--image');

  test.each([
    ['hero.png', { file: 'hero.png', frame: 0 }],
    ['hero.png@16', { file: 'hero.png', frame: 16 }],
    ['hero.png@last', { file: 'hero.png', frame: 'last' }],
    ['me@home.png', { file: 'me@home.png', frame: 0 }],
    ['a@b/c.png', { file: 'a@b/c.png', frame: 0 }],
    ['me@home.png@3', { file: 'me@home.png', frame: 3 }],
  ])('%s', (text, expected) => { expect(parse(text)).toEqual(expected); });

  test.each([['hero.png@-1', '-1'], ['hero.png@x', 'x'], ['hero.png@', ''], ['hero.png@1.5', '1.5']])('%s is refused', (bad, frame) => {
    expect(refusal(() => parse(bad))).toBe(`--image "${bad}": frame "${frame}" is not possible: wanted a whole number ≥ 0, or last`);
  });

  test('no file is refused', () => { expect(refusal(() => parse('@3'))).toContain('names no file'); });

  test('the flag may come more than once', () => {
    const add = repeated(parse);
    expect(add('b.png@8', add('a.png', undefined))).toEqual([{ file: 'a.png', frame: 0 }, { file: 'b.png', frame: 8 }]);
  });
});

test('an unknown name lists the members', () => {
  expect(choice('--sampler', ['euler', 'heun'])('heun')).toBe('heun');
  expect(refusal(() => choice('--sampler', ['euler', 'heun'])('ddim'))).toBe('--sampler "ddim" is not known; allowed: euler, heun');
});

test('an empty prompt is refused', () => {
  expect(nonEmpty('prompt', 'say what')(' a knight ')).toBe('a knight');
  expect(refusal(() => nonEmpty('prompt', 'say what')(' \n'))).toBe('prompt is empty: say what');
});

test('an output is a file of a known extension, or a folder', () => {
  const parse = output('--output');
  for (const file of ['a.mp4', 'b/c.GIF', 'x.y.png', 'frames', 'frames/', 'v1.2/frames', '../.hidden']) expect(parse(file)).toBe(file);
  expect(refusal(() => parse('film.avi'))).toBe('--output "film.avi": extension ".avi" is not known; '
    + 'allowed: .mp4, .webm, .mov, .mkv, .gif, .webp, .apng, .png, or none for a folder of PNGs');
  expect(refusal(() => parse(' '))).toContain('--output is empty');
});

test('an adaptation and how much of it', () => {
  const parse = loraAt('--lora');
  expect(parse('a.safetensors')).toEqual({ file: 'a.safetensors', strength: 1 });
  expect(parse('C:\\b:2.safetensors:0.8')).toEqual({ file: 'C:\\b:2.safetensors', strength: 0.8 });
  expect(parse('a.safetensors:-0.5')).toEqual({ file: 'a.safetensors', strength: -0.5 });
  expect(() => parse('a.safetensors:1.2.3')).toThrow('as in style.safetensors:0.8');
});
