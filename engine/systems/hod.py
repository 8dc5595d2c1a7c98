"""The halo occupation distribution: stars drawn from those of haloes of the same mass."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.catalogue_grids import SUBHALOS
from engine.halos import Subhalos
from engine.noise import Realisation
from engine.systems.card import ModelCard
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.dm2gal import checked_inputs, least_mass, near, painted, subhalos_of
from engine.systems.registry import register

BIN = 0.25
"""Of the host's mass, [dex]."""


@register("hod")
class HodEmulator(Emulator):
    """Each subhalo draws its stars from those of the training subhaloes of the same kind.

    Of the same kind are those in hosts of the same mass, to a quarter of a decade, and central
    or not as it is itself; those without any galaxy among them, so that the share of dark
    subhaloes comes out by itself. A subhalo's draw depends on the seed and its row alone.

    Its weights are those training subhaloes: `host` (log10 of the host's mass in Msun/h),
    `central` (0 or 1), `mass` (log10 of its own mass) and `stars` (scaled), (n,) each.

    References
    ----------
    Kasmanoff et al. 2020, section 3.1, without its corrections of masses by numbers.
    """

    title = "HOD"
    paper = "halo occupation, as the baseline of Kasmanoff et al. 2020"
    on_cpu = True

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take the training subhaloes, and sort them into kinds."""
        self.kinds = kinds_of(self.card, weights)
        self.training = training_of(self.card, weights)
        """Mass of the training subhaloes and the stars in them, (n,) both, [Msun/h]."""

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Draw once for each realisation. See `Emulator.predict_many`."""
        grid = self.named(inputs)[SUBHALOS]
        self.values(parameters)
        warnings = checked_inputs({SUBHALOS: grid}, self.card, region)
        halos = subhalos_of(grid)
        seen = near(halos, grid, region) & (halos.mvir >= least_mass(self.card))
        kind = kind_of(halos)[seen]
        boxes = []
        for each in realisations:
            stars = self._draw(kind, np.flatnonzero(seen), each.seed)
            box = painted(grid, halos, seen, stars, self.card, warnings, each.seed)
            boxes.append(box if region is None else box.cut(region))
        return boxes

    def _draw(
        self, kind: NDArray[np.int64], row: NDArray[np.int64], seed: int
    ) -> NDArray[np.float64]:
        """Stars of subhaloes by their kinds and rows, (n,), [Msun/h]."""
        last = int(row.max(initial=-1)) + 1
        chance = np.random.Generator(np.random.Philox(key=seed)).random(last)[row]
        stars = np.zeros(len(row))
        for each in np.unique(kind):
            there = self.kinds[nearest(each, self.kinds)]
            some = kind == each
            stars[some] = there[(chance[some] * len(there)).astype(int)]
        return stars


def kind_of(halos: Subhalos) -> NDArray[np.int64]:
    """Bin of the host's mass of each subhalo, plus one, negative where it is not central, (n,)."""
    return kind_numbers(np.log10(host_mass(halos)), halos.host < 0)


def kind_numbers(host: NDArray[np.floating], central: NDArray[Any]) -> NDArray[np.int64]:
    """Likewise, of the logarithm of the hosts' masses in Msun/h and whether they are central."""
    number = np.floor(np.asarray(host, np.float64) / BIN).astype(np.int64) + 1
    return np.where(np.asarray(central, bool), number, -number)


def host_mass(halos: Subhalos) -> NDArray[np.float64]:
    """Mass of the outermost halo that each lies in, its own if in none, (n,), [Msun/h]."""
    row = np.arange(len(halos))
    for _ in range(len(halos)):
        outer = np.where(halos.host[row] >= 0, halos.host[row], row)
        if np.array_equal(outer, row):
            break
        row = outer
    found: NDArray[np.float64] = halos.mvir[row].astype(np.float64)
    return found


def kinds_of(
    card: ModelCard, weights: Mapping[str, NDArray[np.float32]]
) -> dict[int, NDArray[np.float64]]:
    """Stars of the training subhaloes by their kind, [Msun/h].

    Raises
    ------
    ValueError
        In one sentence, if there are none or columns differ in length.
    """
    columns = [np.ravel(weights.get(name, ())) for name in ("host", "central", "mass", "stars")]
    host, central, *_ = columns
    if not len(host) or len({len(each) for each in columns}) > 1:
        raise ValueError(
            "The weights of HOD hold no list of subhaloes with host, central, mass and stars of "
            "each: fit it again."
        )
    kind = kind_numbers(host, central > 0.5)
    _, mass = training_of(card, weights)
    return {int(each): mass[kind == each] for each in np.unique(kind)}


def training_of(
    card: ModelCard, weights: Mapping[str, NDArray[np.float32]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mass of the training subhaloes and the stars in them, (n,) both, [Msun/h]."""
    mass, stars = (np.ravel(weights[name]).astype(np.float64) for name in ("mass", "stars"))
    scaling = card.output.normalization
    found = scaling.inverse(stars) * card.output.cell_size**3
    # Single precision makes a little of no stars at all.
    return 10**mass, np.where(np.isclose(stars, scaling.forward(np.zeros(()))), 0.0, found)


def nearest(kind: int, kinds: Mapping[int, Any]) -> int:
    """The kind itself, or else the next in mass, central or not as it is if there is one."""
    return min(kinds, key=lambda each: (each * kind < 0, abs(abs(each) - abs(kind)), each))
