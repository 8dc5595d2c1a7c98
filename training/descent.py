"""One step of a network down a loss, on any number of processes."""

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from training.config import RunConfig


def descend(
    terms: dict[str, Tensor],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    rate: float,
    fabric: Fabric,
    largest: float | None = None,
) -> None:
    """Step a network down the sum of some terms, averaged over all processes.

    Groups of parameters with a "speed" have that many times the learning rate. The gradient is
    scaled down to the largest norm, if there is one.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("speed", 1.0)
    optimizer.zero_grad()
    torch.stack(list(terms.values())).sum().backward()
    average_gradients(network, fabric)
    if largest is not None:
        torch.nn.utils.clip_grad_norm_(network.parameters(), largest)
    optimizer.step()


def average_gradients(network: nn.Module, fabric: Fabric) -> None:
    """Take the mean of the gradients over all processes.

    Once after the backward pass, in one piece: it works for any loss, while a wrapped
    network would have to be told of three passes through the critic and a second gradient.
    """
    if fabric.world_size == 1:
        return
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    mean = fabric.all_reduce(torch.cat([g.flatten() for g in gradients]), reduce_op="mean")
    assert isinstance(mean, Tensor)
    for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


def random_of(seed: int, update: int, number: int, fabric: Fabric) -> torch.Generator:
    """Random numbers of one step, a function of the run's seed and of where it is."""
    place = (seed, 2, update, number, fabric.global_rank)
    state = np.random.SeedSequence(place).generate_state(1, np.uint64)
    return torch.Generator(fabric.device).manual_seed(int(state[0]))


def autocast(config: RunConfig, fabric: Fabric, rounds: bool = True) -> torch.autocast:
    """Features in the run's precision, or in float32 where they must not be rounded."""
    rounds = rounds and config.precision == "bfloat16"
    return torch.autocast(fabric.device.type, torch.bfloat16, enabled=rounds)
