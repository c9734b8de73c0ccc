/**
 * @file Values by a JSON Schema, and values that are just wrong: what a contract is fuzzed with. It knows the keywords that the OpenAPI document has.
 */
import type { Draws } from '../../src/core/random.ts';

/** A JSON Schema, as far as it is read here. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
  readonly contentMediaType?: string;
}

/** Strings that have broken something somewhere: control characters, halves of surrogate pairs, names of JavaScript, paths, quotes, other scripts, very long ones. */
const STRANGE: readonly string[] = [
  '', ' ', '\u0000', 'a\u0000b', '\ud800', '\udfff a', '\u202e', '\ufeff', 'ﷺ'.repeat(40), '__proto__', 'constructor', 'toString', '../../etc/passwd', '..\\..\\x', '/dev/stdin',
  "'; drop table videos; --", '" or ""="', '${jndi:ldap://x}', '{{7*7}}', '%00', '%2e%2e%2f', '\r\nset-cookie: a=b', '骑士向右走', '👩‍🚒', 'null', 'undefined', 'NaN', '-0', '1e999',
  '0x10', 'true', '[]', '{}', 'a'.repeat(5000),
];

/** Numbers at which something changes. */
const NUMBERS: readonly number[] = [0, -0, 1, -1, 0.5, 2, 63, 64, 100, 255, 1e3, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e21, 1e308, -1e308, 5e-324];

/** A value of any kind, to some depth. */
export function anyValue(d: Draws, depth = 2): unknown {
  const kind = d.int(depth > 0 ? 7 : 5);
  switch (kind) {
    case 0: return null;
    case 1: return d.chance(0.5);
    case 2: return d.pick(NUMBERS);
    case 3: case 4: return d.pick(STRANGE);
    case 5: return Array.from({ length: d.int(4) }, () => anyValue(d, depth - 1));
    default: return Object.fromEntries(Array.from({ length: d.int(4) }, () => [d.pick(STRANGE), anyValue(d, depth - 1)]));
  }
}

/** What a pattern of the contract lets through; patterns are few, and each has its words here. */
const MATCHING: readonly (readonly [part: string, values: readonly string[]])[] = [
  ['x[1-9]', ['1280x720', '64x64', '1x1', '99999x99999', '720x1280', '128x64']],
  ['\\d{1,4}', ['1', '2', '4', '8', '0', '0.001', '9999', '9999.999', '20']],
];

/** A value that the schema allows, mostly: of what it says nothing about, it may be wrong. `resolve` finds what `$ref` means. */
export function valueOf(schema: JsonSchema, d: Draws, resolve: (ref: string) => JsonSchema): unknown {
  if (schema.$ref !== undefined) return valueOf(resolve(schema.$ref), d, resolve);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return d.pick(schema.enum);
  if (schema.anyOf) return valueOf(d.pick(schema.anyOf), d, resolve);
  if (schema.examples && d.chance(0.4)) return d.pick(schema.examples);
  switch (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) {
    case 'string': {
      const known = MATCHING.find(([part]) => schema.pattern?.includes(part));
      if (known) return d.pick(known[1]);
      const text = d.chance(0.6) ? d.pick(['a knight walks to the right', '骑士向左走', 'x', 'a woman with red hair casts a spell']) : d.pick(STRANGE);
      return text.padEnd(schema.minLength ?? 0, 'x').slice(0, schema.maxLength);
    }
    case 'integer': case 'number': {
      const low = schema.minimum ?? -1e6, high = Math.min(schema.maximum ?? 1e6, 1e6), at = d.chance(0.3) ? d.pick([low, high]) : low + d.uniform() * (high - low);
      return schema.type === 'integer' ? Math.round(at) : at;
    }
    case 'boolean': return d.chance(0.5);
    case 'array': {
      const least = schema.minItems ?? 0, most = Math.min(schema.maxItems ?? 4, 4);
      return Array.from({ length: least + d.int(Math.max(1, most - least + 1)) }, () => valueOf(schema.items ?? {}, d, resolve));
    }
    case 'object': return Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([key]) => schema.required?.includes(key) || d.chance(0.4))
      .map(([key, child]) => [key, valueOf(child, d, resolve)]));
    default: return anyValue(d, 1);
  }
}

/** The value with something wrong in it: another kind, a field too many or too few, a bound overstepped, all of it replaced. */
export function spoilt(value: unknown, d: Draws): unknown {
  if (typeof value !== 'object' || value === null || d.chance(0.1)) {
    if (typeof value === 'number' && d.chance(0.5)) return d.pick([value + 1, value - 1, -value, value * 1e9, value + 0.5, String(value)]);
    return anyValue(d);
  }
  if (Array.isArray(value)) {
    if (value.length === 0 || d.chance(0.3)) return [...value as unknown[], ...Array.from({ length: 1 + d.int(d.chance(0.1) ? 200 : 3) }, () => anyValue(d))];
    const at = d.int(value.length);
    return (value as unknown[]).map((item, i) => (i === at ? spoilt(item, d) : item));
  }
  const entries = Object.entries(value), at = entries.length === 0 ? 0 : d.int(entries.length);
  switch (d.int(entries.length === 0 ? 1 : 4)) {
    case 0: return Object.fromEntries([...entries, [d.pick([...STRANGE, 'Prompt', 'n', 'user', 'metadata']), anyValue(d)]]);
    case 1: return Object.fromEntries(entries.filter((_, i) => i !== at));
    default: return Object.fromEntries(entries.map(([key, item], i) => [key, i === at ? spoilt(item, d) : item]));
  }
}
