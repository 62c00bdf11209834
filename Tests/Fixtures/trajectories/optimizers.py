"""Optimisers and schedules of a trajectory: PyTorch's where it has them, else plain ones written on its tensors.

FTRL-Proximal (McMahan et al. 2013, algorithm 1) and Lion (Chen et al. 2023, program 1) are not in PyTorch: the two
classes below are straight transcriptions, in float32 like everything else here.
"""
import torch


class FTRL(torch.optim.Optimizer):
    """z begins where the formula gives the weights that are there, so that they are where learning begins."""

    def __init__(self, parameters, lr, beta=1.0, l1=0.0, l2=0.0):
        super().__init__(parameters, {"lr": lr, "beta": beta, "l1": l1, "l2": l2})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alpha, beta, l1, l2 = group["lr"], group["beta"], group["l1"], group["l2"]
            for w in group["params"]:
                state = self.state[w]
                if not state:
                    state["n"] = torch.zeros_like(w)
                    state["z"] = -w * (beta / alpha + l2) - torch.sign(w) * l1
                z, n, g = state["z"], state["n"], w.grad
                sigma = ((n + g * g).sqrt() - n.sqrt()) / alpha
                z += g - sigma * w
                n += g * g
                moved = -(z - torch.sign(z) * l1) / ((beta + n.sqrt()) / alpha + l2)
                w.copy_(torch.where(z.abs() <= l1, torch.zeros_like(w), moved))


class Lion(torch.optim.Optimizer):
    def __init__(self, parameters, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for w in group["params"]:
                state = self.state[w]
                if not state:
                    state["mean"] = torch.zeros_like(w)
                mean = state["mean"]
                w.mul_(1 - group["lr"] * group["weight_decay"])
                w.sub_(group["lr"] * torch.sign(beta1 * mean + (1 - beta1) * w.grad))
                mean.mul_(beta2).add_(w.grad, alpha=1 - beta2)


def make(settings, parameters, weights):
    """From a run's optimiser: the learner's names; what is left out has the learner's default. Penalties and decay act on
    those of the parameters that are among `weights`."""
    kind, rate = settings["kind"], settings["learningRate"]
    l1, l2, decay = settings.get("l1", 0.0), settings.get("l2", 0.0), settings.get("weightDecay", 0.0)
    def is_weight(parameter):
        return any(parameter is weight for weight in weights)

    others = [p for p in parameters if not is_weight(p)]
    weights = [p for p in parameters if is_weight(p)]
    betas = (settings.get("beta1", 0.9), settings.get("beta2", 0.99 if kind in ("rmsprop", "lion") else 0.999))
    if kind == "ftrl":
        return FTRL([{"params": weights, "l1": l1, "l2": l2}, {"params": others}], lr=rate)
    assert l1 == 0.0, "PyTorch's optimisers have no L1"
    # PyTorch's weight_decay is an L2 penalty in all but AdamW and Lion.
    groups = [{"params": weights, "weight_decay": l2 or decay}, {"params": others, "weight_decay": 0.0}]
    assert decay == 0.0 or kind in ("adamw", "lion")
    if kind == "adam":
        return torch.optim.Adam(groups, lr=rate, betas=betas, eps=1e-8)
    if kind == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=betas, eps=1e-8)
    if kind == "amsgrad":
        return torch.optim.Adam(groups, lr=rate, betas=betas, eps=1e-8, amsgrad=True)
    if kind == "sgd":
        return torch.optim.SGD(
            groups, lr=rate, momentum=settings.get("momentum", 0.0), nesterov=settings.get("nesterov", False))
    if kind == "adagrad":
        return torch.optim.Adagrad(groups, lr=rate, eps=1e-8)
    if kind == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, alpha=betas[1], eps=1e-8)
    assert kind == "lion"
    return Lion(groups, lr=rate, betas=betas)


def schedule(settings, optimizer):
    """To be stepped after each step; None: a constant rate."""
    given = settings.get("schedule")
    if given is None:
        return None
    scheduler = torch.optim.lr_scheduler
    warmup, steps = given.get("warmupSteps", 0), given.get("steps")
    parts = []
    if warmup:
        parts.append(scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1))
    if given["kind"] == "cosine":
        floor = given.get("floor", 0.0) * settings["learningRate"]
        parts.append(scheduler.CosineAnnealingLR(optimizer, T_max=steps, eta_min=floor))
    elif given["kind"] == "exponential":
        parts.append(scheduler.ExponentialLR(optimizer, gamma=given["factor"] ** (1 / steps)))
    elif given["kind"] == "inverse_sqrt":
        parts.append(scheduler.LambdaLR(optimizer, lambda step: (1 + step / steps) ** -0.5))
    else:
        assert given["kind"] == "constant"
    if len(parts) < 2:
        return parts[0]
    return scheduler.SequentialLR(optimizer, parts, milestones=[warmup])
