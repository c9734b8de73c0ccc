/** @file The build: the library (dist/index.mjs with types), the command line (dist/cli.mjs) and the server's decoder of uploads. Dependencies stay outside. */
import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { index: 'src/index.ts', cli: 'src/cli/main.ts', decode: 'src/server/decode-main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: true,                                         // .mjs and .d.mts
  dts: true,
  deps: { skipNodeModulesBundle: true },                        // also the optional and the development ones
  logLevel: 'warn',
});
