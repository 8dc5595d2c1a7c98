"""Invertible scalings between physical values and what a network sees."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from engine.fields import field_named, one_of

Array = TypeVar("Array")
"""A numpy array or a torch tensor; torch is never imported here."""


class Normalization(ABC):
    """A scaling with its way back; `kind` names it on a card."""

    kind: ClassVar[str]

    @abstractmethod
    def forward(self, x: Array) -> Array:
        """Scale physical values, in the field's unit, to dimensionless ones."""

    @abstractmethod
    def inverse(self, scaled: Array) -> Array:
        """Undo `forward`."""


@dataclass(frozen=True)
class Identity(Normalization):
    """Values as they are, for what is dimensionless and of order one already."""

    kind: ClassVar[str] = "identity"

    def forward(self, x: Array) -> Array:
        """Return the values."""
        return x

    def inverse(self, scaled: Array) -> Array:
        """Return the values."""
        return scaled


@dataclass(frozen=True)
class Linear(Normalization):
    """Values in units of a fixed one.

    Parameters
    ----------
    scale : float
        In the field's unit.
    """

    kind: ClassVar[str] = "linear"

    scale: float

    def __post_init__(self) -> None:
        """Refuse a unit that is none."""
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"Normalisation scale is {self.scale}, expected a positive number.")

    def forward(self, x: Array) -> Array:
        """Divide by the unit."""
        values: Any = x
        return values / self.scale

    def inverse(self, scaled: Array) -> Array:
        """Multiply by the unit."""
        values: Any = scaled
        return values * self.scale


@dataclass(frozen=True)
class Decades(Normalization):
    """Logarithms from zero to one over the decades that there are, and zero for nothing.

    y = (log10 x - lowest + 0.1) / (highest - lowest + 0.1). What lies a tenth of a decade below
    the lowest, or at zero, becomes zero; what lies above the highest, more than one.

    Parameters
    ----------
    lowest, highest : float
        log10 of values in the field's unit.

    References
    ----------
    Chadayammuri et al. 2023, section 3.
    """

    kind: ClassVar[str] = "decades"

    lowest: float
    highest: float

    def __post_init__(self) -> None:
        """Refuse decades that are none."""
        if not (np.isfinite([self.lowest, self.highest]).all() and self.lowest < self.highest):
            raise ValueError(
                f"Normalisation decades are {self.lowest} to {self.highest}, expected a lowest and "
                "a higher one."
            )

    @property
    def _zero(self) -> float:
        return self.lowest - 0.1

    def forward(self, x: Array) -> Array:
        """Scale values to their place among the decades."""
        values: Any = x
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm = values.log10() if hasattr(values, "log10") else np.log10(values)
        return ((logarithm - self._zero) / (self.highest - self._zero)).clip(min=0)

    def inverse(self, scaled: Array) -> Array:
        """Undo `forward`; what lies at or below zero becomes nothing."""
        values: Any = scaled
        return (values > 0) * 10 ** (values * (self.highest - self._zero) + self._zero)


@dataclass(frozen=True)
class LogNormalization(Normalization):
    """The scaling x' = (1/k) ln[(x/x0)^q + 1].

    Zero stays zero; x0 is where it turns from a power law to a logarithm.

    Parameters
    ----------
    k : float
        Compression of the logarithm, dimensionless.
    x0 : float
        Turn-over, as surface density so that it means the same for any pixel size,
        [Msun h / ckpc^2].
    q : float
        Slope below x0, dimensionless.

    References
    ----------
    Bernardini et al. 2022, section 4.5 and table 2 (x0 there in Msun per pixel
    of 3.66 ckpc/h).
    """

    kind: ClassVar[str] = "log"

    k: float
    x0: float
    q: float

    def __post_init__(self) -> None:
        """Refuse numbers for which there is no way back."""
        for name in ("k", "x0", "q"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(
                    f"Normalisation parameter {name} is {value}, expected a positive number."
                )

    def forward(self, x: Array) -> Array:
        """Scale a map.

        Parameters
        ----------
        x : array or tensor
            Surface density, not negative, [Msun h / ckpc^2].

        Returns
        -------
        array or tensor
            Dimensionless, not negative.
        """
        ratio: Any = x / self.x0  # type: ignore[operator]
        return _log1p(ratio**self.q) / self.k

    def inverse(self, scaled: Array) -> Array:
        """Undo `forward`; what lies below zero, which no map reaches, becomes zero.

        Parameters
        ----------
        scaled : array or tensor
            Dimensionless.

        Returns
        -------
        array or tensor
            Surface density, [Msun h / ckpc^2].
        """
        positive: Any = scaled.clip(min=0)  # type: ignore[attr-defined]
        return self.x0 * _expm1(self.k * positive) ** (1 / self.q)


@dataclass(frozen=True)
class StandardLog(Normalization):
    """The logarithm of a cell's mass, over its spread about its mean.

    Parameters
    ----------
    volume : float
        Of a cell, comoving [(kpc/h)^3].
    offset : float
        Mass that is added before the logarithm is taken, so that empty cells have one, [Msun/h].
    mean, deviation : float
        Of log10 of the mass in Msun/h.

    References
    ----------
    Kasmanoff et al. 2020, whose offset is 1.
    """

    kind: ClassVar[str] = "standard log"

    volume: float
    offset: float
    mean: float
    deviation: float

    def __post_init__(self) -> None:
        """Refuse numbers for which there is no way back."""
        for name in ("volume", "offset", "deviation"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(
                    f"Normalisation parameter {name} is {value}, expected a positive number."
                )

    def forward(self, x: Array) -> Array:
        """Scale densities, [Msun h^2 / ckpc^3]."""
        mass: Any = x * self.volume + self.offset  # type: ignore[operator]
        return (_log(mass) / np.log(10) - self.mean) / self.deviation

    def inverse(self, scaled: Array) -> Array:
        """Undo `forward`; less than no mass is none."""
        logarithm: Any = scaled * self.deviation + self.mean  # type: ignore[operator]
        return ((10.0**logarithm - self.offset) / self.volume).clip(min=0)


# Table 2 of the paper (1e7, 1.5e6 and 1e4 Msun per pixel), times h = 0.6774 and divided by
# that pixel's area, (3.66 ckpc/h)^2. HI spans more decades than the others, hence its q.
NORMALIZATIONS: dict[str, LogNormalization] = {
    "dm": LogNormalization(k=3.0, x0=5.05e5, q=1.0),
    "dmo": LogNormalization(k=3.0, x0=5.05e5, q=1.0),
    "gas": LogNormalization(k=3.0, x0=7.58e4, q=1.0),
    "hi": LogNormalization(k=0.9, x0=505.0, q=0.2),
}


def normalization(field: str) -> Normalization:
    """Look up how a field is scaled: as EMBER does, or else in the same manner.

    A density or temperature that EMBER doesn't paint turns from linear to logarithmic in the
    middle of its expected decades, where EMBER's do; signed fields stay as they are.

    Raises
    ------
    ValueError
        If there is no such field.
    """
    about = field_named(field)
    if about.signed:
        return Identity()
    middle = 10.0 ** (sum(about.decades) / 2)
    return NORMALIZATIONS.get(field, LogNormalization(k=3.0, x0=middle, q=1.0))


KINDS: dict[str, type[Normalization]] = {
    cls.kind: cls for cls in (LogNormalization, Decades, StandardLog, Linear, Identity)
}


def normalization_to_json(scaling: Any) -> dict[str, Any]:
    """Write a scaling as a card holds it: its kind and its numbers."""
    return {"kind": scaling.kind, **asdict(scaling)}


def normalization_from_json(content: Mapping[str, Any]) -> Normalization:
    """Build the scaling that `normalization_to_json` wrote.

    Raises
    ------
    ValueError, TypeError
        If the kind is none or its numbers are of no use.
    """
    numbers = dict(content)
    return KINDS[one_of("kind of normalisation", str(numbers.pop("kind", "")), tuple(KINDS))](
        **numbers
    )


def _log(x: Any) -> Any:
    return x.log() if hasattr(x, "log") else np.log(x)


def _log1p(x: Any) -> Any:
    return x.log1p() if hasattr(x, "log1p") else np.log1p(x)


def _expm1(x: Any) -> Any:
    return x.expm1() if hasattr(x, "expm1") else np.expm1(x)
