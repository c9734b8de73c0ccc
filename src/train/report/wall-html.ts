/**
 * @file Walls of films as HTML: all steps are in the page, a slider shows one of them. Without scripts the last step is seen.
 */
import { escapeHtml } from '../../io/html.ts';
import { thinned, type WallStep } from './walls.ts';

/** Rules that a page with walls needs. */
export const WALL_STYLE = `.wall .set{display:flex;flex-wrap:wrap;gap:1rem}.wall .set[hidden]{display:none}
.wall figure{width:auto;max-width:20rem}.wall figcaption{max-width:20rem}
.wall img{image-rendering:pixelated;height:9rem;width:auto;max-width:none}.slider{display:flex;gap:1rem;align-items:center;margin:.5rem 0}.slider input{flex:0 1 40rem}`;

/** What moves the sliders. */
export const WALL_SCRIPT = `<script>for (const wall of document.querySelectorAll('.wall')) {
  const sets = [...wall.querySelectorAll('.set')], range = wall.querySelector('input'), label = wall.querySelector('output');
  range?.addEventListener('input', () => {
    sets.forEach((set, i) => { set.hidden = i !== Number(range.value); });
    label.textContent = 'step ' + sets[Number(range.value)].dataset.step;
  });
}</script>`;

/** Bytes of films that a page holds of one wall, at most. */
const MOST_BYTES = 24 * 2 ** 20;

/** As many steps of a wall as fit into a page, spread, the last always. */
export function fitting(steps: readonly WallStep[], most = MOST_BYTES): readonly WallStep[] {
  const size = (some: readonly WallStep[]): number => some.reduce((n, { films }) => n + films.reduce((m, { webp }) => m + webp.length, 0), 0);
  let kept = steps;
  while (kept.length > 1 && size(kept) > most) {
    const left = new Set(thinned(kept.map(({ step }) => step), kept.length - 1));
    kept = kept.filter(({ step }) => left.has(step));
  }
  return kept;
}

const figure = ({ caption, webp }: WallStep['films'][number]): string =>
  `<figure><img alt="${escapeHtml(caption)}" src="data:image/webp;base64,${Buffer.from(webp).toString('base64')}"><figcaption>${escapeHtml(caption)}</figcaption></figure>`;

/** A wall; nothing where nothing hangs. */
export function wallHtml(all: readonly WallStep[]): string {
  const steps = fitting(all), last = steps.length - 1;
  if (last < 0) return '';
  const slider = `<label class="slider"><input type="range" min="0" max="${last}" value="${last}" step="1" aria-label="step"><output>step ${steps[last]!.step}</output></label>`;
  const sets = steps.map(({ step, films }, i) => `<div class="set" data-step="${step}"${i === last ? '' : ' hidden'}>${films.map(figure).join('')}</div>`).join('\n');
  return `<div class="wall">${last > 0 ? slider : `<p>step ${steps[0]!.step}</p>`}${sets}</div>`;
}
