"""The unit that errors are counted in: how far off a painter is, by kind of detail and dark matter.

Counted in it, a void's faint web weighs as a halo's core does; counted in anything that is
the same everywhere, whoever paints haloes well may fill voids with noise.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.normalization import LogNormalization
from training.losses.pixels import pyramid
from training.losses.responses import KINDS, box_mean, normalized_area_means, responses

REFERENCE = 1.0e5
"""Dark matter, [Msun h / ckpc^2]: about the mean of a slab 1.4 Mpc/h deep at Omega_m = 0.3."""

LOWEST, HIGHEST, CLASSES = -0.9, 2.7, 13
"""First, last and number of the classes: log10 of dark matter in units of `REFERENCE`."""

STEP = (HIGHEST - LOWEST) / (CLASSES - 1)

NEIGHBOURHOOD = 3
"""Side of the square whose dark matter tells the class of a pixel and its differences, [pixels]."""

ENOUGH = 200
"""Pixels that a class must have; one with fewer takes its nearest neighbour's unit."""

SMALLEST = 1e-4
"""Of the units, normalised."""


@dataclass(frozen=True)
class Whitening:
    """Root mean square of residuals, by scale, kind of response and class of dark matter.

    Parameters
    ----------
    rms : tensor, (scales, kinds, classes)
        Normalised.
    """

    rms: Tensor

    def with_rounding(self, rounding: float) -> "Whitening":
        """Units that don't fall below what the features' precision rounds away, normalised."""
        return Whitening((self.rms.square() + rounding**2).sqrt())

    def units(self, dark_matter: Tensor) -> list[Tensor]:
        """Of each response of each pixel.

        Parameters
        ----------
        dark_matter : tensor, (n, 1, ny, nx)
            Surface density, [Msun h / ckpc^2].

        Returns
        -------
        list of tensor, (n, 6, ny / 2^i, nx / 2^i)
            One for each scale.
        """
        places = class_places(dark_matter, len(self.rms))
        return [_interpolated(table, p) for table, p in zip(self.rms, places, strict=True)]


def measure_whitening(
    trios: Iterable[tuple[Tensor, Tensor, Tensor]],
    normalization: LogNormalization,
    scales: int,
    view: Callable[[Tensor], Tensor] = torch.positive,
) -> Whitening:
    """Units from what a painter without noise gets wrong.

    Parameters
    ----------
    trios : iterable of (painted, target, dark matter), (1, 1, ny, nx)
        The first two normalised, the third in [Msun h / ckpc^2].
    normalization : LogNormalization
        Of the painted field.
    scales : int
        Number of grids.
    view : callable
        Applied to the normalised maps of every scale before their responses are taken.
    """
    shape = (scales, max(KINDS) + 1, CLASSES)
    squares, counts = torch.zeros(shape), torch.zeros(shape)
    for painted, target, dark_matter in trios:
        pairs = zip(
            normalized_area_means(painted, normalization, scales),
            normalized_area_means(target, normalization, scales),
            class_places(dark_matter, scales),
            strict=True,
        )
        for scale, (one, other, place) in enumerate(pairs):
            nearest = place.round().long().flatten()
            for kind, response in zip(KINDS, responses(view(one) - view(other))[0], strict=True):
                squares[scale, kind].index_add_(0, nearest, response.flatten().square())
                counts[scale, kind].index_add_(0, nearest, torch.ones(nearest.shape))
    rms = (squares / counts.clamp(min=1)).sqrt()
    return Whitening(_filled(rms, counts).clamp(min=SMALLEST))


def class_places(dark_matter: Tensor, scales: int) -> list[Tensor]:
    """Among the classes, from 0 to classes - 1, at every scale, (n, 1, ny / 2^i, nx / 2^i)."""
    means = (box_mean(scale, NEIGHBOURHOOD) for scale in pyramid(dark_matter, scales))
    return [(((mean / REFERENCE).log10() - LOWEST) / STEP).clamp(0, CLASSES - 1) for mean in means]


def pixel_weights(
    dark_matter: Tensor, units: list[Tensor], power: float = 0.3, largest: float = 50.0
) -> list[Tensor]:
    """Half by area, half by mass, with a mean of one at every scale.

    Counted in their units all pixels weigh the same, and voids, of which there are most, had
    nearly all of the gradient.

    Parameters
    ----------
    dark_matter : tensor, (n, 1, ny, nx)
        [Msun h / ckpc^2].
    units : list of tensor, (n, 6, ny / 2^i, nx / 2^i)
        Of the pixels' responses.
    power : float
        Of the unit of a difference along x, which is a further factor.
    largest : float
        Bound on a pixel's mass, in units of the mean.

    Returns
    -------
    list of tensor, (n, 1, ny / 2^i, nx / 2^i)
    """
    result = []
    for mass, unit in zip(pyramid(dark_matter, len(units)), units, strict=True):
        weight = (0.5 + 0.5 * (mass / mass.mean()).clamp(max=largest)) * unit[:, 1:2] ** power
        result.append(weight / weight.mean())
    return result


def _interpolated(table: Tensor, place: Tensor) -> Tensor:
    """Table (kinds, classes) at places (n, 1, ny, nx), for each response: (n, 6, ny, nx)."""
    below = place.floor().long().clamp(max=CLASSES - 2)
    share = (place - below)[:, 0]
    rows = table[list(KINDS)]
    value = torch.lerp(rows[:, below[:, 0]], rows[:, below[:, 0] + 1], share)
    return value.transpose(0, 1)


def _filled(rms: Tensor, counts: Tensor) -> Tensor:
    """Give every class of too few pixels the number of the nearest that has enough."""
    result = rms.clone()
    for row, number in zip(result.flatten(0, 1), counts.flatten(0, 1), strict=True):
        good = (number >= ENOUGH).nonzero()[:, 0]
        if not len(good):  # the coarsest grid of a few small maps
            good = number.argmax()[None]
        nearest = (good[None, :] - torch.arange(len(row))[:, None]).abs().argmin(dim=1)
        row.copy_(row[good[nearest]])
    return result
