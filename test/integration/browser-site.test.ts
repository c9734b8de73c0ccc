/** @file The example's site hands out files of its folders, and nothing makes it fall over. */
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { browserSite } from '../../examples/browser/site.ts';

test('addresses that are none, or lead out of the folders, are not found, and the next one is answered', async () => {
  const server = browserSite();
  await new Promise<void>((resolve) => { server.listen(0, 'localhost', resolve); });
  const { port } = server.address() as AddressInfo;
  const status = (path: string): Promise<number> => new Promise((resolve, reject) => {
    request({ host: 'localhost', port, path, agent: false }, (response) => { response.resume(); resolve(response.statusCode!); }).on('error', reject).end();
  });
  try {
    const out = ['/%', '//', '/models/%2e%2e/package.json', '/models/..%2fpackage.json', '/models/', '/package.json', '/models/sprites-64/model.json%00'];
    expect(await Promise.all(out.map(status))).toEqual(out.map(() => 404));
    expect(await status('/models/sprites-64/model.json')).toBe(200);
    expect(await status('/')).toBe(200);
  } finally { server.close(); }
});
