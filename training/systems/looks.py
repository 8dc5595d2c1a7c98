"""How a painter of slabs is looked at while it trains: power and mass of slabs that train it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from engine import statistics
from engine.mesh import Slab
from engine.normalization import NORMALIZATIONS
from training.data.slabs import Pair
from training.systems import ember
from training.systems.contract import Picture
from training.validation import power_error

SLABS = 48
"""Training slabs that are looked at. Of HI the power of one is known to a factor of 1.6 (rms), so
that 16 left 12 % to chance."""

Network = TypeVar("Network", bound=nn.Module)


def look(
    pairs: Sequence[Pair], paint: Callable[[Slab, int], Slab]
) -> tuple[dict[str, float], Picture]:
    """Error of P(k) and mass of some slabs, and a picture of one.

    Parameters
    ----------
    pairs : sequence of Pair
        That train the network; some of them are taken.
    paint : callable
        Dark matter and a number of its noise in, a painting out.
    """
    chosen = spread(pairs)
    truth = [pair.target for pair in chosen]
    painted = [paint(pair.dark_matter, i) for i, pair in enumerate(chosen)]
    mass = statistics.get("total_mass")
    scores = {
        "power_error": power_error(list(zip(truth, painted, strict=True))),
        "mass": mass(painted) / mass(truth),
    }
    return scores, ember.side_by_side(chosen[0].dark_matter, truth[0], painted[0])


def paint_slab(
    network: Network,
    noise: Callable[[Network, Tensor, torch.Generator], Sequence[Tensor]],
    slab: Slab,
    field: str,
    number: int,
) -> Slab:
    """Paint a slab with the noise of a number.

    Parameters
    ----------
    network : Module
        Normalised dark matter and noise in, maps out, full size first.
    noise : callable
        Draws it for a network, its input and random numbers.
    slab : Slab
        Dark matter.
    field : str
        That is painted.
    number : int
        Seed of the random numbers.
    """
    device = next(network.parameters()).device
    random = torch.Generator(device).manual_seed(number)
    with torch.inference_mode():
        x = NORMALIZATIONS["dm"].forward(torch.tensor(slab.values, device=device)[None, None])
        full_size = network(x, noise(network, x, random))[0]
        values = NORMALIZATIONS[field].inverse(full_size)
    return slab.with_values(values[0, 0].cpu().numpy(), field=field)


def spread(pairs: Sequence[Pair]) -> list[Pair]:
    """Slabs to look at, evenly spread over all."""
    count = min(SLABS, len(pairs))
    return [pairs[i * len(pairs) // count] for i in range(count)]
