/**
 * @file Which sizes a model makes: sides are multiples of a step, and a latent frame's tokens a multiple of 16; what is refused comes with the nearest sizes that are not.
 */
import { InputError } from '../../core/errors.ts';
import { SPACE_FACTOR } from '../../models/vae/config.ts';
import type { ModelInfo } from '../model/model-info.ts';

/** Tokens of a latent frame are a multiple of this (see runLength of the pack layout). */
const TOKEN_MULTIPLE = 16;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The sizes that a model makes: sides are multiples of `step`, and a latent frame's tokens a multiple of 16. */
export interface SizeRule {
  /** Pixels. */
  readonly step: number;
  /** Pixels of one token's side. */
  readonly token: number;
  readonly min: number;
  readonly max: number;
}

/** The rule of a model. */
export function sizeRule({ dit, limits }: Pick<SizedModel, 'dit' | 'limits'>): SizeRule {
  const token = SPACE_FACTOR * dit.config.patch, step = token * limits.multiple / gcd(token, limits.multiple);
  return { step, token, min: Math.ceil(limits.minSide / step) * step, max: Math.floor(limits.maxSide / step) * step };
}

const fits = ({ step, token, min, max }: SizeRule, width: number, height: number): boolean =>
  [width, height].every((n) => Number.isInteger(n) && n >= min && n <= max && n % step === 0) && (width / token) * (height / token) % TOKEN_MULTIPLE === 0;

/** All allowed sizes. */
export function allowedSizes(rule: SizeRule): (readonly [width: number, height: number])[] {
  const sides = Array.from({ length: (rule.max - rule.min) / rule.step + 1 }, (_, i) => rule.min + i * rule.step);
  return sides.flatMap((w) => sides.filter((h) => fits(rule, w, h)).map((h) => [w, h] as const));
}

/** The allowed sizes nearest to one that is not. */
export function nearestSizes(rule: SizeRule, width: number, height: number, count = 2): (readonly [width: number, height: number])[] {
  const distance = ([w, h]: readonly [number, number]): number => Math.abs(w - width) + Math.abs(h - height);
  return allowedSizes(rule).sort((a, b) => distance(a) - distance(b)).slice(0, count);
}

/** Throws an InputError with the nearest sizes unless the rule takes this one. */
export function checkSize(rule: SizeRule, width: number, height: number): void {
  if (fits(rule, width, height)) return;
  const { step, token, min, max } = rule;
  const product = (step / token) ** 2 % TOKEN_MULTIPLE === 0 ? '' : `, their product a multiple of ${TOKEN_MULTIPLE * token ** 2}`;
  const nearest = nearestSizes(rule, width, height).map((size) => size.join('x')).join(', ');
  throw new InputError(`size ${width}x${height} is not possible: width and height are multiples of ${step} from ${min} to ${max}${product}; nearest: ${nearest}`);
}

/** What of a model decides its sizes. */
export type SizedModel = { readonly dit: { readonly config: Pick<ModelInfo['dit']['config'], 'patch'> } } & Pick<ModelInfo, 'limits' | 'native'>;

/** The size in which a model makes a film of this shape: of the sizes nearest to the shape the one nearest to the model's own area. */
export function sizeOfShape(film: { readonly width: number; readonly height: number }, info: SizedModel): { readonly width: number; readonly height: number } {
  const shape = Math.log(film.width / film.height), area = Math.log(info.native.width * info.native.height);
  const cost = ([w, h]: readonly [number, number]): number => 100 * Math.abs(Math.log(w / h) - shape) + Math.abs(Math.log(w * h) - area);
  const [width, height] = allowedSizes(sizeRule(info)).sort((a, b) => cost(a) - cost(b))[0]!;
  return { width, height };
}
