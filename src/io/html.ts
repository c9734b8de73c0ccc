/**
 * @file What the HTML reports share: one file that needs nothing else, in the reader's light or dark. Text that comes from data is escaped by whoever
 * puts it in, with {@link escapeHtml}; strings called `html` are taken as they are.
 */

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML shows it, also inside of attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c]!);

/** Bars of a count by name, in the order given. */
export function barsHtml(title: string, counts: ReadonlyMap<string, number>): string {
  const most = Math.max(1, ...counts.values());
  const bars = [...counts].map(([name, n]) => `<tr><th>${escapeHtml(name)}</th><td><i style="width:${((100 * n) / most).toFixed(1)}%"></i></td><td>${n}</td></tr>`).join('');
  return `<section><h3>${escapeHtml(title)}</h3><table class="bars">${bars || '<tr><td>none</td></tr>'}</table></section>`;
}

/** A heading and a list of texts; nothing where there are none. */
export const listHtml = (title: string, rows: readonly string[]): string =>
  (rows.length === 0 ? '' : `<h2>${escapeHtml(title)}</h2><ul>${rows.map((r) => `<li>${escapeHtml(r)}</li>`).join('')}</ul>`);

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#222;background:#fff}h1{font-size:1.5rem}h3{margin:.2rem 0}
.row{display:flex;flex-wrap:wrap;gap:1.5rem}section{flex:1 1 18rem}
.bars{width:100%;border-collapse:collapse}.bars th{text-align:left;font-weight:400;white-space:nowrap;padding-right:.6rem}
.bars td:nth-child(2){width:100%}.bars i{display:block;height:.8rem;background:#4a7fb5;min-width:1px}figure{width:9.5rem;margin:0;font-size:12px;overflow-wrap:anywhere}
img,.none{max-width:100%;min-height:2rem;background:#eee;display:block}.refused{color:#a33}ul{padding-left:1.2rem}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}.refused{color:#e88}}`;

/** Parts of {@link pageHtml}. */
export interface PageParts {
  /** Plain text. */
  readonly title: string;
  /** Inside of the body. */
  readonly html: string;
  /** Rules beside the common ones. */
  readonly style?: string;
}

/** A whole page. */
export const pageHtml = ({ title, html, style = '' }: PageParts): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}${style}</style>
${html}</html>
`;
