"""Goldens of the diffusion transformer: Kinora's own style with text, and the style of the DiT paper. Samples run alone; the test packs them."""
import torch

from common import Params, draw, save
from transformer import dit, text_tower

GROUPS = [  # as in the pack: segments of one shape stand together
    {"frames": 3, "height": 4, "width": 4, "count": 2},
    {"frames": 1, "height": 2, "width": 8, "count": 1},
    {"frames": 1, "height": 8, "width": 4, "count": 2},
    {"frames": 2, "height": 4, "width": 12, "count": 1},
]
SIGMAS = [0.93, 0.11, 0.5, 0.02, 0.77, 0.36, 0.999, 0.25, 0.64, 0.4, 0.08, 0.85]
KINDS = [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
CAPTIONS = [[1, 7, 3, 9], [2], [11, 5, 5, 8, 4, 10]]
CAPTION_OF = [0, 0, 2, 1, 1, 1, 2, 0, 2, 0, 1, 2]
TIMES = [0, 4, 5, 16, 1, 7, 0, 0, 0, 2, 11, 3]  # given frames stand between latent ones too

OURS = {"channels": 4, "patch": 1, "width": 32, "depth": 2, "heads": 2, "mlpRatio": 4, "mlp": "relu2", "modulation": "single", "norm": "rms", "qkNorm": True,
        "rope": True, "places": True, "skip": True, "bias": False, "textWidth": 16, "outputs": 1, "rematerialise": False}
PAPER = {"channels": 4, "patch": 2, "width": 32, "depth": 2, "heads": 4, "mlpRatio": 4, "mlp": "gelu", "modulation": "zero", "norm": "layer", "qkNorm": False,
         "rope": False, "places": False, "bias": True, "textWidth": None, "outputs": 2, "rematerialise": False}
TEXT = {"vocabulary": 12, "length": 6, "width": 16, "depth": 2, "heads": 2, "mlp": "relu2"}


REGIONS = {  # frames of two captions between frames of one; a token of them hears the left, the right, both, or nobody
    "groups": [{"frames": 1, "height": 4, "width": 4, "count": 1}, {"frames": 2, "height": 4, "width": 4, "count": 2, "regions": 2}],
    "sigma": [0.7, 0.93, 0.11, 0.5, 0.85], "kind": [0, 0, 1, 0, 0], "captionOfFrames": [1, 0, 2, 2, 0, 1, 0, 0, 0], "time": [0, 0, 4, 0, 4],
}
WHOLE = {"groups": GROUPS, "sigma": SIGMAS, "kind": KINDS, "captionOfFrames": CAPTION_OF, "time": TIMES}


def hearing(sample: int, tokens: int) -> list:
    return [[[1, 0], [0, 1], [1, 1], [0, 0], [1, 1]][(t + sample) % 5] for t in range(tokens)]


def walking(sample: int, tokens: int, width: int) -> list:
    """Columns as if nobody walked: those of most tokens their own, of the others some way off, also between two."""
    return [t % width - [0, 2, 0, 1.5, 0, -1][(t // width + sample) % 6] for t in range(tokens)]


def run(name: str, c: dict, pack: dict) -> None:
    p, loss, outputs, inputs, samples, at, place = Params(), 0, [], [], [], 0, 0
    patch = c["channels"] * c["patch"] ** 2
    captions = [text_tower(p, ids, TEXT, "text.") for ids in CAPTIONS] if c["textWidth"] else []
    for g in pack["groups"]:
        for _ in range(g["count"]):
            cut = slice(at, at + g["frames"])
            at += g["frames"]
            s = {"height": g["height"], "width": g["width"], **{key: pack[key][cut] for key in ("sigma", "kind", "time")}}
            i, rows, regions = len(samples), g["frames"] * g["height"] * g["width"], g.get("regions", 1)
            own = pack["captionOfFrames"][place : (place := place + g["frames"] * regions)]
            s["caption"] = own if regions == 1 else [own[f : f + regions] for f in range(0, len(own), regions)]
            if regions > 1:
                s["hears"] = hearing(i, rows)
                if c.get("follow"):
                    s["columns"] = walking(i, rows, g["width"])
            x = draw(f"tokens/{i}", rows, patch, grad=True)
            y = dit(p, x, s, captions, c)
            loss = loss + (y * draw(f"weights/{i}", *y.shape)).sum()
            inputs.append(x), outputs.append(y), samples.append(s)
    loss.backward()
    hears = [[h for t in s["hears"] for h in t] if "hears" in s else None for s in samples]
    columns = [s.get("columns") for s in samples]
    save(name, {"output": torch.cat(outputs), "grad:tokens": torch.cat([x.grad for x in inputs]), **p.gradients()},
         {"config": c, "text": TEXT, "captions": CAPTIONS, **pack, **({"hears": hears} if any(hears) else {}), **({"columns": columns} if any(columns) else {})})


if __name__ == "__main__":
    run("dit-tiny", OURS, WHOLE)
    run("dit-paper", PAPER, WHOLE)
    run("dit-regions", {**OURS, "follow": True}, REGIONS)
