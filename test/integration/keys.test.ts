/** @file Who is let in on loopback: everybody while there are no keys; then those with a key, since a proxy on the same machine looks like its user. */
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { testServer, type TestServer } from '../support/server.ts';

const ask = async ({ url }: TestServer, key?: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(`${url}/v1/videos`, { headers: { ...headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) } })).status;

test('loopback is open until a key is made, or when the configuration says so; a key that is none is refused always', async () => {
  let server = await testServer();
  const unknown = 'kinora-000000000000-x', data = server.dir;
  expect([await ask(server), await ask(server, 'any'), await ask(server, unknown)]).toEqual([200, 200, 401]);
  const { id, key } = await server.keys.add('ada');
  expect([await ask(server), await ask(server, 'any'), await ask(server, unknown), await ask(server, key)]).toEqual([401, 401, 401, 200]);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  await server.keys.revoke(id);
  expect([await ask(server), await ask(server, key)]).toEqual([401, 401]);
  await server.close();
  server = await testServer({ data, localWithoutKey: true });
  expect([await ask(server), await ask(server, 'any'), await ask(server, key), await ask(server, 'any', { 'x-forwarded-for': '8.8.8.8' })]).toEqual([200, 200, 401, 401]);
  await server.close();
  await rm(data, { recursive: true, force: true });
}, 120_000);
