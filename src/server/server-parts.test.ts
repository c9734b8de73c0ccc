import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { FileError, InputError } from '../core/errors.ts';
import { isLoopback, readServerConfig, serverConfig } from './contract/config.ts';
import { byteRange } from './http/content.ts';
import { asApiError, jobError } from './contract/errors.ts';
import { lockData } from './state/lock.ts';
import { Metrics } from './watch/metrics.ts';
import { openApi } from './contract/openapi.ts';
import { ROUTES } from './contract/routes.ts';
import { signature } from './webhooks.ts';
import { pollAfter } from './http/video-object.ts';

test('the configuration: defaults, and what is wrong by its name', async () => {
  expect(serverConfig({})).toMatchObject({ host: '127.0.0.1', port: 8080, workers: 1, names: { 'sora-2': 'sprites-64' }, limits: { waiting: 200 } });
  expect(() => serverConfig({ prot: 1 })).toThrow('prot');
  expect(() => serverConfig({ limits: { waiting: 0 } })).toThrow('limits.waiting');
  expect(() => serverConfig({ names: { veo: 'other' } })).toThrow('veo means other, which is not served; served: sprites-64');
  expect(() => serverConfig({ lease: { ms: 100, renew: 90 } })).toThrow('cannot be renewed every 90 ms');
  expect(() => serverConfig({ webhooks: [{ url: 'ftp://x/', secret: `whsec_${'a'.repeat(24)}` }] })).toThrow('webhooks.0.url');
  const dir = await mkdtemp(join(tmpdir(), 'kinora-config-')), file = join(dir, 'c.yaml');
  await writeFile(file, 'port: 1\nhost: 0.0.0.0\n');
  expect(await readServerConfig(file, { port: 2 })).toMatchObject({ port: 2, host: '0.0.0.0' });
  await writeFile(file, 'port: [');
  await expect(readServerConfig(file, {})).rejects.toThrow('is not YAML');
  await rm(dir, { recursive: true });
  expect(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]', '0.0.0.0', '::', '10.0.0.1', 'localhost.evil.example'].map(isLoopback))
    .toEqual([true, true, true, true, true, false, false, false, false]);
});

test('the configuration that the guide shows is one', async () => {
  const guide = await readFile(new URL('../../docs/guide/serve.md', import.meta.url), 'utf8'), [, yaml] = /```yaml\n([\s\S]*?)```/.exec(guide)!;
  expect(serverConfig(parse(yaml!))).toMatchObject({ sizes: { '1280x720': '96x64' }, limits: { seconds: 120 }, webhooks: [{ events: ['video.completed', 'video.failed'] }] });
});

test('ranges of bytes', () => {
  const at = (header: string | null): unknown => byteRange(header, 100);
  expect(['bytes=0-9', 'bytes=90-', 'bytes=90-200', 'bytes=-10', 'bytes=-500'].map(at))
    .toEqual([{ start: 0, end: 9 }, { start: 90, end: 99 }, { start: 90, end: 99 }, { start: 90, end: 99 }, { start: 0, end: 99 }]);
  expect(['bytes=100-', 'bytes=-0'].map(at)).toEqual(['outside', 'outside']);
  expect([null, 'bytes=', 'bytes=-', 'bytes=9-1', 'bytes=0-1,3-4', 'items=0-1', 'bytes=a-b'].map(at)).toEqual([null, null, null, null, null, null, null]);
});

test('the signature is the one of the Standard Webhooks specification', () => {
  // The example of the specification's own libraries.
  expect(signature('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', time: 1614265330, body: '{"test": 2432232314}' }))
    .toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('errors: what clients get of ours, and nothing of the inside', () => {
  expect(asApiError(new InputError('size 1x1 is not possible')).body)
    .toEqual({ error: { message: 'size 1x1 is not possible', type: 'invalid_request_error', param: null, code: 'invalid_input' } });
  expect(asApiError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'retry-after-ms': '1000' } });
  expect(asApiError(new TypeError('cannot read /etc/secret')).body.error).toMatchObject({ code: 'internal_error', message: expect.not.stringContaining('secret') as string });
  expect(jobError(new FileError('cannot write /data/kinora/jobs/x/film.mp4: the disk is full'))).toEqual({ code: 'file', message: 'cannot write film.mp4: the disk is full' });
  expect(jobError(new Error('/secret'))).toMatchObject({ code: 'internal_error', message: expect.not.stringContaining('secret') as string });
});

test('a folder has one owner; one of a process that is no more is taken over', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-lock-')), file = join(dir, 'lock.json'), held = (): Promise<string> => readFile(file, 'utf8').catch(() => 'free');
  const unlock = await lockData(dir);
  expect(JSON.parse(await held())).toMatchObject({ pid: process.pid });
  unlock();
  expect(await held()).toBe('free');
  await writeFile(file, JSON.stringify({ pid: process.ppid }));
  await expect(lockData(dir)).rejects.toThrow(`is in use by process ${process.ppid}`);
  for (const left of [JSON.stringify({ pid: 2 ** 22 + 1 }), 'damaged', '']) {
    await writeFile(file, left);
    (await lockData(dir))();
  }
  expect(await held()).toBe('free');
  await rm(dir, { recursive: true });
});

test('metrics as Prometheus reads them', () => {
  const m = new Metrics();
  m.define('counter', 'a_total', 'A');
  m.define('histogram', 'b_seconds', 'B');
  m.add('a_total', { name: 'x"\n\\' }, 2);
  m.observe('b_seconds', 0.2);
  m.observe('b_seconds', 9000);
  const page = m.page();
  expect(page).toContain('# TYPE a_total counter\na_total{name="x\\"\\n\\\\"} 2\n');
  expect(page).toContain('b_seconds_bucket{le="0.1"} 0\nb_seconds_bucket{le="0.5"} 1\n');
  expect(page).toContain('b_seconds_bucket{le="+Inf"} 2\nb_seconds_sum 9000.2\nb_seconds_count 2\n');
  expect(() => { m.add('c_total'); }).toThrow('not defined');
});

test('the document has every route, and every reference leads somewhere', () => {
  const document = openApi('1'), text = JSON.stringify(document),
    { paths, components } = document as { paths: Record<string, Record<string, unknown>>; components: { schemas: object } };
  expect(Object.entries(paths).flatMap(([path, of]) => Object.keys(of).map((method) => `${method} ${path}`)).sort())
    .toEqual(Object.values(ROUTES).map(({ method, path }) => `${method} ${path}`).sort());
  const named = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((m) => m[1]!);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((ref) => !Object.hasOwn(components.schemas, ref.replace('#/components/schemas/', '')))).toEqual([]);
  for (const schema of Object.values(components.schemas)) expect(schema).toMatchObject({ type: 'object' });             // none is a reference to itself
});

test('clients are never told to wait long', () => { expect([null, 0, 8, 3600].map((eta) => pollAfter({ eta_seconds: eta }))).toEqual([1000, 200, 1000, 2000]); });
