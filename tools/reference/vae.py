"""Golden of the video autoencoder, in PyTorch's own operations (conv3d, pixel_unshuffle, repeat_interleave) on [B, C, T, H, W]."""
import math

import torch
import torch.nn.functional as F

from common import Params, draw, save

# Coefficients (colour, t, y, x) in the order of src/models/vae/spectrum.ts.
ORDER = [0, 256, 512, 1]
CONFIG = {"latentChannels": 4, "patch": 4, "channels": [8, 16, 32], "encoderBlocks": [1, 2, 1], "decoderBlocks": [2, 1, 1]}
VIDEO = [2, 3, 5, 16, 24]


def active(x: torch.Tensor) -> torch.Tensor:
    """RMS norm over channels without gain, SiLU."""
    return F.silu(F.rms_norm(x.movedim(1, -1), (x.shape[1],), eps=1e-6).movedim(-1, 1))


def space(p: Params, name: str, x: torch.Tensor, out: int) -> torch.Tensor:
    return F.conv3d(x, p(f"{name}.weight", out, x.shape[1], 1, 3, 3), p(f"{name}.bias", out), padding=(0, 1, 1))


def time(p: Params, name: str, x: torch.Tensor) -> torch.Tensor:
    c = x.shape[1]
    return F.conv3d(F.pad(x, (0, 0, 0, 0, 2, 0)), p(f"{name}.weight", c, c, 3, 1, 1), p(f"{name}.bias", c))


def point(p: Params, name: str, x: torch.Tensor, out: int) -> torch.Tensor:
    return F.conv3d(x, p(f"{name}.weight", out, x.shape[1], 1, 1, 1), p(f"{name}.bias", out))


def blocks(p: Params, name: str, x: torch.Tensor, n: int) -> torch.Tensor:
    for i in range(n):
        h = space(p, f"{name}.{i}.space", active(x), x.shape[1])
        x = x + time(p, f"{name}.{i}.time", active(h))
    return x


def frames(f, x: torch.Tensor) -> torch.Tensor:
    """Applies an image function to each frame."""
    return torch.stack([f(frame) for frame in x.unbind(2)], 2)


def pair_frames(x: torch.Tensor) -> torch.Tensor:
    """2n + 1 frames -> n + 1: the first is paired with itself; the earlier of a pair has the even channels."""
    pairs = [(x[:, :, 0], x[:, :, 0])] + [(x[:, :, i], x[:, :, i + 1]) for i in range(1, x.shape[2], 2)]
    return torch.stack([torch.stack(pair, 2).flatten(1, 2) for pair in pairs], 2)


def unpair_frames(x: torch.Tensor) -> torch.Tensor:
    """n + 1 -> 2n + 1: of the first only the later is kept."""
    out = [x[:, c::2, i] for i in range(x.shape[2]) for c in (0, 1)]
    return torch.stack(out[1:], 2)


def narrow(p: Params, name: str, x: torch.Tensor, out: int) -> torch.Tensor:
    return point(p, name, x, out) + x.unflatten(1, (out, -1)).mean(2)


def widen(p: Params, name: str, x: torch.Tensor, out: int) -> torch.Tensor:
    return point(p, name, x, out) + x.repeat_interleave(out // x.shape[1], 1)


def cosines(n: int) -> torch.Tensor:
    """Orthonormal DCT-II, rows are frequencies."""
    k, i = torch.arange(n, dtype=torch.float64)[:, None], torch.arange(n, dtype=torch.float64)[None]
    rows = torch.cos(math.pi * (i + 0.5) * k / n) * math.sqrt(2 / n)
    rows[0] /= math.sqrt(2)
    return rows


def basis(channels: int) -> torch.Tensor:
    """[channels, colour, t, y, x]"""
    colours = torch.tensor([[1, 1, 1], [1, 0, -1], [-1, 2, -1]], dtype=torch.float64)
    colours = colours / colours.norm(dim=1, keepdim=True)
    whole = torch.einsum("ac,bt,dy,ex->abdectyx", colours, cosines(4), cosines(8), cosines(8)).reshape(768, 3, 4, 8, 8)
    return whole[ORDER[:channels]]


def gains(channels: int) -> torch.Tensor:
    return torch.arange(1, channels + 1, dtype=torch.float64) ** (1 / 3) / 4


def coefficients(video: torch.Tensor, channels: int) -> torch.Tensor:
    """Blocks of 4 x 8 x 8: a strided convolution over the film whose first frame is repeated."""
    film = torch.cat([video[:, :, :1]] * 3 + [video], 2)
    return F.conv3d(film, basis(channels) * gains(channels).reshape(-1, 1, 1, 1, 1), stride=(4, 8, 8))


def video_of(z: torch.Tensor) -> torch.Tensor:
    kernel = basis(z.shape[1]) / gains(z.shape[1]).reshape(-1, 1, 1, 1, 1)
    return F.conv_transpose3d(z, kernel, stride=(4, 8, 8))[:, :, 3:]


def encode(p: Params, video: torch.Tensor, c: dict) -> tuple[torch.Tensor, torch.Tensor]:
    c1, c2, c3 = c["channels"]
    n1, n2, n3 = c["encoderBlocks"]
    linear = coefficients(video, c["latentChannels"])
    h = space(p, "encoder.stem", frames(lambda x: F.pixel_unshuffle(x, c["patch"]), video), c1)
    h = narrow(p, "encoder.down1", pair_frames(blocks(p, "encoder.stage1", h, n1)), c2)
    h = narrow(p, "encoder.down2", frames(lambda x: F.pixel_unshuffle(x, 2), pair_frames(blocks(p, "encoder.stage2", h, n2))), c3)
    correction, log_variance = point(p, "encoder.head", active(blocks(p, "encoder.stage3", h, n3)), 2 * c["latentChannels"]).chunk(2, 1)
    return linear + correction, (log_variance - 8).clamp(-30, 20)


def decode(p: Params, z: torch.Tensor, c: dict) -> torch.Tensor:
    c1, c2, c3 = c["channels"]
    n1, n2, n3 = c["decoderBlocks"]
    h = blocks(p, "decoder.stage3", point(p, "decoder.stem", z, c3), n3)
    h = unpair_frames(frames(lambda x: F.pixel_shuffle(x, 2), widen(p, "decoder.up2", h, 8 * c2)))
    h = unpair_frames(widen(p, "decoder.up1", blocks(p, "decoder.stage2", h, n2), 2 * c1))
    h = space(p, "decoder.head", active(blocks(p, "decoder.stage1", h, n1)), 3 * c["patch"] ** 2)
    return frames(lambda x: F.pixel_shuffle(x, c["patch"]), h) + video_of(z)


if __name__ == "__main__":
    p, x = Params(), draw("video", *VIDEO, grad=True)
    mean, log_variance = encode(p, x, CONFIG)
    z = mean + (log_variance / 2).exp() * draw("noise", *mean.shape)
    y = decode(p, z, CONFIG)
    loss = sum((t * draw(f"weights/{n}", *t.shape)).sum() for n, t in [("mean", mean), ("logVariance", log_variance), ("decoded", y)])
    loss.backward()
    save("vae-tiny", {"mean": mean, "logVariance": log_variance, "decoded": y, "grad:video": x.grad, **p.gradients()}, {"config": CONFIG, "video": VIDEO})
