import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { encodeClip, readManifest } from './dataset.ts';
import { scene } from './film.fixture.ts';
import { ingest } from './ingest.ts';

vi.mock('node-av', () => { throw new Error('not installed'); });

test('without node-av, films that need it wait and say how to get it; the rest is read', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kinora-no-av-')), out = join(dir, 'out'), film = join(dir, 'a.mp4');
  try {
    await writeFile(film, Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.alloc(100)]));
    await writeFile(join(dir, 'b.webp'), await encodeClip(scene(1, 13)));
    await expect(ingest({ inputs: [film], out: join(dir, 'none') })).rejects
      .toThrow(/no clip is kept: mp4 films need the optional package node-av \(npm install node-av\); 1 of 1 files wait/);
    const { clips, sources, notes } = await ingest({ inputs: [film, join(dir, 'b.webp')], out });
    expect([clips.length, sources.map((s) => s.source), notes]).toEqual([1, ['../b.webp'],
      ['mp4 films need the optional package node-av (npm install node-av)', '1 of 2 files wait for it: ../a.mp4']]);
    expect(await readManifest(out)).toHaveLength(1);
  } finally { await rm(dir, { recursive: true }); }
});
