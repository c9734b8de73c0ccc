/** @file Numbers for Prometheus (text format 0.0.4): counters, gauges that are read when asked for, histograms. Base units, few labels. */

type Labels = Readonly<Record<string, string>>;

const text = (labels: Labels): string => {
  const entries = Object.entries(labels).map(([key, value]) => `${key}="${value.replaceAll(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`);
  return entries.length === 0 ? '' : `{${entries.join(',')}}`;
};

/** Seconds, from a request's to a long film's. */
const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

interface Histogram { readonly counts: number[]; sum: number; count: number }
interface Family {
  readonly kind: 'counter' | 'gauge' | 'histogram'; readonly help: string; readonly limits: readonly number[];
  readonly values: Map<string, number>; readonly histograms: Map<string, Histogram>;
}

/** All counters, gauges and histograms of one server. */
export class Metrics {
  readonly #families = new Map<string, Family>();

  /** Names a family, so that it is there before it is counted. `limits` are the upper ends of a histogram's buckets; default: of seconds. */
  define(kind: Family['kind'], name: string, help: string, limits: readonly number[] = SECONDS): void {
    this.#families.set(name, { kind, help, limits, values: new Map(), histograms: new Map() });
  }

  #family(name: string): Family {
    const family = this.#families.get(name);
    if (!family) throw new RangeError(`metric ${name} is not defined`);
    return family;
  }
  /** Counts. */
  add(name: string, labels: Labels = {}, by = 1): void {
    const { values } = this.#family(name), key = text(labels);
    values.set(key, (values.get(key) ?? 0) + by);
  }
  /** Sets a gauge. */
  set(name: string, value: number, labels: Labels = {}): void { this.#family(name).values.set(text(labels), value); }
  /** Adds a value to a histogram, so many times. */
  observe(name: string, value: number, labels: Labels = {}, times = 1): void {
    const { histograms, limits } = this.#family(name), key = text(labels);
    const h = histograms.get(key) ?? { counts: limits.map(() => 0), sum: 0, count: 0 };
    histograms.set(key, h);
    limits.forEach((limit, i) => { if (value <= limit) h.counts[i]! += times; });
    h.sum += value * times;
    h.count += times;
  }
  /** The page. */
  page(): string {
    const lines: string[] = [];
    for (const [name, { kind, help, limits, values, histograms }] of this.#families) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
      if (kind !== 'histogram' && values.size === 0) lines.push(`${name} 0`);
      for (const [labels, value] of values) lines.push(`${name}${labels} ${value}`);
      for (const [labels, { counts, sum, count }] of histograms) {
        const inner = labels.slice(1, -1), upTo = (le: string): string => `{${inner}${inner && ','}le="${le}"}`;
        limits.forEach((limit, i) => { lines.push(`${name}_bucket${upTo(String(limit))} ${counts[i]}`); });
        lines.push(`${name}_bucket${upTo('+Inf')} ${count}`, `${name}_sum${labels} ${sum}`, `${name}_count${labels} ${count}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
}
