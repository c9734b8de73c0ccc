from openai import OpenAI

client = OpenAI()

video = client.videos.create_and_poll(model="sora-2", prompt="a knight walks to the right", size="720x1280", seconds="4")
print(video.id, video.status, video.progress)
client.videos.download_content(video.id).write_to_file("film.mp4")
print([v.id for v in client.videos.list(limit=3)])

remix = client.videos.poll(client.videos.remix(video.id, prompt="a woman in a blue dress walks to the right").id)
with open("film.mp4", "rb") as film:
    longer = client.videos.poll(client.videos.extend(video=film, prompt="the knight goes on", seconds="4").id)
with open("film.mp4", "rb") as film:
    other = client.videos.poll(client.videos.edit(video=film, prompt="a knight with red hair walks to the right").id)
client.videos.download_content(longer.id).write_to_file("longer.mp4")

for each in (remix, longer, other, video):
    assert each.status == "completed", each.error
    print(client.videos.delete(each.id))
