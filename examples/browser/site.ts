/**
 * @file What the page consists of: its HTML, `kinora/web` as it was built, onnxruntime-web's WebAssembly and a model's folder. Any static host can serve these files; the two
 * headers isolate the page from other origins, without which browsers give it one thread.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where the parts lie. */
export interface SiteOptions {
  /** The folder of `kinora/web`. Default: as `npm run build` leaves it. */
  readonly web?: string;
  /** Folder of model folders. Default: those that ship. */
  readonly models?: string;
  /** Whether the page is isolated. Default true. */
  readonly isolated?: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json',
};
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin' };

/** A server of the page; the caller lets it listen. */
export function browserSite({ web = join(root, 'dist/web'), models = join(root, 'models'), isolated = true }: SiteOptions = {}): Server {
  const folders = { '/kinora/': web, '/ort/': join(root, 'node_modules/onnxruntime-web/dist'), '/models/': models };
  const fileOf = (url: string): string | undefined => {
    let path: string;
    try { path = decodeURIComponent(new URL(url, 'http://site').pathname); } catch { return undefined; }         // as /% is
    if (path === '/') return fileURLToPath(new URL('index.html', import.meta.url));
    const found = Object.entries(folders).find(([prefix]) => path.startsWith(prefix)), inside = found && normalize(path.slice(found[0].length));
    return found && !inside!.startsWith('..') ? join(found[1], inside!) : undefined;
  };
  return createServer(({ url = '/', method }, response) => {
    const file = fileOf(url);
    if (method !== 'GET' || file === undefined || !existsSync(file) || !statSync(file).isFile()) { response.writeHead(404).end(); return; }
    const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-length': statSync(file).size, 'cache-control': 'no-cache' };
    response.writeHead(200, { ...headers, ...(isolated ? ISOLATED : {}) });
    createReadStream(file).pipe(response);
  });
}
