/**
 * @file The library `kinora`: what other programs import. The command line does nothing that cannot be done from here.
 * Everything exported is public and documented; everything else may change without notice.
 */
export { CancelledError, FileError, InputError, KinoraError, ResourceError } from './core/errors.ts';
export { generate, generateFilms, type GenerateOptions } from './pipeline/generate.ts';
export { openPipeline, PHASES, Pipeline, type FilmProgress, type GeneratedFilm, type OpenPipelineOptions, type Phase, type PhaseTimes } from './pipeline/pipeline.ts';
export type { FilmOptions, GivenImage } from './pipeline/settings.ts';
export { findModel, installedModels, type InstalledModel, type ModelInfo } from './pipeline/model-store.ts';
export { SAMPLERS, type SamplerName } from './diffusion/samplers/registry.ts';
export type { Frames } from './media/frames.ts';
