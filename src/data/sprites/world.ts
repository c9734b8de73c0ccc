/**
 * @file The front door of the sprite data: dressed characters composed from Liberated Pixel Cup layers (issue 2, section 5).
 * Load a world once, draw a clip's specification by (seed, step), then render, caption or label it; each is a pure function.
 */
export * from './vocabulary.ts';
export type { Credit } from './credits.ts';
export { loadSpriteWorld, type LoadSpriteWorldOptions, type SpriteWorld } from './load.ts';
export { labelsOf, type CharacterLabels, type CharacterSpec, type ClipSpec, type GroundSpec, type Place, type Relation, type SpriteLabels, type Timing } from './spec.ts';
export { splitOf } from './split.ts';
export { drawClip, type DrawClipOptions } from './draw.ts';
export { renderClip, type RenderedClip } from './render.ts';
export { captionOf, type CaptionOptions } from './captions.ts';
export { noisyCaption } from './caption-noise.ts';
export { previewSprites, type PreviewSpritesOptions, type SpritePreview } from './preview.ts';
