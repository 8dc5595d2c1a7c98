"""A generator's loss as a list of weighted terms, each of some draws beside their truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from torch import Tensor

from engine.normalization import LogNormalization


@dataclass(frozen=True, eq=False)
class Paintings:
    """What a term sees: the draws of one batch, their truth and what they were painted from.

    Parameters
    ----------
    draws : sequence of sequence of tensor, (batch, 1, n / 2^i, ...)
        By draw, then by scale: normalised, full size first.
    real, dark_matter : sequence of tensor, (batch, 1, n / 2^i, ...)
        Likewise, by scale.
    scaling, dark_scaling : LogNormalization
        Of the painted field and of dark matter.
    """

    draws: Sequence[Sequence[Tensor]]
    real: Sequence[Tensor]
    dark_matter: Sequence[Tensor]
    scaling: LogNormalization
    dark_scaling: LogNormalization

    @cached_property
    def densities(self) -> list[Tensor]:
        """Density of each draw at full size, (batch, 1, n, ...), in the field's unit."""
        # An overshooting painting's power would overflow.
        highest = self.real[0].max() + 1
        bounded = [scales[0].clamp(max=highest) for scales in self.draws]
        return [self.scaling.inverse(full_size) for full_size in bounded]

    @cached_property
    def true_density(self) -> Tensor:
        """Density of the truth at full size, (batch, 1, n, ...)."""
        return self.scaling.inverse(self.real[0])


Seen = TypeVar("Seen", bound=Paintings)


@dataclass(frozen=True)
class Term(Generic[Seen]):
    """One term of a loss.

    Parameters
    ----------
    name : str
        In the log.
    weight : float
        Of the term.
    loss : callable
        Paintings in, one number out.
    draws : int
        How many draws of each map it takes.
    """

    name: str
    weight: float
    loss: Callable[[Seen], Tensor]
    draws: int = 1


def weighted(terms: Sequence[Term[Seen]], paintings: Seen) -> dict[str, Tensor]:
    """Weighted terms by name; their sum is the loss."""
    return {term.name: term.weight * term.loss(paintings) for term in terms}
