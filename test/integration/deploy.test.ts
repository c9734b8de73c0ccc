/** @file The examples of a deployment say what the program knows: its flags, its configuration, its numbers. That systemd, Docker and Grafana take them is not tested here. */
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readServerConfig } from '../../src/server/contract/config.ts';
import { serverMetrics } from '../../src/server/server-metrics.ts';
import { kinora } from '../support/cli.ts';

const DIR = new URL('../../examples/deploy/', import.meta.url);
const read = (file: string): Promise<string> => readFile(new URL(file, DIR), 'utf8');

/** Flags of a command, by its own help. */
const flags = new Map<string, ReadonlySet<string>>();
beforeAll(async () => {
  for (const command of [['serve'], ['worker'], ['keys', 'add']]) {
    const { out } = await kinora(...command, '--help');
    flags.set(command.join(' '), new Set([...out.matchAll(/--[a-z-]+/g)].map(([flag]) => flag)));
  }
}, 120_000);

/** Words of a command line after `kinora`: the command, and flags that it does not know. */
function stray(words: readonly string[]): readonly string[] {
  const command = [...flags.keys()].find((name) => words.join(' ').startsWith(name))!;
  expect(command).toBeDefined();
  return words.filter((word) => word.startsWith('--') && !flags.get(command)!.has(word));
}

test('the configuration is one, and open to others', async () => {
  const config = await readServerConfig(new URL('kinora.yaml', DIR).pathname, {});
  expect(config).toMatchObject({ host: '0.0.0.0', data: '/var/lib/kinora', keepDays: 30 });
});

test('the unit checks the configuration, starts the server, and lets it stop by SIGTERM', async () => {
  const unit = await read('kinora.service'), lines = [...unit.matchAll(/^ExecStart(?:Pre)?=\/usr\/bin\/env kinora (.+)$/gm)].map(([, words]) => words!.split(' '));
  expect(lines.map(([first]) => first)).toEqual(['serve', 'serve']);
  expect(lines.flatMap(stray)).toEqual([]);
  expect(lines[0]).toContain('--check');
  expect(unit).toContain('StateDirectory=kinora');
  const guide = await readFile(new URL('../../docs/guide/serve.md', import.meta.url), 'utf8'), first = /^[# ]*systemd-run .*\\\n[# ]+\/usr\/bin\/env kinora (.+)$/m;
  for (const text of [unit, guide]) {
    const [whole, words] = first.exec(text)!;
    expect(stray(words!.split(' '))).toEqual([]);
    for (const setting of ['DynamicUser=yes', 'StateDirectory=kinora', 'WorkingDirectory=/var/lib/kinora', 'UMask=0077'])
      expect([setting, whole.includes(setting), unit.includes(`\n${setting}\n`)]).toEqual([setting, true, true]);
  }
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute=yes/m);
});

test('services run commands that there are, on one database and one folder of films', async () => {
  interface Service { readonly command?: string[]; readonly environment?: Record<string, string>; readonly volumes?: string[] }
  const { services, volumes } = parse(await read('compose.yaml')) as { services: Record<string, Service>; volumes: object };
  const ours = ['server', 'worker'].map((name) => services[name]!);
  expect(ours.flatMap(({ command }) => stray(command!))).toEqual([]);
  expect(new Set(ours.map(({ environment }) => environment!['DATABASE_URL'])).size).toBe(1);
  for (const { volumes: mounted } of ours) expect(mounted).toContain('films:/var/lib/kinora');
  const used = Object.values(services).flatMap((s) => s.volumes ?? []).map((v) => v.split(':')[0]!);
  expect(used.filter((name) => !name.startsWith('.')).every((name) => Object.hasOwn(volumes, name))).toBe(true);
  for (const file of used.filter((name) => name.startsWith('./') && !name.endsWith('.key'))) expect((await read(file)).length).toBeGreaterThan(40);
  const documented = /run --rm -T server (keys add .+?) >/.exec(await read('compose.yaml'))![1]!;
  expect(stray(documented.split(' '))).toEqual([]);
});

test('the image is built from what the repository has: what git leaves out, history and keys stay outside', async () => {
  const lines = (await readFile(new URL('../../.dockerignore', import.meta.url), 'utf8')).split('\n'), kept = await readFile(new URL('../../.gitignore', import.meta.url), 'utf8');
  const names = kept.split('\n').filter((line) => line !== '' && !line.endsWith('.key')).map((line) => line.replaceAll(/^\/|\/$/g, ''));
  expect(names.filter((name) => !lines.includes(name) && !lines.includes(`**/${name}`))).toEqual([]);
  expect(lines).toEqual(expect.arrayContaining(['.git', '**/*.key']));
});

const families = (): Map<string, string> => {
  const page = serverMetrics('0', { models: new Map() } as unknown as Parameters<typeof serverMetrics>[1]).page();
  return new Map([...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name!, kind!]));
};
const named = (expr: string): string[] => [...expr.matchAll(/\b(?:kinora|process|nodejs)_\w+/g)].map(([name]) => name);
const familyOf = (name: string, known: ReadonlyMap<string, string>): string => (known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
/** Names that are no number of the server, or no part of a histogram. */
const unknown = (names: readonly string[], known: ReadonlyMap<string, string>): string[] => names.filter((name) => {
  const family = familyOf(name, known);
  return !known.has(family) || (name !== family && known.get(family) !== 'histogram');
});

test('the dashboard shows every number of the server, and none that it has not', async () => {
  const known = families(), { panels } = JSON.parse(await read('grafana/kinora.json')) as { panels: { targets: { expr: string }[] }[] };
  const shown = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => named(expr)));
  expect(known.size).toBeGreaterThan(25);
  expect(unknown(shown, known)).toEqual([]);
  expect([...known.keys()].filter((name) => !shown.map((one) => familyOf(one, known)).includes(name))).toEqual([]);
});

test('alerts ask for numbers, outcomes and a file that there are', async () => {
  const known = families(), text = await read('alerts.yaml');
  const { groups } = parse(text) as { groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[] }, rules = groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThanOrEqual(6);
  for (const { alert, expr, annotations } of rules) {
    expect([alert, named(expr).length > 0, unknown(named(expr), known)]).toEqual([alert, true, []]);
    expect(annotations.summary.length).toBeGreaterThan(10);
  }
  const outcomes = [...text.matchAll(/outcome=~?"([a-z_|]+)"/g)].flatMap(([, names]) => names!.split('|'));
  expect(outcomes.filter((name) => !['completed', 'failed', 'cancelled', 'rejected', 'delivered', 'given_up'].includes(name))).toEqual([]);
  const { rule_files: [file] } = parse(await read('prometheus.yaml')) as { rule_files: string[] };
  expect(await read('compose.yaml')).toContain(`./alerts.yaml:${file}:ro`);
  expect(unknown(['kinora_jobs_toal', 'kinora_ready_bucket'], known)).toEqual(['kinora_jobs_toal', 'kinora_ready_bucket']);
});
