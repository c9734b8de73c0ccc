/**
 * @file The API reference, docs/reference/api.md, from the OpenAPI document of the server: `npx tsx tools/api/reference.ts` writes it. A test fails when it is not what this
 * program makes.
 */
import { writeFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { openApi } from '../../src/server/contract/openapi.ts';

interface Schema {
  readonly $ref?: string; readonly type?: string | readonly string[]; readonly description?: string;
  readonly const?: unknown; readonly enum?: readonly unknown[]; readonly default?: unknown;
  readonly minimum?: number; readonly maximum?: number; readonly exclusiveMinimum?: number; readonly maxLength?: number; readonly maxItems?: number; readonly pattern?: string;
  readonly items?: Schema; readonly anyOf?: readonly Schema[]; readonly oneOf?: readonly Schema[]; readonly contentMediaType?: string;
  readonly properties?: Readonly<Record<string, Schema>>; readonly required?: readonly string[]; readonly additionalProperties?: Schema | boolean;
}
interface Content { readonly [type: string]: { readonly schema?: Schema } }
interface Operation {
  readonly operationId: string; readonly summary: string; readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const code = (text: string): string => `\`${text}\``, cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
const named = (ref: string): string => { const name = ref.split('/').at(-1)!; return `[${name}](#${name.toLowerCase()})`; };

/** A schema's kind, as a phrase. */
function kind(s: Schema): string {
  if (s.$ref !== undefined) return named(s.$ref);
  if (s.const !== undefined) return code(JSON.stringify(s.const));
  if (s.enum) return s.enum.map((value) => code(JSON.stringify(value))).join(', ');
  const any = s.anyOf ?? s.oneOf;
  if (any) return any.map(kind).join(' or ');
  if (s.contentMediaType !== undefined) return 'file';
  if (s.type === 'array') return `list of ${s.items ? kind(s.items) : 'anything'}`;
  const { properties, required } = s;
  if (s.type === 'object' && properties)
    return `{ ${Object.entries(properties).map(([key, child]) => `${code(key)}${required?.includes(key) ? '' : '?'}: ${kind(child)}`).join('; ')} }`;
  if (s.type === 'object') return typeof s.additionalProperties === 'object' ? `object of ${kind(s.additionalProperties)}` : 'object';
  return [s.type ?? 'anything'].flat().join(' or ');
}

/** What a value must keep to, and what it means. */
function notes(s: Schema): string {
  const most = s.maximum === undefined || s.maximum >= Number.MAX_SAFE_INTEGER ? undefined : s.maximum;
  const least = s.minimum === undefined || s.minimum <= -Number.MAX_SAFE_INTEGER ? undefined : s.minimum;
  return [
    s.description, least !== undefined && most !== undefined ? `${least} to ${most}` : least !== undefined ? `from ${least}` : most !== undefined ? `up to ${most}` : undefined,
    s.maxLength === undefined ? undefined : `up to ${s.maxLength} characters`, s.maxItems === undefined ? undefined : `up to ${s.maxItems}`,
    s.default === undefined ? undefined : `default ${code(JSON.stringify(s.default))}`,
  ].filter((note) => note !== undefined).join('; ');
}

const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
/** A table of an object's fields. */
const fields = ({ properties = {}, required = [] }: Schema, always: string): string[] => [
  row('field', 'kind', always, ''), '|---|---|---|---|',
  ...Object.entries(properties).map(([name, s]) => row(code(name), kind(s), required.includes(name) ? 'yes' : '', notes(s))),
];

/** What an answer holds, by its type. */
const contents = (content: Content): string => Object.entries(content)
  .map(([type, { schema }]) => (schema && type === 'application/json' ? kind(schema) : `${code(type)}${schema ? `, events of ${kind(schema)}` : ''}`)).join(', ');

function operationText(method: string, path: string, { operationId, summary, security, parameters = [], requestBody, responses }: Operation): string[] {
  const lines = [`### ${method.toUpperCase()} ${path}`, '', `${summary}. ${code(operationId)}${security ? '; needs no key' : ''}`, ''];
  if (parameters.length > 0)
    lines.push(row('parameter', 'in', 'kind', ''), '|---|---|---|---|', ...parameters.map((p) => row(code(p.name), p.in, kind(p.schema), notes(p.schema))), '');
  if (requestBody) {
    const types = Object.keys(requestBody.content), { schema } = requestBody.content['multipart/form-data'] ?? requestBody.content[types[0]!]!;
    lines.push(`Body: ${types.map(code).join(' or ')}`, '', ...fields(schema!, 'needed'), '');
  }
  const answers = Object.entries(responses).filter(([status]) => status !== 'default')
    .map(([status, { content }]) => `${status}: ${content === undefined ? 'nothing' : contents(content)}`);
  return [...lines, `Answers ${answers.join('; ')}. Errors: ${named('Error')}`, ''];
}

/** The page. */
export function apiReference(): string {
  const { paths, components: { schemas } } = openApi('') as unknown as Document;
  return [
    '# API reference', '',
    'Made of the server\'s OpenAPI document (`GET /openapi.json`) by `npx tsx tools/api/reference.ts`: change the schemas in `src/server/contract`, not this page.',
    'How it is used, and what the fields do to a film, is told in [Serve the Videos API](../guide/serve.md).', '',
    'A key goes with each request as `Authorization: Bearer kinora-…`, but on loopback. Every answer has an `x-request-id`; 429 and 503 have `Retry-After` and',
    '`retry-after-ms`.', '',
    '## Routes', '',
    ...Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).flatMap(([method, operation]) => operationText(method, path, operation))),
    '## Objects', '',
    ...Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, schema]) => [`### ${name}`, '', ...fields(schema, 'always there'), '']),
  ].join('\n');
}

if (argv[1] === fileURLToPath(import.meta.url)) await writeFile(new URL('../../docs/reference/api.md', import.meta.url), apiReference());
