import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { fetchImage, isPublicAddress } from './public-address.ts';

test.each([
  '127.0.0.1', '127.8.8.8', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1', '198.18.0.1',

  '192.0.2.1', '203.0.113.9', '::1', '::', '::ffff:127.0.0.1', '::ffff:8.8.8.8', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '64:ff9b::7f00:1',
  '2001:db8::1', '2002:7f00:1::', '2001::1',
  'localhost', '1.2.3', '',
])('%s is not public', (address) => { expect(isPublicAddress(address)).toBe(false); });
test.each(['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.128.0.1', '11.0.0.1', '2606:4700::1111', '2a00:1450::1'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true); });

const servers: ReturnType<typeof createServer>[] = [];
afterAll(() => { for (const server of servers) server.close(); });
async function listen(answer: RequestListener): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [], server = createServer((request, response) => { asked.push(request.url!); answer(request, response); });
  servers.push(server);
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
  return { port: (server.address() as AddressInfo).port, asked };
}
const refused = (url: string, o: Partial<Parameters<typeof fetchImage>[1]> = {}): Promise<string> =>
  fetchImage(url, { limit: 100, ...o }).then(() => 'fetched', (error: { message: string }) => error.message);

test('hosts that are not public are not asked, whatever they are written as', async () => {
  const { port, asked } = await listen((_, response) => response.end('secret'));
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '[::1]', '0.0.0.0', '2130706433', '0x7f.1', '127.1', '017700000001'])
    expect([host, await refused(`http://${host}:${port}/a.png`)]).toEqual([host, expect.stringContaining('not a public one')]);
  for (const url of ['file:///etc/passwd', 'ftp://example.org/a.png', `http://user:pass@127.0.0.1:${port}/`, 'a.png', 'gopher://x']) expect(await refused(url)).not.toBe('fetched');
  expect(asked).toEqual([]);
});

test('a redirect is looked at like an address of its own; sizes and hops end', async () => {
  const inner = await listen((_, response) => response.end('secret'));
  const outer = await listen((request, response) => {
    if (request.url === '/inside') response.writeHead(302, { location: `http://127.0.0.2:${inner.port}/` }).end();
    else if (request.url === '/round') response.writeHead(302, { location: '/round' }).end();
    else if (request.url === '/there') response.writeHead(301, { location: '/image' }).end();
    else if (request.url === '/none') response.writeHead(404).end();
    else response.end(request.url === '/image' ? 'x'.repeat(100) : 'x'.repeat(101));
  });
  const allowed = (address: string): boolean => address === '127.0.0.1', at = `http://127.0.0.1:${outer.port}`;
  expect(Buffer.from(await fetchImage(`${at}/there`, { limit: 100, allowed })).toString()).toBe('x'.repeat(100));
  expect(await refused(`${at}/inside`, { allowed })).toContain('not a public one');
  expect(await refused(`${at}/round`, { allowed })).toContain('more than 3 redirects');
  expect(await refused(`${at}/large`, { allowed })).toContain('larger than 100 bytes');
  expect(await refused(`${at}/none`, { allowed })).toContain('answered 404');
  expect(inner.asked).toEqual([]);
});

test('data URLs of images, within the limit', async () => {
  expect(Buffer.from(await fetchImage(`data:image/png;base64,${Buffer.from('abc').toString('base64')}`, { limit: 3 })).toString()).toBe('abc');
  expect(await refused(`data:image/png;base64,${'A'.repeat(200)}`)).toContain('larger than 100 bytes');
  for (const url of ['data:text/html;base64,AAAA', 'data:image/svg+xml;base64,AAAA', 'data:image/png,raw']) expect(await refused(url)).toContain('the data URL is not possible');
});
