import { expect, test } from 'vitest';
import { lineChart, shortNumber, ticks } from './chart.ts';

test('numbers are short, ticks are round and within', () => {
  expect([0, 0.123456, 12_345.6, 1e-5, 123_456, Number.NaN, -2.5].map(shortNumber)).toEqual(['0', '0.123', '12346', '1.0e-5', '1.2e5', '–', '-2.5']);
  expect(ticks(0, 1)).toEqual([0, 0.5, 1]);
  expect(ticks(0.13, 0.41)).toEqual([0.2, 0.3, 0.4]);
  expect(ticks(-3, 770, 6)).toEqual([0, 200, 400, 600]);
  expect(ticks(2, 2)).toEqual([2]);
});

const linePoints = (html: string): number[][] => /<polyline[^>]* points="([^"]+)"/.exec(html)![1]!.split(' ').map((p) => p.split(',').map(Number));

test('a line runs from its first to its last point, and up where values rise', () => {
  const points = linePoints(lineChart({ title: 'a', series: [{ name: 's', points: [[1, 10], [2, 30], [3, 20]] }] }));
  expect(points.map(([x]) => x)).toEqual([56, 304, 552]);
  expect(points.map(([, y]) => y)).toEqual([186, 8, 97]);
});

test('on a logarithmic axis equal ratios are equal lengths; a value ≤ 0 makes it linear', () => {
  const chart = (values: readonly number[]): string => lineChart({ title: 'a', log: true, series: [{ name: 's', points: values.map((y, x) => [x, y] as const) }] });
  const [a, b, c] = linePoints(chart([1, 10, 100])).map(([, y]) => y!) as [number, number, number];
  expect(a - b).toBeCloseTo(b - c, 6);
  expect(chart([1, 10, 100])).toContain('logarithmic');
  expect(chart([0, 10, 100])).not.toContain('logarithmic');
});

test('many points are drawn as means within a band that keeps outliers; what is not finite is left out', () => {
  const html = lineChart({ title: 'a <b>', series: [{ name: '"x"', points: Array.from({ length: 5000 }, (_, i) => [i, i === 2500 ? 900 : i === 7 ? Number.NaN : 1] as const) }] });
  expect(linePoints(html).length).toBeLessThan(300);
  const band = /<polygon[^>]* points="([^"]+)"/.exec(html)![1]!.split(' ').map((p) => Number(p.split(',')[1]));
  expect([Math.min(...band), Math.max(...band)]).toEqual([8, 186]);       // the outlier at the top, all else at the bottom
  expect(html).toContain('a &lt;b&gt;');
  expect(html).toContain('&quot;x&quot; 1');
  expect(html).not.toContain('NaN');
  expect(lineChart({ title: 'none', series: [{ name: 'x', points: [[1, Number.NaN]] }] })).toBe('');
});

const labels = (html: string): string[] => [...html.matchAll(/text-anchor="end">([^<]*)</g)].map((m) => m[1]!).slice(0, -1);

test('axes have round labels that differ, also over very short and very long ranges', () => {
  const chart = (values: readonly number[], log: boolean): string[] =>
    labels(lineChart({ title: 'a', log, series: [{ name: 's', points: values.map((y, x) => [x, y] as const) }] }));
  expect(chart([0.13775, 0.1382], false)).toEqual(['0.1378', '0.138', '0.1382']);
  expect(chart([0.0012, 40], true)).toEqual(['0.01', '0.1', '1', '10']);
  expect(chart([0.15, 0.6], true)).toEqual(['0.2', '0.4', '0.6']);
  expect(chart([0.15, 3], true)).toEqual(['0.2', '0.5', '1', '2']);
});
