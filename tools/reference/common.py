"""What all reference scripts share: Kinora's random numbers in numpy, parameters by name, and the writer of golden files.

A golden holds outputs and gradients alone. Weights and inputs are drawn on both sides from the same counter-based generator
(Philox 4x32-10, Salmon et al. 2011), so that neither side reads the other's arrays.
"""
import json
import platform
import struct
import sys
from pathlib import Path

import numpy as np
import torch

SEED = 20
GOLDENS = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "goldens"

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Ten rounds over counters [n, 4] of 32-bit words."""
    mask = np.uint64(0xFFFFFFFF)
    c0, c1, c2, c3 = (counter[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & mask, (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & mask
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)


def check_philox() -> None:
    """Known answers of the Random123 distribution (kat_vectors, philox4x32 10)."""
    for counter, key, want in [
        ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, (0xFFFFFFFF, 0xFFFFFFFF), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], (0xA4093822, 0x299F31D0), [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
    ]:
        got = philox(np.array([counter], dtype=np.uint32), key)[0].tolist()
        assert got == want, (got, want)


check_philox()


def normals(stream: str, count: int) -> np.ndarray:
    """Standard Gaussians of the sequence (SEED, stream, 0), rounded to float32 as Kinora's are."""
    name = 0x811C9DC5
    for c in stream:
        name = ((name ^ ord(c)) * 0x01000193) & 0xFFFFFFFF
    pairs = (count + 1) // 2
    counter = np.zeros(((2 * pairs + 3) // 4, 4), dtype=np.uint32)
    counter[:, 0], counter[:, 2] = np.arange(len(counter)), name
    bits = philox(counter, (SEED, 0)).reshape(-1)[: 2 * pairs].astype(np.float64)
    radius, angle = np.sqrt(-2 * np.log((bits[0::2] + 0.5) / 2**32)), 2 * np.pi * bits[1::2] / 2**32
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:count].astype(np.float32)


def draw(stream: str, *shape: int, grad: bool = False) -> torch.Tensor:
    """Gaussian input."""
    return torch.tensor(normals(stream, int(np.prod(shape))).astype(np.float64).reshape(shape), requires_grad=grad)


class Params:
    """Parameters, made when first asked for. The rule by shape and name is that of test/support/golden.ts: no parameter is zero."""

    def __init__(self) -> None:
        self.all: dict[str, torch.Tensor] = {}

    def __call__(self, name: str, *shape: int) -> torch.Tensor:
        if name not in self.all:
            n = normals(f"param:{name}", int(np.prod(shape))).astype(np.float64).reshape(shape)
            if len(shape) == 1:
                n = 0.3 * n + (1 if "norm" in name.lower() else 0)
            else:
                n = n / np.sqrt(shape[0] if len(shape) == 2 else np.prod(shape[1:]))
            self.all[name] = torch.tensor(n.astype(np.float32).astype(np.float64), requires_grad=True)
        assert tuple(self.all[name].shape) == shape, name
        return self.all[name]

    def linear(self, name: str, x: torch.Tensor, out: int, bias: bool = True) -> torch.Tensor:
        """Kinora keeps [in, out]; PyTorch wants [out, in]."""
        weight = self(f"{name}.weight", x.shape[-1], out)
        return torch.nn.functional.linear(x, weight.T, self(f"{name}.bias", out) if bias else None)

    def gradients(self) -> dict[str, torch.Tensor]:
        return {f"grad/{name}": p.grad for name, p in self.all.items()}


def save(name: str, tensors: dict[str, torch.Tensor], case: dict) -> None:
    """Writes safetensors (F32), with where it comes from and the case that the test has to build."""
    header: dict = {"__metadata__": {
        "script": f"tools/reference/{Path(sys.argv[0]).name}", "python": platform.python_version(), "torch": torch.__version__,
        "numpy": np.__version__, "seed": str(SEED), "case": json.dumps(case),
    }}
    body = b""
    for key, value in tensors.items():
        data = value.detach().numpy().astype("<f4")
        header[key] = {"dtype": "F32", "shape": list(data.shape), "data_offsets": [len(body), len(body) + data.nbytes]}
        body += data.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    (GOLDENS / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    print(f"{name}: {len(tensors)} tensors, {(8 + len(text) + len(body)) / 1e3:.0f} kB")
