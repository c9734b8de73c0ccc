"""Text tower and diffusion transformer in plain PyTorch: one sample at a time, nothing packed, no padding, no masks."""
import math

import torch
import torch.nn.functional as F

from common import Params


def mlp(p: Params, name: str, x: torch.Tensor, kind: str, ratio: float, bias: bool) -> torch.Tensor:
    width = x.shape[-1]
    inner = math.floor(width * ratio * (2 / 3 if kind == "swiglu" else 1) / 16 + 0.5) * 16
    h = p.linear(f"{name}.fc1", x, 2 * inner if kind == "swiglu" else inner, bias)
    if kind == "gelu":
        h = F.gelu(h, approximate="tanh")
    elif kind == "relu2":
        h = F.relu(h) ** 2
    else:
        gate, up = h.chunk(2, -1)
        h = F.silu(gate) * up
    return p.linear(f"{name}.fc2", h, width, bias)


def heads(x: torch.Tensor, n: int) -> torch.Tensor:
    """[L, D] -> [heads, L, d]"""
    return x.unflatten(-1, (n, -1)).transpose(0, 1)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """[heads, L, d] -> [L, D]"""
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(1)


def rms(x: torch.Tensor, gain: torch.Tensor | None = None) -> torch.Tensor:
    return F.rms_norm(x, x.shape[-1:], gain, eps=1e-6)


# ------------------------------------------------------------------------------------------------------------------ text


def text_tower(p: Params, ids: list[int], c: dict, prefix: str = "") -> tuple[torch.Tensor, torch.Tensor]:
    """One caption without its padding -> states [tokens, width], pooled [width]."""
    w = c["width"]
    x = p(f"{prefix}tokens", c["vocabulary"], w)[ids] + p(f"{prefix}positions", c["length"], w)[: len(ids)]
    for i in range(c["depth"]):
        b = f"{prefix}blocks.{i}"
        q, k, v = (heads(t, c["heads"]) for t in p.linear(f"{b}.qkv", rms(x, p(f"{b}.norm1", w)), 3 * w, bias=False).chunk(3, -1))
        x = x + p.linear(f"{b}.proj", attend(q, k, v), w, bias=False)
        x = x + mlp(p, f"{b}.mlp", rms(x, p(f"{b}.norm2", w)), c["mlp"], 4, False)
    states = rms(x, p(f"{prefix}norm", w))
    return states, states.sum(0) / c["length"]


# ------------------------------------------------------------------------------------------------------------- positions


def rope_angles(positions: torch.Tensor, head_dim: int, followed: list | None = None) -> torch.Tensor:
    """[L, 3] (t in pixel frames, h, w in tokens) -> angles [L, d/2]: 3/8 of the pairs for time, speeds from 0.4 (time) or 1 down to a hundredth.
    With `followed` [L], columns without their walks, every other pair of the width turns by those."""
    pairs = head_dim // 2
    space = (pairs - 2 * math.floor(pairs * 3 / 16 + 0.5)) // 2
    columns = []
    for axis, (count, top) in enumerate([(pairs - 2 * space, 0.4), (space, 1.0), (space, 1.0)]):
        for k in range(count):
            at = torch.tensor(followed, dtype=torch.float64) if followed is not None and axis == 2 and k % 2 == 1 else positions[:, axis]
            columns.append(at * top * 100 ** (-k / max(1, count - 1)))
    return torch.stack(columns, 1)


def place_features(sample: dict, patch: int) -> torch.Tensor:
    """[L, 60]: six sinusoids (cosines, then sines) of latent steps, rows from the upper and the lower edge, columns from the left and the right."""
    rows, columns = sample["height"], sample["width"]
    places = [[t / 4, y * patch, (rows - 1 - y) * patch, x * patch, (columns - 1 - x) * patch] for t in sample["time"] for y in range(rows) for x in range(columns)]
    angles = torch.tensor(places, dtype=torch.float64)[:, :, None] * 100 ** (-torch.arange(6) / 5)
    return torch.cat([angles.cos(), angles.sin()], -1).flatten(1)


def rotate(x: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Turns the pairs (x_i, x_{i + d/2})."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)


def sigma_features(sigma: torch.Tensor) -> torch.Tensor:
    """DiT's timestep embedding of 1000 sigma, 256 wide: cosines, then sines."""
    angles = sigma[:, None] * 1000 * torch.exp(-math.log(10000) * torch.arange(128) / 128)
    return torch.cat([angles.cos(), angles.sin()], -1)


# ------------------------------------------------------------------------------------------------------------------- DiT


def dit(p: Params, tokens: torch.Tensor, sample: dict, captions: list, c: dict) -> torch.Tensor:
    """One sample: tokens [frames * h * w, patch]; per latent frame `sigma`, `kind`, `caption`, `time`. With `hears` [tokens, regions] each frame has a list of captions, with `columns` [tokens] too columns may follow."""
    width, per_frame = c["width"], sample["height"] * sample["width"]
    frames = len(sample["sigma"])
    norm = rms if c["norm"] == "rms" else lambda x: F.layer_norm(x, x.shape[-1:], eps=1e-6)
    told = [c if isinstance(c, list) else [c] for c in sample["caption"]]
    spread = lambda x: x.repeat_interleave(per_frame, 0)  # frames -> tokens

    kinds = p("kinds", 2, width)[sample["kind"]]
    h = p.linear("time.fc1", sigma_features(torch.tensor(sample["sigma"])), width)
    cond = p.linear("time.fc2", F.silu(h), width) + kinds
    if c["textWidth"]:
        cond = cond + p.linear("pooled", torch.stack([torch.stack([rms(captions[i][1]) for i in own]).mean(0) for own in told]), width, bias=False)
    cond = F.silu(cond)

    x = p.linear("embed", tokens, width) + spread(kinds)
    if c["places"]:
        x = x + p.linear("place", place_features(sample, c["patch"]), width, bias=False)
    where = torch.tensor([[t, y, z] for t in sample["time"] for y in range(sample["height"]) for z in range(sample["width"])], dtype=torch.float64)
    angles = rope_angles(where, width // c["heads"], sample.get("columns") if c.get("follow") else None)
    shared = p.linear("modulation", cond, 6 * width) if c["modulation"] == "single" else None
    for i in range(c["depth"]):
        b = f"blocks.{i}"
        six = shared + p(f"{b}.table", 6 * width) if shared is not None else p.linear(f"{b}.modulation", cond, 6 * width)
        shift1, scale1, gate1, shift2, scale2, gate2 = (spread(t) for t in six.chunk(6, -1))
        q, k, v = (heads(t, c["heads"]) for t in p.linear(f"{b}.attn.qkv", norm(x) * (1 + scale1) + shift1, 3 * width, c["bias"]).chunk(3, -1))
        if c["qkNorm"]:
            q, k = rms(q, p(f"{b}.attn.normQ", width // c["heads"])), rms(k, p(f"{b}.attn.normK", width // c["heads"]))
        if c["rope"]:
            q, k = rotate(q, angles), rotate(k, angles)
        x = x + gate1 * p.linear(f"{b}.attn.proj", attend(q, k, v), width, c["bias"])
        if c["textWidth"]:
            q = p.linear(f"{b}.cross.q", norm(x), width, bias=False)
            read = []
            for f in range(frames):
                both = [p.linear(f"{b}.cross.kv.weight", captions[i][0], 2 * width, bias=False) for i in told[f]]
                for t in range(f * per_frame, (f + 1) * per_frame):  # each token by itself, over the words that it hears
                    heard = [own for r, own in enumerate(both) if "hears" not in sample or sample["hears"][t][r]]
                    if not heard:
                        read.append(torch.zeros_like(q[t : t + 1]))
                        continue
                    k, v = torch.cat(heard).chunk(2, -1)
                    read.append(attend(heads(q[t : t + 1], c["heads"]), heads(k, c["heads"]), heads(v, c["heads"])))
            x = x + p.linear(f"{b}.cross.proj", torch.cat(read), width, bias=False)
        x = x + gate2 * mlp(p, f"{b}.mlp", norm(x) * (1 + scale2) + shift2, c["mlp"], c["mlpRatio"], c["bias"])
    shift, scale = (spread(t) for t in p.linear("final.modulation", cond, 2 * width).chunk(2, -1))
    size = c["channels"] * c["patch"] ** 2 * c["outputs"]
    out = p.linear("final.linear", norm(x) * (1 + scale) + shift, size)
    return out + spread(p.linear("skip", cond, size)) * tokens if c.get("skip") else out
