/**
 * @file The front door of the sprite data: dressed characters composed from Liberated Pixel Cup layers.
 * Load a world once, draw a clip's specification by (seed, step), then render, caption or label it; each is a pure function.
 */
export * from './vocabulary.ts';
export { loadSpriteWorld, type SpriteWorld } from './load.ts';
export { afterChange, type CharacterLabels, type ClipSpec } from './spec.ts';
export { splitOf } from './split.ts';
export { DEEDS, drawClip, type Deeds, type DrawClipOptions } from './draw.ts';
export { walksOf, type MiddleWalk } from './places.ts';
export { renderClip, type RenderedClip } from './render.ts';
export { captionOf } from './captions.ts';
export type { Facts } from './facts.ts';
export { captionOfFacts } from './expand.ts';
export { readPrompt } from './reader.ts';
export { noisyCaption } from './caption-noise.ts';
export { previewSprites } from './preview.ts';
