/**
 * @file The prompt-shuffle gap: held-out loss with other clips' captions minus that with the right ones, on the same clips, noise and levels. Where words are
 * used, wrong ones make it worse; a gap of nothing says that nothing is learnt from the text.
 */

/** Noise levels at which captions are dealt anew: those at which words decide. */
export const DEALT_LEVELS: readonly number[] = [0.75, 0.85, 0.95];

/** For each caption the next one, round the list, that says something else; null where one finds none: then there is nothing to tell apart. */
export function dealtCaptions(captions: readonly string[], count = captions.length): string[] | null {
  const dealt = captions.slice(0, count).map((own, j) => captions.map((_, i) => captions[(j + 1 + i) % captions.length]!).find((other) => other !== own));
  return dealt.every((caption) => caption !== undefined) ? dealt as string[] : null;
}

/** The gap of a validation that has `loss@σ` and `dealt@σ`. */
export interface ShuffleGap {
  /** Difference of the losses, mean over levels. */
  readonly gap: number;
  /** The same as a share of the loss with right captions. */
  readonly share: number;
}

/** The gap of a validation's figures; null where captions were not dealt anew. */
export function shuffleGap(scalars: Readonly<Record<string, number>>): ShuffleGap | null {
  const pairs = Object.entries(scalars).flatMap(([name, dealt]) => (name.startsWith('dealt@') ? [[scalars[name.replace('dealt@', 'loss@')]!, dealt] as const] : []));
  if (pairs.length === 0) return null;
  const mean = (of: 0 | 1): number => pairs.reduce((n, pair) => n + pair[of], 0) / pairs.length, right = mean(0), gap = mean(1) - right;
  return { gap, share: gap / right };
}

/**
 * Least gap, as a share of the loss, of a model that listens. Of the runs in docs/reports/004 one that did not had 0.000, one that did 0.05 after a tenth of its
 * steps and 0.30 at the end. And the share of a run before which nothing is said.
 */
const LISTENS = 0.01, PATIENCE = 0.1;

/** What to say of a validation's figures at a step of a run; undefined as long as all is well, or it is too early to say. */
export function shuffleWarning(scalars: Readonly<Record<string, number>>, step: number, steps: number): string | undefined {
  const found = shuffleGap(scalars);
  if (!found || step < PATIENCE * steps || found.share >= LISTENS) return undefined;
  return `nothing is learnt from the text: with other clips' captions the held-out loss is ${(100 * found.share).toFixed(2)} % higher at levels ${DEALT_LEVELS.join(', ')}, `
    + `wanted ${100 * LISTENS} % and more; look at the captions, at dropCaption, and whether the text tower was trained first (kinora train text)`;
}
