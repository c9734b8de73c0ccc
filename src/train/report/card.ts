/**
 * @file The card of a run, Markdown to publish beside its weights (Mitchell et al. 2019, "Model Cards for Model Reporting", arXiv:1810.03993v2). It tells what was
 * measured and leaves open, in brackets, what only the one who trained it knows.
 */
import { shortNumber } from '../../io/chart.ts';
import { duration, namesOf, speedOf, type RunFiles } from './figures.ts';

const KINDS: Readonly<Record<string, string>> = {
  vae: 'A video autoencoder', text: 'A text tower', dit: 'A diffusion transformer for video', distill: 'A diffusion transformer for video in few steps',
  judge: 'A judge of sprite films', looks: 'A reader of looks',
};

/** Figures of the last validation that the card shows. */
const SHOWN = 24;

/** The card as Markdown. */
export function modelCard(run: RunFiles): string {
  const { name, log, record } = run, last = log.validations.at(-1), speed = speedOf(run), done = log.steps.at(-1)!.step, plan = record?.plan;
  const figures = last ? namesOf([last]).slice(0, SHOWN) : [];
  const sessions = record?.sessions ?? [], machine = sessions.at(-1);
  const facts: readonly (readonly [string, string] | undefined)[] = [
    plan && ['Parameters', `${(plan.parameters / 1e6).toFixed(2)} M`], ['Steps', record && record.steps !== done ? `${done} of ${record.steps}` : String(done)],
    plan && ['Samples a step', plan.samplesPerStep.toFixed(1)], plan && ['Arithmetic', `${shortNumber(plan.gflopPerStep * done / 1e6)} PFLOP, forward and backward`],
    ['Time', `${duration(speed.seconds)}${machine ? ` on ${machine.cpu}, ${machine.cores} cores` : ''}`], record ? ['Seed', String(record.seed)] : undefined,
    machine ? ['Software', `kinora${machine.commit ? ` at ${machine.commit.slice(0, 12)}` : ''}, onnxruntime ${machine.onnxruntime}, Node ${machine.node}`] : undefined,
    sessions[0] ? ['Begun', sessions[0].date.slice(0, 10)] : undefined,
  ];
  return `# ${name}

${KINDS[record?.kind ?? ''] ?? 'A model'}, trained with Kinora. [Say in a sentence what it makes.]

## Training

| | |
|---|---|
${facts.filter((row) => row !== undefined).map(([what, value]) => `| ${what} | ${value} |`).join('\n')}

Data: ${plan?.data ?? '[what it was trained on]'}. [Say where the clips come from, and under what licence.]

## Measured

${last ? `On held-out clips with the running average of weights, at step ${last.step}:

| figure | value |
|---|---|
${figures.map((figure) => `| \`${figure}\` | ${shortNumber(last.scalars[figure]!)} |`).join('\n')}` : 'Nothing was validated.'}
${log.warnings.length > 0 ? `\nWarned of: ${log.warnings.at(-1)!.message} (step ${log.warnings.at(-1)!.step}).\n` : ''}
## Limits

[What it cannot do; what it must not be used for.]

## Licence

[SPDX expression of the weights]
`;
}
