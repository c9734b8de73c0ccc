"""Goldens of single layers: y, and the gradients of sum(y * weights) with respect to inputs and parameters."""
import torch
import torch.nn.functional as F

import vae
from common import Params, draw, save
from transformer import heads, mlp, rope_angles, rotate, text_tower, rms

TENSORS: dict[str, torch.Tensor] = {}


def layer(name: str, f, *shapes: tuple[int, ...]) -> None:
    p = Params()
    inputs = [draw(f"{name}/x{i}", *shape, grad=True) for i, shape in enumerate(shapes)]
    y = f(p, *inputs)
    (y * draw(f"{name}/weights", *y.shape)).sum().backward()
    TENSORS.update({f"{name}/y": y, **{f"{name}/grad:x{i}": x.grad for i, x in enumerate(inputs)}, **{f"{name}/{k}": g for k, g in p.gradients().items()}})


POSITIONS = [[t, y, x] for t in (0, 4, 20) for y in range(2) for x in range(3)]
IDS = [[3, 1, 4], [1, 5, 9, 2, 6]]
TEXT = {"vocabulary": 10, "length": 5, "width": 16, "depth": 1, "heads": 2, "mlp": "gelu"}


def tower(p: Params) -> torch.Tensor:
    """States of real tokens, then pooled vectors, of both captions in one row."""
    out = [text_tower(p, ids, TEXT) for ids in IDS]
    return torch.cat([states.flatten() for states, _ in out] + [pooled for _, pooled in out])


def masked(p: Params, q, k, v) -> torch.Tensor:
    """Keys of the first item end after three, without a mask in sight."""
    one = F.scaled_dot_product_attention(q[:1], k[:1, :, :3], v[:1, :, :3])
    return torch.cat([one, F.scaled_dot_product_attention(q[1:], k[1:], v[1:])])


def cross(p: Params, x, states) -> torch.Tensor:
    k, v = p.linear("weight", states, 16, bias=False).chunk(2, -1)
    return F.scaled_dot_product_attention(heads(x, 2), heads(k, 2), heads(v, 2)).transpose(0, 1).flatten(1)


if __name__ == "__main__":
    layer("linear", lambda p, x: p.linear("linear", x, 7), (3, 2, 5))
    layer("convSpace", lambda p, x: vae.space(p, "conv", x, 4), (2, 3, 2, 5, 4))
    layer("convTime", lambda p, x: vae.time(p, "conv", x), (2, 3, 5, 2, 3))
    layer("convPoint", lambda p, x: vae.point(p, "conv", x, 4), (2, 3, 2, 3, 2))
    layer("spaceToChannels", lambda p, x: vae.frames(lambda f: F.pixel_unshuffle(f, 2), x), (2, 3, 2, 4, 6))
    layer("channelsToSpace", lambda p, x: vae.frames(lambda f: F.pixel_shuffle(f, 2), x), (2, 8, 2, 3, 2))
    layer("timeToChannels", lambda p, x: vae.pair_frames(x), (2, 3, 5, 2, 2))
    layer("channelsToTime", lambda p, x: vae.unpair_frames(x), (2, 6, 3, 2, 2))
    layer("rmsNorm", lambda p, x: rms(x), (4, 6))
    layer("layerNorm", lambda p, x: F.layer_norm(x, (6,), eps=1e-6), (4, 6))
    layer("attention", lambda p, q, k, v: F.scaled_dot_product_attention(q, k, v), (2, 2, 6, 4), (2, 2, 5, 4), (2, 2, 5, 4))
    layer("attentionBias", masked, (2, 2, 6, 4), (2, 2, 5, 4), (2, 2, 5, 4))
    layer("rope", lambda p, x: rotate(x, rope_angles(torch.tensor(POSITIONS, dtype=torch.float64), 16)), (1, 2, 18, 16))
    for kind in ("gelu", "swiglu", "relu2"):
        layer(f"mlp/{kind}", lambda p, x: mlp(p, "mlp", x, kind, 4, kind != "relu2"), (5, 16))
    layer("textTower", tower)
    layer("crossAttention", cross, (6, 8), (4, 12))
    save("layers", TENSORS, {"positions": POSITIONS, "ids": IDS, "text": TEXT})
