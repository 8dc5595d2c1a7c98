"""One step of a network down a loss, on any number of processes."""

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
) -> None:
    """Step a network down the sum of some terms, averaged over all processes.

    Groups of parameters with a "speed" have that many times the learning rate.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("speed", 1.0)
    optimizer.zero_grad()
    torch.stack(list(terms.values())).sum().backward()
    average_gradients(network, fabric)
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


def autocast(config: RunConfig, fabric: Fabric) -> torch.autocast:
    """Features in the run's precision."""
    kind = fabric.device.type
    return torch.autocast(kind, torch.bfloat16, enabled=config.precision == "bfloat16")
