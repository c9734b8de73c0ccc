/**
 * @file Films in a browser: `npx tsx examples/browser/serve.ts [--port 8080]` serves the page and the files that it needs; nothing is computed here. Run `npm run build`
 * first where sources were changed.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { browserSite } from './site.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });

if (!existsSync(new URL('../../dist/web/worker.mjs', import.meta.url))) throw new Error('kinora/web is not built: npm run build');
browserSite().listen(Number(values.port), 'localhost', () => { console.log(`http://localhost:${values.port}/`); });
