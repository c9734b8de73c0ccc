/** @file The OpenAPI 3.1 document, from the table of routes and the schemas that validate. */
import { z } from 'zod';
import { errorBody } from './contract.ts';
import { ROUTES, type Route } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

/** A schema as JSON Schema, named ones by reference to the document's components. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): Json {
  const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as { $schema?: string; $defs?: Record<string, Json> } & Json;
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) =>
      (key === '$ref' && typeof child === 'string' ? [key, child.replace('#/$defs/', '#/components/schemas/')] : [key, moved(child)])));
  };
  for (const [name, def] of Object.entries($defs)) components[name] = moved(def);
  const named = schema.meta()?.id;
  if (named === undefined) return moved(json) as Json;
  components[named] ??= moved(json);                             // zod puts what has a name among $defs, and a reference to it at the root
  return { $ref: `#/components/schemas/${named}` };
}

function bodyOf({ body, file }: Route, components: Record<string, unknown>): Json | undefined {
  if (!body) return undefined;
  const schema = schemaOf(body, 'input', components), content: Record<string, Json> = file?.required ? {} : { 'application/json': { schema } };
  const { properties = {}, required = [] } = schema as { properties?: Json; required?: readonly string[] };
  const given = file && properties[file.field], binary = { type: 'string', contentMediaType: 'application/octet-stream' };
  content['multipart/form-data'] = { schema: file ? {
    ...schema, properties: { ...properties, [file.field]: given === undefined ? binary : { anyOf: [given, binary] } },
    required: file.required ? [...required, file.field] : required,
  } : schema };
  return { required: true, content };
}

/** What the events of a stream hold. */
const eventsOf = ({ events }: Route, components: Record<string, unknown>): Json =>
  (events ? { schema: { oneOf: events.map((schema) => schemaOf(schema, 'output', components)) } } : {});

/** The document of a server of this version. */
export function openApi(version: string): Json {
  const components: Record<string, unknown> = {}, paths: Record<string, Record<string, unknown>> = {};
  const error = { description: 'An error', content: { 'application/json': { schema: schemaOf(errorBody, 'output', components) } } };
  for (const [name, route] of Object.entries(ROUTES) as [string, Route][]) {
    const { method, path, summary, query, answer } = route, requestBody = bodyOf(route, components);
    const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, key]) => ({ name: key, in: 'path', required: true, schema: { type: 'string' } }));
    const { properties = {}, required = [] } = (query ? schemaOf(query, 'input', components) : {}) as { properties?: Json; required?: readonly string[] };
    const asked = Object.entries(properties).map(([key, schema]) => ({ name: key, in: 'query', required: required.includes(key), schema }));
    const content = Array.isArray(answer) ? Object.fromEntries(answer.map((type: string) => [type, eventsOf(route, components)]))
      : { 'application/json': { schema: schemaOf(answer as z.ZodType, 'output', components) } };
    (paths[path] ??= {})[method] = {
      operationId: name, summary, ...(places.length + asked.length > 0 ? { parameters: [...places, ...asked] } : {}), ...(requestBody ? { requestBody } : {}),
      ...(route.open ? { security: [] } : {}),
      responses: { 200: { description: summary, content }, ...(route.events ? { 204: { description: 'It has ended, and Last-Event-ID is its last event' } } : {}),
        ...(path === '/readyz' || path === '/healthz' ? { 503: { description: 'Not ready', content } } : {}), default: error },
    };
  }
  return {
    openapi: '3.1.0', info: { title: 'Kinora', version, description: 'Films from words; the Videos API that the openai packages speak.' },
    security: [{ bearer: [] }, {}], paths, components: { schemas: components, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}
