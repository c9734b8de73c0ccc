"""An event file as TensorBoard's own writer makes it, for test/fixtures/goldens/tensorboard.json. Needs `pip install tensorboard`."""
import base64
import json
import platform
import tempfile
from pathlib import Path

import tensorboard
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter, masked_crc32c

# (wall time in seconds, step, [(tag, value)]); values are exact in float32
EVENTS = [
    (1767323045.25, 1, [("train/loss", 0.5), ("train/rate", 0.0009765625)]),
    (1767323046.5, 128, [("train/loss", -3.25)]),
    (1767323046.5, 70000, [("validation/loss@0.95/17x64x64+1", 1.5e10), ("train/größe", 0.0)]),
]

path = Path(tempfile.mkdtemp()) / "events"
with open(path, "wb") as file:
    writer = RecordWriter(file)
    writer.write(event_pb2.Event(wall_time=EVENTS[0][0], file_version="brain.Event:2").SerializeToString(deterministic=True))
    for wall_time, step, values in EVENTS:
        summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in values])
        writer.write(event_pb2.Event(wall_time=wall_time, step=step, summary=summary).SerializeToString(deterministic=True))
    writer.flush()

TEXTS = ["", "123456789", "kinora", "a" * 100]
golden = {
    "script": "tools/reference/tensorboard_events.py", "python": platform.python_version(), "tensorboard": tensorboard.__version__,
    "crcs": [[text, masked_crc32c(text.encode())] for text in TEXTS],
    "events": [{"time": time, "step": step, "scalars": dict(values)} for time, step, values in EVENTS],
    "file": base64.b64encode(path.read_bytes()).decode(),
}
out = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "goldens" / "tensorboard.json"
out.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
print(f"{out.name}: {path.stat().st_size} bytes")
