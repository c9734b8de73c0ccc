/**
 * @file Parsers of command-line values: text in, a value or an InputError out. Pure. Each message names the flag, the value
 * and what is allowed, with the nearest allowed value where there is one. What only a model can know comes in as an argument.
 */
import { InputError, oneOf } from '../core/errors.ts';
import { FILE_FORMATS, filmFormat } from '../media/film-format.ts';

/** Turns the text of one flag into its value; throws an InputError that starts with the flag. */
export type Parser<T> = (text: string) => T;

/** Options of {@link integer} and {@link decimal}. */
export interface RangeOptions {
  readonly min: number;
  readonly max?: number;
  /** Whether `min` itself is not allowed. */
  readonly open?: boolean;
}

function rangeText({ min, max, open }: RangeOptions): string {
  if (open) return max === undefined ? `> ${min}` : `> ${min}, at most ${max}`;
  return max === undefined ? `≥ ${min}` : `from ${min} to ${max}`;
}

/** A whole number, in decimal digits: `16`, not `16.0`, `1e3` or `0x10`. */
export function integer(flag: string, range: RangeOptions): Parser<number> {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < range.min || value > (range.max ?? Infinity)) {
      throw new InputError(`${flag} "${text}" is not possible: wanted a whole number ${rangeText(range)}`);
    }
    return value;
  };
}

/** A finite number: `4`, `7.5`, `1e-3`. */
export function decimal(flag: string, range: RangeOptions): Parser<number> {
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value) || value < range.min || (range.open && value === range.min) || value > (range.max ?? Infinity)) {
      throw new InputError(`${flag} "${text}" is not possible: wanted a number ${rangeText(range)}`);
    }
    return value;
  };
}

/** Text that holds more than white space; `what` is told to the user when it does not. */
export function nonEmpty(flag: string, what: string): Parser<string> {
  return (text) => {
    if (text.trim() === '') throw new InputError(`${flag} is empty: ${what}`);
    return text.trim();
  };
}

/** A path that is not empty. */
export const file = (flag: string): Parser<string> => nonEmpty(flag, 'wanted a file');

/** One of a closed set of names. */
export function choice<const T extends readonly string[]>(flag: string, allowed: T): Parser<T[number]> {
  return (text) => oneOf(flag, text, allowed);
}

/** A size in pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** `WxH` in pixels, as in `96x64`. Which sizes there are, the model says. */
export function size(flag: string): Parser<PixelSize> {
  return (text) => {
    const match = /^(\d{1,6})[x×X](\d{1,6})$/.exec(text.trim());
    if (match === null) throw new InputError(`${flag} "${text}" is not a size: wanted WIDTHxHEIGHT in pixels, as in 96x64`);
    return { width: Number(match[1]), height: Number(match[2]) };
  };
}

/** A number of colours, 2 to 256; `none` or 0 is 0. */
export function colours(flag: string): Parser<number> {
  return (text) => {
    if (/^(none|0)$/.test(text.trim())) return 0;
    try { return integer(flag, { min: 2, max: 256 })(text); } catch (error) { throw new InputError(`${(error as Error).message}, or none`, { cause: error }); }
  };
}

/** An image given to the model, and the frame of the film that it is. */
export interface ImageAt {
  readonly file: string;
  /** Index from 0; `last` is the film's last frame, whatever its length. */
  readonly frame: number | 'last';
}

/** `FILE[@FRAME]`: `hero.png` is frame 0, `hero.png@16` frame 16, `hero.png@last` the last. An @ inside a folder or file name is kept. */
export function imageAt(flag: string): Parser<ImageAt> {
  return (text) => {
    const at = text.lastIndexOf('@');
    const suffix = at < 0 ? '' : text.slice(at + 1);
    const isName = at < 0 || (/[./\\]/.test(suffix) && !/^[+-]?[\d.]+$/.test(suffix));     // me@home.png, a@b/c.png
    const file = isName ? text : text.slice(0, at);
    if (file.trim() === '') throw new InputError(`${flag} "${text}" names no file: wanted FILE or FILE@FRAME, as in hero.png@16`);
    if (isName) return { file, frame: 0 };
    if (suffix === 'last') return { file, frame: 'last' };
    if (!/^\d+$/.test(suffix)) throw new InputError(`${flag} "${text}": frame "${suffix}" is not possible: wanted a whole number ≥ 0, or last`);
    return { file, frame: Number(suffix) };
  };
}

/** An adaptation and how much of it. */
export interface LoraAt { readonly file: string; readonly strength: number }

/** `style.safetensors`, or `style.safetensors:0.8`. */
export function loraAt(flag: string): Parser<LoraAt> {
  return (text) => {
    const [, name, said] = /^(.+?)(?::([-+]?[\d.]+))?$/.exec(text) ?? [], strength = said === undefined ? 1 : Number(said);
    if (!name || !Number.isFinite(strength)) throw new InputError(`${flag} "${text}" is not possible: wanted a file and how much of it, as in style.safetensors:0.8`);
    return { file: name, strength };
  };
}

/** Gathers a flag that may be given more than once, for commander. */
export function repeated<T>(parse: Parser<T>): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

/** `FILE` that a film can be written to: its extension is one of the formats', or it has none and is a folder of PNGs. */
export function output(flag: string): Parser<string> {
  return (text) => {
    const file = nonEmpty(flag, `wanted a file ending in ${FILE_FORMATS.map((name) => `.${name}`).join(', ')}, or a folder`)(text);
    try { filmFormat(file); } catch (error) { throw new InputError(`${flag} ${(error as Error).message}`, { cause: error }); }
    return file;
  };
}
