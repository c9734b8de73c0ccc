/** @file What the package exports, by name: a name that appears or goes is a decision; and that the examples use nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as kinora from '../../src/index.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);

test('the library exports these values', () => {
  expect(Object.keys(kinora).sort()).toEqual([
    'CancelledError', 'DEVICE_CHOICES', 'EVAL_WAYS', 'FileError', 'InputError', 'JOINS', 'KinoraError', 'LONG_WAYS', 'PHASES', 'PRECISIONS', 'Pipeline', 'QUANTIZATIONS',
    'REFUSALS', 'ResourceError', 'SAMPLERS', 'STAGES', 'TRAINABLE', 'WANTED_DRIFT', 'addModelFile', 'captionOf', 'concatFrames', 'contactSheet', 'diagnose', 'drawClip',
    'endpointCaptioner', 'evalLong', 'evalModel', 'evalModelLong', 'evalModelPairs', 'evalModelPrompts', 'evalModelWays', 'evalSprites', 'exportModel', 'exportStudent',
    'filmSigner', 'findModel', 'generate', 'generateFilms', 'ingest', 'installedModels', 'loadJudge', 'loadSpriteWorld', 'master', 'openCredentials', 'openModel', 'openPipeline',
    'ortBackend', 'planDiT', 'planDistill', 'planFootageDiT', 'planFootageVae', 'planText', 'planVae', 'previewSprites', 'readClip', 'readFilm', 'readImage', 'readManifest',
    'readMetadata', 'readModelFile', 'readRunConfig', 'readStoryboard', 'readVae', 'recordModel', 'recordedOptions', 'remix', 'renderClip', 'replay', 'selfTestDiT', 'sliceFrames',
    'toRgb', 'trainDiT', 'trainDistilled', 'trainJudge', 'trainLooks', 'trainText', 'trainVae', 'verifyFilm', 'writeFilm', 'writePng',
  ]);
});

test('examples import the library by its name, say how they are run, and know --quick', () => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'));
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) {
    const text = readFileSync(new URL(name, EXAMPLES), 'utf8');
    const own = `./${name.replace('.ts', '')}/`;                   // beside it may lie what only it needs
    const imports = [...text.matchAll(/from '([^']+)'/g)].map((m) => m[1]!).filter((from) => !from.startsWith('node:') && !from.startsWith(own));
    expect([name, imports]).toEqual([name, ['kinora']]);
    expect(text).toContain(`npx tsx examples/${name}`);
    expect(text).toContain('quick');
  }
});
