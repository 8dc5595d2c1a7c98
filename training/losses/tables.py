"""What a run measures of its training maps, by class of dark matter, before its first update."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from engine.normalization import LogNormalization
from training.losses.whitening import CLASSES, Whitening, class_places, measure_whitening

QUANTILES = (0.0005, 0.9995)
"""Of the pixels of a class, what is least and most: a few outliers aside."""

ABOVE = 0.02
"""Added to what is most, normalised: the turn to a bound is as wide."""

FEW = 300
"""Pixels that a class must have to have bounds of its own."""

FAINTEST = 1e-3
"""Normalised, below which no logarithm is taken: maps may have pixels without anything."""


class Tables(nn.Module):
    """Bounds of a field, units of its errors and how draws lean, as a checkpoint holds them.

    Parameters
    ----------
    scales, log_scales : int
        Number of grids for which there are units, and units of the logarithm.
    classes : int
        Number of bounds.
    """

    least: Tensor
    most: Tensor
    faintest: Tensor
    rms: Tensor
    log_rms: Tensor
    leaning: Tensor

    def __init__(self, scales: int, log_scales: int, classes: int) -> None:
        super().__init__()
        for name in ("least", "most"):
            self.register_buffer(name, torch.zeros(classes))
        self.register_buffer("faintest", torch.tensor(FAINTEST))
        for name, count in (("rms", scales), ("log_rms", log_scales)):
            self.register_buffer(name, torch.zeros(count, 4, CLASSES))
        self.register_buffer("leaning", torch.zeros(4))

    @property
    def lowest(self) -> float:
        """Least of a map that was measured anywhere, normalised, for logarithms."""
        return float(self.faintest)

    def log(self, maps: Tensor) -> Tensor:
        """Logarithm of normalised maps, down to what is least anywhere."""
        return maps.clamp(min=self.lowest).log()

    def units(self, rounding: float) -> tuple[Whitening, Whitening]:
        """Units of errors and of errors of the logarithm, no smaller than rounding, normalised."""
        plain, logarithm = Whitening(self.rms), Whitening(self.log_rms)
        return plain.with_rounding(rounding), logarithm.with_rounding(rounding / self.lowest)

    def measure_bounds(self, pixels: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Take up least and most of each class.

        Parameters
        ----------
        pixels : iterable of (class, value), of equal shapes
            Number of the nearest class, and the normalised field, of the pixels of some maps.
        """
        places, values = (torch.cat(parts).numpy() for parts in zip(*pixels, strict=True))
        order = np.argsort(places, kind="stable")
        ends = np.cumsum(np.bincount(places, minlength=len(self.least)))
        classes = np.split(values[order], ends[:-1])
        counts = np.array([len(each) for each in classes])
        enough = np.flatnonzero(counts >= min(FEW, counts.max()))
        found = np.array([np.quantile(classes[i], QUANTILES) for i in enough], dtype=np.float32)
        # A class of too few pixels may be as faint as its neighbour, and as bright as any; but
        # emptier voids than any grow fainter as these do.
        nearest = np.abs(enough - np.arange(len(counts))[:, None]).argmin(axis=1)
        least = found[nearest, 0]
        most = np.full(len(counts), found[:, 1].max())
        most[enough] = found[:, 1]
        first, *others = enough
        most[:first] = found[0, 1]
        if others and 0 < found[0, 0] < found[1, 0]:
            fall = (found[0, 0] / found[1, 0]) ** (1 / (others[0] - first))
            least[:first] *= fall ** np.arange(first, 0, -1, dtype=np.float32)
        self.faintest.fill_(max(found[:, 0].min(), FAINTEST))
        self.least.copy_(torch.from_numpy(least))
        self.most.copy_(torch.from_numpy(most + np.float32(ABOVE)))

    def measure_units(
        self,
        pairs: Callable[[], Iterable[tuple[Tensor, Tensor]]],
        normalization: LogNormalization,
        paint: Callable[[Tensor], Tensor] | None,
    ) -> None:
        """Take up the rms of what a painter without noise gets wrong; after the bounds.

        Parameters
        ----------
        pairs : callable
            Gives (target, dark matter), (1, 1, ny, nx), of some maps: the one normalised, the
            other in [Msun h / ckpc^2].
        normalization : LogNormalization
            Of the field.
        paint : callable, optional
            Dark matter in, the normalised field out; else the mean of each class paints.
        """
        paint = paint or class_means(pairs())

        def trios() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
            for target, dark_matter in pairs():
                yield paint(dark_matter).clamp(min=self.lowest), target, dark_matter

        three = list(trios())
        for table, view in ((self.rms, torch.positive), (self.log_rms, self.log)):
            table.copy_(measure_whitening(three, normalization, len(table), view).rms)


def class_means(pairs: Iterable[tuple[Tensor, Tensor]]) -> Callable[[Tensor], Tensor]:
    """Painter that gives each pixel the mean of its class of dark matter in some maps.

    Parameters
    ----------
    pairs : iterable of (target, dark matter), (1, 1, ny, nx)
        The one normalised, the other in [Msun h / ckpc^2].
    """
    sums, counts = torch.zeros(CLASSES), torch.zeros(CLASSES)
    for target, dark_matter in pairs:
        nearest = class_places(dark_matter, 1)[0].round().long().flatten()
        sums.index_add_(0, nearest, target.flatten())
        counts += torch.bincount(nearest, minlength=CLASSES)
    means = sums / counts.clamp(min=1)
    return lambda dark_matter: means[class_places(dark_matter, 1)[0].round().long()]
