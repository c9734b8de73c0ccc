"""A training step of Kinora's models as one would write it in PyTorch: the other side of `npm run bench -- train-step`.

Reads one JSON object a line: first the model, then {"step": "eager" | "compiled"} for each step; answers each with one line.
Float32, all of PyTorch's threads. A step is forward, backward, clipping by global norm, AdamW (fused) and a running average of weights.
Segments of one length are a batch [n, L, D]; nothing is padded, nothing masked. Needs torch alone, none of the golden scripts.
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor


class Params:
    """Parameters, made when first asked for: small Gaussians, gains one, biases zero."""

    def __init__(self) -> None:
        self.all: dict[str, Tensor] = {}

    def __call__(self, name: str, *shape: int) -> Tensor:
        if name not in self.all:
            start = torch.randn(shape) / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else torch.full(shape, 1.0 if "norm" in name else 0.0)
            self.all[name] = start.requires_grad_()
        return self.all[name]

    def linear(self, name: str, x: Tensor, out: int, bias: bool = True) -> Tensor:
        return F.linear(x, self(f"{name}.weight", out, x.shape[-1]), self(f"{name}.bias", out) if bias else None)


def rms(x: Tensor, gain: Tensor | None = None) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], gain, eps=1e-6)


# ------------------------------------------------------------------------------------------------------------------- DiT


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def dit(p: Params, tokens: Tensor, sigma: Tensor, kind: Tensor, cos: Tensor, sin: Tensor, places: Tensor, c: dict) -> Tensor:
    """tokens [n, L, patch]; places [L, 60]; sigma features [n, 256]; kind [n] -> [n, L, patch]. One latent frame a segment, RMS norms, single modulation."""
    width, h = c["width"], c["heads"]
    kinds = p("kinds", 2, width)[kind]
    cond = F.silu(p.linear("time.fc2", F.silu(p.linear("time.fc1", sigma, width)), width) + kinds)
    shared = p.linear("modulation", cond, 6 * width)
    x = p.linear("embed", tokens, width) + p.linear("place", places, width, False) + kinds[:, None]
    n, length = x.shape[:2]
    for i in range(c["depth"]):
        b = f"blocks.{i}"
        shift1, scale1, gate1, shift2, scale2, gate2 = (shared + p(f"{b}.table", 6 * width))[:, None].chunk(6, -1)
        q, k, v = p.linear(f"{b}.attn.qkv", rms(x) * (1 + scale1) + shift1, 3 * width, False).view(n, length, 3, h, width // h).permute(2, 0, 3, 1, 4)
        q, k = rms(q, p(f"{b}.attn.normQ", width // h)), rms(k, p(f"{b}.attn.normK", width // h))
        y = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v)
        x = x + gate1 * p.linear(f"{b}.attn.proj", y.transpose(1, 2).reshape(n, length, width), width, False)
        y = F.relu(p.linear(f"{b}.mlp.fc1", rms(x) * (1 + scale2) + shift2, int(width * c["mlpRatio"]), False)).square()
        x = x + gate2 * p.linear(f"{b}.mlp.fc2", y, width, False)
    shift, scale = p.linear("final.modulation", cond, 2 * width)[:, None].chunk(2, -1)
    return p.linear("final.linear", rms(x) * (1 + scale) + shift, tokens.shape[-1])


def dit_loss(p: Params, m: dict):
    c, n, length = m["config"], m["segments"], m["rows"] * m["columns"]
    patch, half = c["channels"] * c["patch"] ** 2, c["width"] // c["heads"] // 2
    tokens, target, sigma = torch.randn(n, length, patch), torch.randn(n, length, patch), torch.randn(n, 256)
    kind, angles = torch.zeros(n, dtype=torch.long), torch.randn(length, half)
    cos, sin = angles.cos(), angles.sin()
    places = torch.randn(length, 60)
    return lambda: (dit(p, tokens, sigma, kind, cos, sin, places, c) - target).square().mean()


# ------------------------------------------------------------------------------------------------------------------- VAE


def active(x: Tensor) -> Tensor:
    return F.silu(x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6))


def conv(p: Params, name: str, x: Tensor, out: int, kernel: tuple[int, int, int]) -> Tensor:
    if kernel[0] > 1:
        x = F.pad(x, (0, 0, 0, 0, kernel[0] - 1, 0))
    return F.conv3d(x, p(f"{name}.weight", out, x.shape[1], *kernel), p(f"{name}.bias", out), padding=(0, kernel[1] // 2, kernel[2] // 2))


def blocks(p: Params, name: str, x: Tensor, n: int) -> Tensor:
    c = x.shape[1]
    for i in range(n):
        x = x + conv(p, f"{name}.{i}.time", active(conv(p, f"{name}.{i}.space", active(x), c, (1, 3, 3))), c, (3, 1, 1))
    return x


def unshuffle(x: Tensor, f: int) -> Tensor:
    return F.pixel_unshuffle(x.transpose(1, 2), f).transpose(1, 2)


def shuffle(x: Tensor, f: int) -> Tensor:
    return F.pixel_shuffle(x.transpose(1, 2), f).transpose(1, 2)


def pair_frames(x: Tensor) -> Tensor:
    """2n + 1 frames -> n + 1 of twice the channels; the first is paired with itself."""
    x = torch.cat([x[:, :, :1], x], 2)
    return x.unflatten(2, (-1, 2)).movedim(3, 2).flatten(1, 2)


def unpair_frames(x: Tensor) -> Tensor:
    return x.unflatten(1, (-1, 2)).movedim(2, 3).flatten(2, 3)[:, :, 1:]


def narrow(p: Params, name: str, x: Tensor, out: int) -> Tensor:
    return conv(p, name, x, out, (1, 1, 1)) + x.unflatten(1, (out, -1)).mean(2)


def widen(p: Params, name: str, x: Tensor, out: int) -> Tensor:
    return conv(p, name, x, out, (1, 1, 1)) + x.repeat_interleave(out // x.shape[1], 1)


def vae_loss(p: Params, m: dict):
    c = m["config"]
    (c1, c2, c3), z, enc, dec = c["channels"], c["latentChannels"], c["encoderBlocks"], c["decoderBlocks"]
    video, weight = torch.randn(m["batch"], 3, m["frames"], m["height"], m["width"]) / 3, torch.ones(m["batch"], 1, m["frames"], m["height"], m["width"])
    noise = torch.randn(m["batch"], z, (m["frames"] - 1) // 4 + 1, m["height"] // 8, m["width"] // 8)

    basis = torch.linalg.qr(torch.randn(768, z))[0].T.reshape(z, 3, 4, 8, 8)  # of the size of the cosine transform

    def loss() -> Tensor:
        linear = F.conv3d(torch.cat([video[:, :, :1]] * 3 + [video], 2), basis, stride=(4, 8, 8))
        h = conv(p, "encoder.stem", unshuffle(video, c["patch"]), c1, (1, 3, 3))
        h = narrow(p, "encoder.down1", pair_frames(blocks(p, "encoder.stage1", h, enc[0])), c2)
        h = narrow(p, "encoder.down2", unshuffle(pair_frames(blocks(p, "encoder.stage2", h, enc[1])), 2), c3)
        h = conv(p, "encoder.head", active(blocks(p, "encoder.stage3", h, enc[2])), 2 * z, (1, 1, 1))
        mean, log_variance = h.chunk(2, 1)
        mean, log_variance = mean + linear, (log_variance - 8).clamp(-30, 20)
        latents = mean + (log_variance / 2).exp() * noise
        h = blocks(p, "decoder.stage3", conv(p, "decoder.stem", latents, c3, (1, 1, 1)), dec[2])
        h = unpair_frames(shuffle(widen(p, "decoder.up2", h, 8 * c2), 2))
        h = unpair_frames(widen(p, "decoder.up1", blocks(p, "decoder.stage2", h, dec[1]), 2 * c1))
        h = conv(p, "decoder.head", active(blocks(p, "decoder.stage1", h, dec[0])), 3 * c["patch"] ** 2, (1, 3, 3))
        d = shuffle(h, c["patch"]) + F.conv_transpose3d(latents, basis, stride=(4, 8, 8))[:, :, 3:] - video
        kl = (mean.square() + log_variance.exp() - log_variance - 1).mean() / 2
        return ((d.square() + 0.1 * d.abs()) * weight).mean() + m["kl"] * kl

    return loss


# ------------------------------------------------------------------------------------------------------------------ step


class Step:
    def __init__(self, model: dict) -> None:
        self.p = Params()
        self.loss = {"dit": dit_loss, "vae": vae_loss}[model["model"]](self.p, model)
        self.loss()  # makes the parameters
        self.params = list(self.p.all.values())
        groups = [{"params": [q for q in self.params if (q.dim() > 1) == decayed], "weight_decay": 0.01 * decayed} for decayed in (True, False)]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.99), fused=True)
        self.ema = [q.detach().clone() for q in self.params]
        self.losses = {"eager": self.loss}

    def run(self, mode: str) -> None:
        if mode not in self.losses:
            self.losses[mode] = torch.compile(self.loss)
        self.optimizer.zero_grad(set_to_none=True)
        self.losses[mode]().backward()
        torch.nn.utils.clip_grad_norm_(self.params, 1.0, foreach=True)
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.ema, self.params, 0.001)


def answer(value: dict) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    step = None
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if step is None:
                torch.manual_seed(0)
                step = Step(request)
                answer({"torch": torch.__version__, "threads": torch.get_num_threads(), "parameters": sum(q.numel() for q in step.params)})
                continue
            started = time.perf_counter()
            step.run(request["step"])
            answer({"ms": (time.perf_counter() - started) * 1000})
        except Exception as error:  # said to the other side, which decides
            answer({"error": (str(error).strip().splitlines() or [type(error).__name__])[0]})
