/** @file The build: the library (dist/index.mjs with types) and the command line (dist/cli.mjs). Dependencies stay outside. */
import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { index: 'src/index.ts', cli: 'src/cli/main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: true,                                         // .mjs and .d.mts
  dts: true,
  deps: { skipNodeModulesBundle: true },                        // also the optional and the development ones
  logLevel: 'warn',
});
