"""Heads of a trajectory: labels, losses of classes and of values, and the learned temperature.

A head is a dictionary: `classes` (0: a value; 1: two classes from one logit), `loss`, and the loss's constants. Values are
learned standardised by the running mean and deviation of the labels of all steps before, as the learner does; a head's
weight multiplies its loss in the sum; losses are summed over rows and divided by the rows, whatever the classes weigh.
"""
import numpy
import torch
from torch.nn import functional


def labels(head, buckets, scores):
    """Follow from the score: no draw of their own."""
    above = [1 if score > 0 else 0 for score in scores]
    if head["classes"] == 1:
        return torch.tensor(above)
    if head["classes"] > 1:
        return torch.tensor([(bucket + one) % head["classes"] for bucket, one in zip(buckets, above)])
    if head["loss"] == "poisson":
        return torch.tensor([float(max(0, int(3 + score))) for score in scores])
    return torch.tensor(numpy.array([numpy.float32(30 + 5 * score) for score in scores]))


def class_loss(head, z, y):
    """Sum over rows; classes as in the learner, one logit for two."""
    classes = max(head["classes"], 2)
    weights = torch.tensor(head.get("classWeights", [1.0] * classes))
    smoothing = head.get("labelSmoothing", 0.0)
    if head["classes"] == 1:
        z, hard = z[:, 0], y.float()
        if head["loss"] == "cross_entropy":
            target = hard * (1 - smoothing) + smoothing / 2
            return weights[0] * functional.binary_cross_entropy_with_logits(
                z, target, pos_weight=weights[1] / weights[0], reduction="sum")
        true = torch.where(hard > 0.5, z, -z)
        return (weights[y] * torch.sigmoid(-true) ** head["gamma"] * functional.softplus(-true)).sum()
    if head["loss"] == "cross_entropy":
        return functional.cross_entropy(z, y, weight=weights, label_smoothing=smoothing, reduction="sum")
    logs = functional.log_softmax(z, dim=1).gather(1, y[:, None])[:, 0]
    return (weights[y] * (1 - logs.exp()) ** head["gamma"] * -logs).sum()


def value_loss(head, z, y, delta):
    """Sum over rows, in the unit of z and y; delta: Huber's bound in that unit."""
    if head["loss"] == "squared":
        return functional.mse_loss(z, y, reduction="sum") / 2
    if head["loss"] == "huber":
        return functional.huber_loss(z, y, delta=delta, reduction="sum") if delta > 0 else (z * 0).sum()
    level = head["level"]
    return torch.maximum(level * (y - z), (level - 1) * (y - z)).sum()


def losses_of(head, statistics, z, y):
    """What a step descends, and what is reported."""
    if head["classes"] > 0:
        loss = class_loss(head, z, y)
        return loss, loss.item()
    z = z[:, 0]
    if head["loss"] == "poisson":
        loss = functional.poisson_nll_loss(z, y, log_input=True, full=False, reduction="sum")
        return loss, loss.item()
    mean, deviation = statistics.mean, statistics.deviation
    inverse = 1 / deviation if deviation > 0 else 0.0
    loss = value_loss(head, z, statistics.standardize(y), head.get("delta", 1.0) * inverse)
    answer = (mean + deviation * z.detach().double()).float()
    reported = value_loss(head, answer, y, head.get("delta", 1.0)).item()
    return loss, reported * (2 if head["loss"] == "squared" else 1)


def calibrate(head, logarithm, z, y):
    """The learned temperature's small step along the mean log loss of what was answered."""
    logarithm.requires_grad_(True)
    cooled = z.detach() / logarithm.exp()
    if head["classes"] == 1:
        loss = functional.binary_cross_entropy_with_logits(cooled[:, 0], y.float())
    else:
        loss = functional.cross_entropy(cooled, y)
    gradient, = torch.autograd.grad(loss, logarithm)
    logarithm.requires_grad_(False)
    logarithm -= 0.01 * gradient.clamp(-1, 1)


def of_classes(count, loss="cross_entropy", **more):
    return {"classes": count, "loss": loss, **more}


def of_values(loss, **more):
    return {"classes": 0, "loss": loss, **more}
