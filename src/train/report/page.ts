/**
 * @file The page of a run as HTML: curves, loss by noise level, speed, health, a card to publish. Everything is in the one file; it is the same for the same
 * files of a run, whenever it is written.
 */
import { CHART_STYLE, lineChart, shortNumber, type Series } from '../../io/chart.ts';
import { escapeHtml, listHtml, pageHtml } from '../../io/html.ts';
import { modelCard } from './card.ts';
import { duration, levelOf, namesOf, percent, seriesOf, speedOf, stepMs, type RunFiles } from './figures.ts';
import type { LoggedStep, LoggedValidation } from './metrics.ts';
import { WALL_SCRIPT, WALL_STYLE, wallHtml } from './wall-html.ts';

const STYLE = `${CHART_STYLE}${WALL_STYLE}
.facts{border-collapse:collapse;margin:.5rem 0}.facts th{text-align:left;font-weight:400;padding-right:1rem;opacity:.75}.facts td{padding-right:1.2rem}
.warn{border-left:.3rem solid #d2691e;padding:.3rem .8rem;margin:.6rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px;border:1px solid #8886;padding:.8rem}
h2{font-size:1.15rem;margin:1.6rem 0 .4rem}`;

const facts = (rows: readonly (readonly [string, string])[]): string =>
  `<table class="facts">${rows.map(([what, value]) => `<tr><th>${escapeHtml(what)}</th><td>${escapeHtml(value)}</td></tr>`).join('')}</table>`;
const row = (...parts: readonly string[]): string => (parts.some(Boolean) ? `<div class="row">${parts.join('')}</div>` : '');
const section = (title: string, ...parts: readonly string[]): string => (parts.some(Boolean) ? `<h2>${escapeHtml(title)}</h2>${parts.join('')}` : '');
const overSteps = (name: string, steps: readonly LoggedStep[], of: (s: LoggedStep) => number | null | undefined): Series =>
  ({ name, points: steps.map((s) => [s.step, of(s) ?? Number.NaN] as const) });

/** What a step logs beside what every step has: parts of the loss. */
const KNOWN = new Set(['step', 'loss', 'gradNorm', 'rate', 'samplesPerSecond', 'time']);
const partsOf = (steps: readonly LoggedStep[]): string[] => Object.entries(steps.at(-1)!).flatMap(([name, v]) => (typeof v === 'number' && !KNOWN.has(name) ? [name] : []));

/** Loss over noise levels at the first, the middle and the last validation, and how each level fell. */
function levels(validations: readonly LoggedValidation[]): string {
  const at = (v: LoggedValidation, what: string): [number, number][] => Object.entries(v.scalars).flatMap(([name, value]) => {
    const level = levelOf(name);
    return level && level.what === what && level.kind === undefined ? [[level.sigma, value] as [number, number]] : [];
  }).sort((a, b) => a[0] - b[0]);
  const chosen = [...new Set([validations[0], validations[validations.length >> 1], validations.at(-1)])].filter((v) => v !== undefined);
  const last = validations.at(-1), dealt = last ? at(last, 'dealt') : [];
  const names = namesOf(validations), plain = names.filter((name) => { const l = levelOf(name); return l?.what === 'loss' && l.kind === undefined; });
  const kinds = names.filter((name) => levelOf(name)?.kind !== undefined);
  return section('Loss by noise level', row(
    lineChart({ title: 'Over noise levels', x: 'noise level', log: true, series: [
      ...chosen.map((v) => ({ name: `step ${v.step}`, points: at(v, 'loss') })), ...(dealt.length > 0 ? [{ name: "with other clips' captions", points: dealt }] : [])] }),
    lineChart({ title: 'Over steps', log: true, series: plain.map((name) => ({ name: name.replace('loss@', ''), points: seriesOf(validations, name) })) }),
    lineChart({ title: "Loss with other clips' captions, minus that with the right ones", series: [{ name: 'gap', points: seriesOf(validations, 'shuffleGap') }] }),
    lineChart({ title: 'By kind of sample', log: true, series: kinds.map((name) => ({ name: name.replace('loss@', ''), points: seriesOf(validations, name) })) }),
  ));
}

/** Charts of all other figures of validations, those with one stem (`end`, `end/1x64x64`) together. */
function otherFigures(validations: readonly LoggedValidation[]): string {
  const groups = new Map<string, string[]>();
  for (const name of namesOf(validations)) {
    if (name === 'loss' || name === 'matrixRms' || name === 'shuffleGap' || levelOf(name)) continue;
    const stem = name.startsWith('psnr') ? 'psnr' : name.split('/')[0]!;
    groups.set(stem, [...groups.get(stem) ?? [], name]);
  }
  return [...groups].map(([stem, names]) => lineChart({ title: stem, series: names.map((name) => ({ name, points: seriesOf(validations, name) })) })).join('');
}

/** The page of a run. */
export function runPage(run: RunFiles): string {
  const { name, log, record } = run, { steps, validations, skips, warnings } = log, speed = speedOf(run), done = steps.at(-1)!.step, plan = record?.plan;
  const lastWarning = warnings.at(-1);
  const wanted = record?.steps ?? done, newest = validations.at(-1), parts = partsOf(steps), groups = [...new Set(steps.flatMap((s) => Object.keys(s.updates ?? {})))];
  const html = `<h1>${escapeHtml(name)}</h1>
<p>${escapeHtml(record?.kind ?? 'run')}: ${done} of ${wanted} steps, ${duration(speed.seconds)} of steps${newest ? `; validated at step ${newest.step}` : ''}.</p>
${lastWarning && lastWarning.step === newest?.step ? `<p class="warn">${escapeHtml(lastWarning.message)} (step ${lastWarning.step})</p>` : ''}
${facts([
  ...(plan ? [['parameters', `${(plan.parameters / 1e6).toFixed(2)} M`], ['data', plan.data]] as const : []),
  ...(record?.sessions ?? []).map((s) =>
    [s.fromStep === 0 ? 'begun' : `gone on after step ${s.fromStep}`, `${s.date.slice(0, 16).replace('T', ' ')} UTC, ${s.cpu}, ${s.cores} cores`] as const),
])}
${section('Curves', row(
    lineChart({ title: 'Loss', log: true, series: [overSteps('training', steps, (s) => s.loss), { name: 'validation', points: seriesOf(validations, 'loss') }] }),
    parts.length > 0 ? lineChart({ title: 'Parts of the loss', log: true, series: parts.map((part) => overSteps(part, steps, (s) => s[part] as number)) }) : '',
    otherFigures(validations),
    lineChart({ title: 'Rate', series: [overSteps('rate', steps, (s) => s.rate)] })))}
${levels(validations)}
${section('Films at fixed prompts and seeds', wallHtml(run.walls.samples))}
${section('Held-out clips, and what the autoencoder makes of them', wallHtml(run.walls.reconstructions))}
${section('Reconstructed worst at the last validation', wallHtml(run.walls.worst))}
${section('Speed', facts([
    ['a step', `${shortNumber(speed.stepMs / 1000)} s (median)`], ['samples a second', `${shortNumber(speed.samplesPerSecond)} (median)`],
    ['waiting for data', percent(speed.dataWait)], ['update', percent(speed.update)],
    ...(plan ? [['padding', `${percent(plan.padding)} of computed tokens; ${percent(plan.unfilled)} of wanted ones unfilled`] as const] : []),
    ['arithmetic', `${shortNumber(speed.gflops)} GFLOP/s in gradients, ${percent(speed.ofCeiling)} of a large product's`],
  ]), row(
    lineChart({ title: 'Samples a second', series: [overSteps('samples/s', steps, (s) => s.samplesPerSecond)] }),
    lineChart({ title: 'Time of a step, s', series: [
      overSteps('whole', steps, (s) => stepMs(s) / 1000), overSteps('gradients', steps, (s) => (s.ms.gradients ?? 0) / 1000),
      overSteps('update', steps, (s) => (s.ms.update ?? 0) / 1000), overSteps('data', steps, (s) => (s.ms.data ?? 0) / 1000)] })))}
${section('Health', `<p>${skips.length} of ${steps.length} steps skipped.</p>`, row(
    lineChart({ title: 'Norm of the gradient', log: true, series: [overSteps('norm', steps, (s) => s.gradNorm)] }),
    lineChart({ title: 'Update ÷ weights', log: true, series: groups.map((group) =>
      ({ name: group, points: steps.flatMap((s) => (typeof s.updates?.[group] === 'number' ? [[s.step, s.updates[group]] as const] : [])) })) }),
    lineChart({ title: 'Root mean square of matrices', series: [{ name: 'rms', points: seriesOf(validations, 'matrixRms') }] })),
  listHtml('Skipped', skips.map((s) => `step ${s.step}: gradient norm ${s.gradNorm === null ? 'not finite' : shortNumber(s.gradNorm)}, ${s.batch}`)),
  listHtml('Warnings', warnings.map((w) => `step ${w.step}: ${w.message}`)))}
${section('Card', `<p>To publish beside the weights; what is in brackets is yours to say.</p><pre>${escapeHtml(modelCard(run))}</pre>`)}
${record ? `<details><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(record.config, null, 2))}</pre></details>` : ''}${WALL_SCRIPT}`;
  return pageHtml({ title: `Run ${name}`, html, style: STYLE });
}
