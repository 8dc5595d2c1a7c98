"""Invertible scalings between surface densities and what a network sees."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

Array = TypeVar("Array")
"""A numpy array or a torch tensor; torch is never imported here."""


@dataclass(frozen=True)
class LogNormalization:
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


# Table 2 of the paper (1e7, 1.5e6 and 1e4 Msun per pixel), times h = 0.6774 and divided by
# that pixel's area, (3.66 ckpc/h)^2. HI spans more decades than the others, hence its q.
NORMALIZATIONS: dict[str, LogNormalization] = {
    "dm": LogNormalization(k=3.0, x0=5.05e5, q=1.0),
    "dmo": LogNormalization(k=3.0, x0=5.05e5, q=1.0),
    "gas": LogNormalization(k=3.0, x0=7.58e4, q=1.0),
    "hi": LogNormalization(k=0.9, x0=505.0, q=0.2),
}


def normalization(field: str) -> LogNormalization:
    """Look up how EMBER scales a field.

    Raises
    ------
    ValueError
        If the field has none.
    """
    if field not in NORMALIZATIONS:
        raise ValueError(
            f"No normalisation is known for field {field!r}, expected one of "
            f"{', '.join(NORMALIZATIONS)}."
        )
    return NORMALIZATIONS[field]


def _log1p(x: Any) -> Any:
    return x.log1p() if hasattr(x, "log1p") else np.log1p(x)


def _expm1(x: Any) -> Any:
    return x.expm1() if hasattr(x, "expm1") else np.expm1(x)
