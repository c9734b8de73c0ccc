/**
 * @file The library `kinora`: what other programs import. The command line does nothing that cannot be done from here.
 * Everything exported is public and documented; everything else may change without notice.
 */
// Failures: one class for each thing that a caller can do something about.
export { CancelledError, FileError, InputError, KinoraError, ResourceError } from './core/errors.ts';

// Words → film.
export { generate, generateFilms, type GenerateOptions } from './pipeline/generate.ts';
export { openPipeline, Pipeline, type GeneratedFilm, type GenerateOptions as PipelineOptions, type OpenPipelineOptions } from './pipeline/pipeline.ts';
export { DEVICE_CHOICES, PRECISIONS, type DeviceChoice, type EngineOptions, type Precision } from './pipeline/engine.ts';
export { diagnose, type DiagnoseOptions } from './pipeline/doctor/doctor.ts';
export type { Check, Diagnosis } from './pipeline/doctor/check.ts';
export { PHASES, type FilmPreview, type FilmProgress, type JobOptions, type Phase, type PhaseTimes } from './pipeline/job.ts';
export type { PartsOptions } from './pipeline/parts.ts';
export type { Expanded, ExpandOptions } from './pipeline/prompt/expand.ts';
export type { ExpandEndpoint } from './pipeline/prompt/expand-endpoint.ts';
export type { FilmOptions, GivenClip, GivenImage, GivenShot, GivenSource, GivenVariation, ImageSource } from './pipeline/settings/film-options.ts';
export type { GivenLora } from './pipeline/model/lora.ts';
export type { FilmSource, FilmWays, Storyboard, StoryboardShot, WayOptions } from './pipeline/settings/ways.ts';
export { readStoryboard } from './pipeline/settings/storyboard.ts';
export { master, recordedOptions, remix, replay, type AgainOptions, type Mastered, type Replayed } from './pipeline/again.ts';
export { JOINS, LONG_WAYS, type Join, type LongWay } from './pipeline/settings/timeline.ts';
export { QUANTIZATIONS, type Quantization } from './models/dit/config.ts';
export { SAMPLERS, type SamplerName } from './diffusion/samplers/registry.ts';

// Models on disk.
export { addModelFile, findModel, installedModels, openModel, readModelFile, type InstalledModel, type ModelInfo } from './pipeline/model/model-store.ts';

// Films and images as bytes, in and out of files.
export { concatFrames, sliceFrames, toRgb, type Frames } from './media/frames.ts';
export { readFilm, readImage, readMetadata, type ReadFilmOptions } from './media/read.ts';
export { writeFilm, type SinkOptions, type WrittenFilm } from './media/sink.ts';
export type { FilmMetadata } from './media/metadata.ts';
export { contactSheet, writePng, type ContactSheetOptions } from './media/contact-sheet.ts';

// Where films come from: manifests that say it, signed.
export { openCredentials, type Credentials } from './provenance/credentials.ts';
export { filmSigner, type FilmSignerOptions } from './provenance/sign.ts';
export { verifyFilm, type FilmSignature, type FilmVerdict, type VerifyFilmOptions } from './provenance/verify.ts';
export type { FilmProblem, FilmProblemCode } from './provenance/problems.ts';
export type { FilmSigner, SignedFile, SignOptions } from './media/signer.ts';

// The sprite world: dressed characters, the data of `sprites-64`.
export { captionOf, drawClip, loadSpriteWorld, previewSprites, renderClip, type ClipSpec, type RenderedClip, type SpriteWorld } from './data/sprites/world.ts';

// Own footage: folders of films and images to a dataset of captioned clips.
export { ingest, type IngestOptions, type IngestProgress, type IngestResult } from './data/footage/ingest.ts';
export type { Captioner, CaptionRequest } from './data/footage/read-source.ts';
export { readClip, readManifest } from './data/footage/dataset.ts';
export type { ClipRow, DoneRow, RefusedRow } from './data/footage/journal.ts';
export { REFUSALS, STAGES, type Refusal, type Stage } from './data/footage/stages.ts';
export { endpointCaptioner } from './pipeline/prompt/caption-endpoint.ts';

// Training: a configuration and a folder in, weights out.
export { ortBackend, type OrtOptions } from './backend/ort/ort.ts';
export { readRunConfig, TRAINABLE, type DistillRunConfig, type DiTRunConfig, type TextRunConfig, type Trainable, type VaeRunConfig } from './train/config.ts';
export { selfTestDiT, trainDiT } from './train/run/dit-run.ts';
export type { DataOptions, DiTRunOptions, RunOptions } from './train/run/options.ts';
export { trainText } from './train/run/text-run.ts';
export { trainVae } from './train/run/vae-run.ts';
export { exportStudent, trainDistilled, type DistillRunOptions, type ExportStudentOptions } from './train/distill.ts';
export { trainJudge, type TrainJudgeOptions } from './train/tasks/judge-task.ts';
export { trainLooks, type TrainLooksOptions } from './train/tasks/looks-task.ts';
export { planDistill, planDiT, planFootageDiT, planFootageVae, planText, planVae, type PlanFootageOptions } from './train/plan.ts';
export type { RunPlan } from './train/run-plan.ts';
export { exportModel, type ExportOptions } from './train/export.ts';
export { readVae } from './train/vae-file.ts';

// Evaluation.
export { evalModelPrompts, type EvalModelPromptsOptions } from './eval/prompt-model.ts';
export type { PromptReport } from './eval/prompt-eval.ts';
export { evalModel, recordModel, type EvalFilm, type EvalModelOptions, type EvalResult } from './eval/model.ts';
export { evalSprites, type AttributeReport, type ClipRequest, type EvalRecord, type EvalReport, type EvalSpritesOptions, type GenerateClip } from './eval/sprites.ts';
export { evalModelPairs, type EvalModelPairsOptions } from './eval/model-pairs.ts';
export type { PairsReport, PairShare } from './eval/pairs.ts';
export { evalModelWays, type EvalModelWaysOptions } from './eval/model-ways.ts';
export { evalModelLong, type EvalModelLongOptions } from './eval/model-long.ts';
export { evalLong, WANTED_DRIFT, type EvalLongOptions, type LongGroup, type LongReport, type LongSlice, type LongWayReport } from './eval/long.ts';
export type { Median } from './eval/drift.ts';
export { EVAL_WAYS, type EvalWay, type ComparedShare, type WayReport, type WaysReport } from './eval/ways.ts';
export { loadJudge, type SpriteJudge } from './eval/judge.ts';
