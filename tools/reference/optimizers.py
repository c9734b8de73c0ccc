"""Goldens of training: torch.optim.AdamW over twenty steps with warm-up, cosine end, clipping, and a running average; Muon over five."""
import math

import torch
import torch.nn.functional as F

from common import Params, draw, save

OPTIM = {"rate": 0.02, "warmup": 4, "decayShare": 0.4, "decay": 0.1, "beta2": 0.97, "clip": 1.0, "emaLimit": 0.6}
SIZES = {"rows": 16, "in": 8, "hidden": 12, "out": 3}


def rate_at(step: int, steps: int) -> float:
    """Linear warm-up, flat, cosine to a hundredth."""
    start = steps * (1 - OPTIM["decayShare"])
    if step < OPTIM["warmup"]:
        return OPTIM["rate"] * (step + 1) / OPTIM["warmup"]
    if step <= start:
        return OPTIM["rate"]
    return OPTIM["rate"] * (0.01 + 0.99 * (1 + math.cos(math.pi * (step - start) / (steps - start))) / 2)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum 0.95; singular values to about 1 by five steps of a X + b X X'X + c X (X'X)^2; root mean square 0.2 per element; decoupled decay."""

    def __init__(self, params, weight_decay: float) -> None:
        super().__init__(params, {"lr": 0.0, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.mul_(0.95).add_(p.grad)
                x = p.grad.add(buffer, alpha=0.95)
                u, s, v = torch.linalg.svd(x / (x.norm() + 1e-7), full_matrices=False)  # the iteration acts on singular values alone
                for _ in range(5):
                    s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(u @ torch.diag(s) @ v, alpha=-group["lr"] * 0.2 * math.sqrt(max(p.shape)))


def run(name: str, steps: int, muon: bool) -> None:
    p, n = Params(), SIZES
    net = lambda x: p.linear("fc2", F.silu(p.linear("fc1", x, n["hidden"])), n["out"])
    net(torch.zeros(1, n["in"]))
    matrices, vectors = ([q for q in p.all.values() if (q.dim() > 1) == wanted] for wanted in (True, False))
    betas = (0.9, OPTIM["beta2"])
    optimizers = [torch.optim.AdamW([{"params": vectors, "weight_decay": 0.0}, *([] if muon else [{"params": matrices, "weight_decay": OPTIM["decay"]}])], betas=betas, eps=1e-8)]
    if muon:
        optimizers.append(Muon(matrices, OPTIM["decay"]))
    ema = {k: q.detach().clone() for k, q in p.all.items()}
    losses, norms = [], []
    for step in range(steps):
        for o in optimizers:
            o.zero_grad()
            for group in o.param_groups:
                group["lr"] = rate_at(step, steps)
        x, target = draw(f"regression/x/{step}", n["rows"], n["in"]), draw(f"regression/target/{step}", n["rows"], n["out"])
        loss = ((net(x) - target) ** 2).mean()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(p.all.values(), OPTIM["clip"]))
        losses.append(loss.detach())
        for o in optimizers:
            o.step()
        d = min(OPTIM["emaLimit"], 1 - 1 / (0.1 * step + 1))
        ema = {k: d * e + (1 - d) * p.all[k].detach() for k, e in ema.items()}
    out = {"losses": torch.stack(losses), "norms": torch.stack(norms), **{f"value/{k}": q for k, q in p.all.items()}, **{f"ema/{k}": e for k, e in ema.items()}}
    for k, q in p.all.items():
        for o in optimizers:
            state = o.state.get(q, {})
            if "momentum" in state:
                out[f"m/{k}"] = state["momentum"]
            elif state:
                out[f"m/{k}"], out[f"v/{k}"] = state["exp_avg"], state["exp_avg_sq"]
    save(name, out, {"optim": OPTIM, "sizes": SIZES, "steps": steps})


if __name__ == "__main__":
    run("adamw", 20, muon=False)
    run("muon", 5, muon=True)
