import { writeFile } from 'node:fs/promises';
import OpenAI from 'openai';

const client = new OpenAI();

const finished = async (id: string) => {
  for (;;) {
    const { data: video, response } = await client.videos.retrieve(id).withResponse();
    if (video.status === 'completed' || video.status === 'failed') return video;
    await new Promise((done) => { setTimeout(done, Number(response.headers.get('openai-poll-after-ms') ?? 10_000)); });
  }
};
const download = async (id: string, file: string) => { await writeFile(file, Buffer.from(await (await client.videos.downloadContent(id)).arrayBuffer())); };

const video = await finished((await client.videos.create({ model: 'sora-2', prompt: 'a knight walks to the right', size: '720x1280', seconds: '4' })).id);
console.log(video.id, video.status, video.progress);
await download(video.id, 'film.mp4');
for await (const { id } of client.videos.list({ limit: 3 })) console.log(id);

const remix = await finished((await client.videos.remix(video.id, { prompt: 'a woman in a blue dress walks to the right' })).id);
const longer = await finished((await client.videos.extend({ video: { id: video.id }, prompt: 'the knight goes on', seconds: '4' })).id);
const other = await finished((await client.videos.edit({ video: { id: video.id }, prompt: 'a knight with red hair walks to the right' })).id);
await download(longer.id, 'longer.mp4');

for (const each of [remix, longer, other, video]) {
  if (each.status !== 'completed') throw new Error(each.error?.message);
  console.log(await client.videos.delete(each.id));
}
