/**
 * @file Captions of footage by an OpenAI-compatible endpoint that sees: first, middle and last frame of each clip as JPEG, with what was measured. It fails aloud, like
 * the endpoint that expands prompts (expand-endpoint.ts): no clip is captioned by something else because a server was silent.
 */
import sharp from 'sharp';
import type { Captioner } from '../../data/footage/read-source.ts';
import type { Frames } from '../../media/frames.ts';
import { askEndpoint, type ExpandEndpoint } from './expand-endpoint.ts';

const BRIEF = [
  'You caption clips for the training of a video model. You get frames of one clip in order of time, and what was measured of it.',
  'Answer with one plain English sentence of at most 40 words: who or what is seen, how it looks, what it does, where, and how the camera moves if it does.',
  'Say only what is seen. No introduction, no quotation marks, no guesses about names, sound or mood.',
].join(' ');

async function dataUrl({ data, width, height }: Frames): Promise<string> {
  const jpeg = await sharp(data, { raw: { width, height, channels: 3 } }).jpeg({ quality: 85 }).toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}

/** A captioner that asks an endpoint; its address, or address and key. Throws a ResourceError when the endpoint does not give a caption. */
export function endpointCaptioner(endpoint: string | ExpandEndpoint): Captioner {
  const where = typeof endpoint === 'string' ? { url: endpoint } : endpoint;
  return {
    name: where.url,
    async describe({ pictures, tags, name, signal }) {
      const told = [tags.length > 0 ? `Measured: ${tags.join(', ')}.` : '', name === '' ? '' : `Name of the file: ${name}.`, 'Caption the clip.'].filter((s) => s !== '').join(' ');
      return askEndpoint(told, BRIEF, {
        ...where, pictures: await Promise.all(pictures.map(dataUrl)), task: ['caption a clip', 'file names and what is measured do it'], ...(signal ? { signal } : {}),
      });
    },
  };
}
