"""A search by L-BFGS for the numbers of a stage of JERALD, some of them by their logarithms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import nn

from engine.networks.jerald.stages import Stage

HISTORY = 20
"""Steps that a search remembers: more than a stage of stars has numbers."""

FLAT = 1e-7
"""Slope, and relative change of a loss in a step, at which a search is at rest."""

WIDE = 100.0
"""Ratio of bounds above zero from which on a number is searched for by its logarithm."""

HOP = 0.05
"""By which part numbers are changed, rms, before a search that follows another."""

Bounds = tuple[float, float]


def numbers_of(stage: Stage) -> list[tuple[nn.Parameter, Bounds, bool]]:
    """Numbers of a stage by name and layer, their bounds, and whether logarithms are searched."""
    found = []
    for name in stage.groups:
        group: Any = getattr(stage, name)
        for number, values in group.items():
            lowest, highest = group.numbers[number][1]
            found.append((values, (lowest, highest), 0 < lowest < highest / WIDE))
    return found


def place_of(stage: Stage) -> NDArray[np.float64]:
    """Where a search is for a stage's numbers."""
    each = [v.detach().log() if log else v.detach() for v, _, log in numbers_of(stage)]
    return torch.cat(each).cpu().double().numpy()


@torch.no_grad()
def put_numbers(stage: Stage, place: NDArray[np.float64]) -> None:
    """Give a stage the numbers of a place of a search, within their bounds."""
    rest = torch.from_numpy(place)
    for values, _, log in numbers_of(stage):
        here, rest = rest[: len(values)], rest[len(values) :]
        values.copy_(here.exp() if log else here)
    stage.clip()


def hopped(stage: Stage, seed: tuple[int, int]) -> NDArray[np.float64]:
    """A place near that of a stage's numbers, each changed by a few per cent of itself."""
    place, noise = place_of(stage), np.random.default_rng(seed)
    each = [np.full(len(values), log) for values, _, log in numbers_of(stage)]
    by = HOP * noise.standard_normal(len(place))
    return np.where(np.concatenate(each), place + by, place * (1 + by))


def slope_at(stage: Stage) -> NDArray[np.float64]:
    """Slope of a loss by the place of a search, from the gradients of a stage's numbers."""
    each = []
    for values, _, log in numbers_of(stage):
        assert values.grad is not None
        each.append(values.grad * values.detach() if log else values.grad)
    return torch.cat(each).cpu().double().numpy()


def search(stage: Stage, loss: Callable[[], float], gradients: int) -> float:
    """Bring a stage's numbers as far down a loss as some gradients do; return what is left.

    Parameters
    ----------
    loss : callable
        Tells the loss of the numbers that the stage has, and leaves their gradients.
    """

    def told(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        put_numbers(stage, place)
        stage.zero_grad()
        return loss(), slope_at(stage)

    bounds: list[Bounds] = []
    for values, (low, high), log in numbers_of(stage):
        bounds += [(np.log(low), np.log(high)) if log else (low, high)] * len(values)
    found = minimize(
        told,
        place_of(stage),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxfun": gradients, "maxcor": HISTORY, "ftol": FLAT, "gtol": FLAT},
    )
    put_numbers(stage, found.x)
    return float(found.fun)
