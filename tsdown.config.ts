/**
 * @file The build: for Node the library (dist/index.mjs with types), the command line (dist/cli.mjs), the server's decoder of uploads, its deliverer of films and the probe of
 * devices, dependencies outside; for both the client of the server (dist/client.mjs with types), which has none; for browsers dist/web, the page's side (index.mjs with types)
 * and its worker, each with all that it needs inside, so that they run as they are served.
 */
import { defineConfig, type UserConfig } from 'tsdown';

const common = { format: 'esm', fixedExtension: true, logLevel: 'warn' } as const satisfies UserConfig;         // .mjs and .d.mts

/** `kinora/web`. */
export const WEB: UserConfig = {
  ...common,
  entry: { index: 'src/web/index.ts', worker: 'src/web/worker.ts' },
  outDir: 'dist/web', platform: 'browser', target: 'es2023', dts: { entry: 'src/web/index.ts' },
  deps: { alwaysBundle: [/./] },
  inputOptions: { resolve: { conditionNames: ['onnxruntime-web-use-extern-wasm', 'import', 'browser', 'default'] } },       // its WebAssembly is served, not bundled
};

export default defineConfig([
  {
    ...common,
    entry: {
      index: 'src/index.ts', client: 'src/client/index.ts', cli: 'src/cli/main.ts',
      decode: 'src/server/workers/decode-main.ts', deliver: 'src/server/workers/deliver-main.ts', probe: 'src/backend/ort/probe-main.ts',
    },
    platform: 'node', target: 'node20.19', dts: true,
    deps: { skipNodeModulesBundle: true },                      // also the optional and the development ones
  },
  WEB,
]);
