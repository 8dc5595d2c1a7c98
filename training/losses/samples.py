"""The loss of a painter of samples: scores of how its draws lie about the truth, in units of error.

All are proper: least, in the mean, for the law that the truth has.
"""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from training.losses.energy import energy_score, texture_score
from training.losses.spectra import detail_score, mass_and_power_score, masses_score
from training.losses.tables import Tables
from training.losses.tails import tails_score
from training.losses.terms import Paintings, Term
from training.losses.whitening import pixel_weights


@dataclass(frozen=True, eq=False)
class Judged(Paintings):
    """Paintings beside the units that their errors are counted in.

    Their scales are `training.losses.responses.normalized_area_means`.

    Parameters
    ----------
    tables : Tables
        Units of the field's errors.
    rounding : float
        What the features' precision rounds away, normalised: smaller errors don't count.
    weights_power : float
        Of the units, in the weights of pixels.
    texture_scales : int
        Number of the finest grids whose texture is judged.
    """

    tables: Tables
    rounding: float
    weights_power: float
    texture_scales: int

    @cached_property
    def surface(self) -> Tensor:
        """Dark matter at full size, [Msun h / ckpc^2]."""
        return self.dark_scaling.inverse(self.dark_matter[0])

    @cached_property
    def units(self) -> list[Tensor]:
        """Of each response, by scale."""
        return self.tables.units(self.rounding)[0].units(self.surface)

    @cached_property
    def weights(self) -> list[Tensor]:
        """Of each pixel, by scale."""
        return pixel_weights(self.surface, self.units, self.weights_power)


def sample_terms(
    energy: float,
    log_energy: float,
    texture: float,
    detail: float,
    mass_and_power: float,
    masses: float,
    tails: float,
) -> tuple[Term[Judged], ...]:
    """Those terms that have a weight, of two draws or more."""
    every = (
        Term("energy", energy, _energy, draws=2),
        Term("log_energy", log_energy, _log_energy, draws=2),
        Term("texture", texture, _texture, draws=2),
        Term("detail", detail, _detail, draws=2),
        Term("mass_and_power", mass_and_power, _mass_and_power, draws=2),
        Term("masses", masses, _masses, draws=2),
        Term("tails", tails, _tails, draws=2),
    )
    return tuple(term for term in every if term.weight)


def _energy(of: Judged) -> Tensor:
    return energy_score(of.draws, of.real, of.units, of.weights)


def _log_energy(of: Judged) -> Tensor:
    """Energy score of the logarithm: what is faint counts by its ratio to the truth."""
    units = of.tables.units(of.rounding)[1].units(of.surface)
    weights = pixel_weights(of.surface, units, of.weights_power)
    *draws, real = (
        [of.tables.log(maps) for maps in scales[: len(units)]] for scales in (*of.draws, of.real)
    )
    return energy_score(draws, real, units, weights)


def _texture(of: Judged) -> Tensor:
    finest = slice(of.texture_scales)
    draws = [scales[finest] for scales in of.draws]
    return texture_score(draws, of.real[finest], of.units[finest], of.weights[finest])


def _detail(of: Judged) -> Tensor:
    draws = [scales[0] for scales in of.draws]
    return detail_score(draws, of.real[0], of.units[0][:, :1], of.surface, of.rounding)


def _mass_and_power(of: Judged) -> Tensor:
    return mass_and_power_score([scales[0] for scales in of.draws], of.true_density, of.scaling)


def _masses(of: Judged) -> Tensor:
    draws = [scales[0] for scales in of.draws]
    return masses_score(draws, of.true_density, of.scaling, of.surface)


def _tails(of: Judged) -> Tensor:
    draws = [scales[0] for scales in of.draws]
    return tails_score(draws, of.real[0], of.units[0][:, :1], of.surface, of.rounding)
