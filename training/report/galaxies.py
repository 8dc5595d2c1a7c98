"""Measures what a report shows of an emulator of galaxies, beside HOD and the median relation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import inputs, statistics
from engine.catalogue_grids import SUBHALOS, GalaxyGrid, SubhaloGrid
from engine.galaxies import (
    ADDED,
    LEAST_STARS,
    Residuals,
    least_mass_of,
    mass_function,
    median_relation,
    residuals,
    spread_at_mass,
)
from engine.painting import paint
from engine.places import BoxPlace
from engine.simulation import Simulation
from engine.statistics.boxes import statistic
from engine.systems.contract import Emulator
from engine.systems.dm2gal import least_mass, painted
from engine.systems.hod import HodEmulator
from engine.units import MPC_IN_KPC
from training.data.mean_stars import raised
from training.report.bands import rounded
from training.report.correlation_function import correlation_function
from training.report.held_power import CELLS, WAVES, HeldSubhalos, compared_power
from training.systems.dm2gal import HELD_OUT

Content = dict[str, Any]
Advance = Callable[[str], None]

BOX = BoxPlace()

DRAWS = 16
"""Of HOD."""

RESAMPLED = 400
"""Times that galaxies are drawn anew for errors."""

VOXEL_BINS = np.linspace(8, 12, 101)
"""log10 of stellar mass of a cell in Msun/h (Kasmanoff et al. 2020, figure 1)."""

STAR_BINS = np.arange(7.0, 12.01, 0.25)
"""Likewise of a galaxy, for the mass function."""

PAINTED, HOD, MEDIAN, RAISED = "painted", "hod", "median", "raised"
"""Names of what is held against the truth; between the first and the others stand further cards."""


@dataclass(frozen=True, eq=False)
class Compared:
    """Paintings of one box.

    Parameters
    ----------
    simulation : Simulation
        Which.
    truth : GalaxyGrid
        Of it.
    grids : mapping of str to list of GalaxyGrid
        By method; HOD's draws.
    held : array of bool, (n,)
        Which subhaloes no network was trained on, nor on what surrounds them.
    mass : array, (n,)
        Of all subhaloes, [Msun/h].
    position : array, (n, 3)
        Of all subhaloes, comoving, [Mpc/h].
    least_mass : float
        From which the median relation has galaxies of `LEAST_STARS`, [Msun/h].
    margin : float
        Within which of what trains nothing is held, comoving, [Mpc/h].
    """

    simulation: Simulation
    truth: GalaxyGrid
    grids: Mapping[str, Sequence[GalaxyGrid]]
    held: NDArray[np.bool_]
    mass: NDArray[np.float32]
    position: NDArray[np.float32]
    least_mass: float
    margin: float

    def stars(self, grid: GalaxyGrid) -> NDArray[np.float64]:
        """Of the held subhaloes, [Msun/h]."""
        return grid.galaxies.of_subhalos(len(self.held))[self.held]

    def held_subhalos(self) -> HeldSubhalos:
        """The held subhaloes alone, with the stars in them."""
        return HeldSubhalos(
            self.simulation,
            self.position[self.held],
            held_cells(self.simulation, CELLS, self.margin),
            self.stars(self.truth),
            {name: [self.stars(each) for each in grids] for name, grids in self.grids.items()},
        )


def compared(
    emulators: Mapping[str, Emulator], hod: HodEmulator, simulation: Simulation
) -> Compared:
    """Paint a box by all methods.

    Parameters
    ----------
    emulators : mapping of str to Emulator
        By name, that of `PAINTED` first.
    hod : HodEmulator
        Of whose training subhaloes the median relation is taken too.

    Raises
    ------
    ValueError
        In one sentence, if the simulation has no galaxies or can't feed the emulators.
    """
    emulator = emulators[PAINTED]
    truth = inputs.truth(simulation, emulator.card, BOX)
    if not isinstance(truth, GalaxyGrid):
        raise ValueError(
            f"{simulation.name} has no galaxies to score with, expected them: project its snapshot "
            "with --subhalos dmo=LIST --galaxies."
        )
    grid = inputs.inputs(simulation, hod.card, BOX)[SUBHALOS]
    assert isinstance(grid, SubhaloGrid)
    halos = grid.subhalos
    seen = halos.mvir >= least_mass(emulator.card)
    relation = median_relation(*hod.training)
    higher = raised(relation, *hod.training, np.zeros(len(hod.training[0])))
    of_mass = {
        name: np.maximum(10 ** np.interp(np.log10(halos.mvir[seen]), *each) - ADDED, 0)
        for name, each in ((MEDIAN, relation), (RAISED, higher))
    }
    margin = max(map(margin_of, emulators.values()))
    return Compared(
        simulation,
        truth,
        {
            **{name: [paint(each, simulation, BOX)] for name, each in emulators.items()},
            HOD: [paint(hod, simulation, BOX, seed=seed) for seed in range(DRAWS)],
            **{name: [painted(grid, halos, seen, s, hod.card, ())] for name, s in of_mass.items()},
        },
        seen & held(simulation, halos.position, margin),
        halos.mvir,
        halos.position,
        least_mass_of(relation),
        margin,
    )


def held(
    simulation: Simulation, position: NDArray[np.floating], margin: float
) -> NDArray[np.bool_]:
    """Which places of a box, [Mpc/h], are held out, with all within `margin` of them, (n,)."""
    several = [held_along(simulation, axis, position[:, axis], margin) for axis in range(3)]
    return np.all(several, axis=0)


def held_cells(simulation: Simulation, cells: int, margin: float) -> NDArray[np.bool_]:
    """Likewise, of the middles of cells, (cells, cells, cells), z, y, x."""
    middle = (np.arange(cells) + 0.5) * (simulation.box_size / cells)
    x, y, z = (held_along(simulation, axis, middle, margin) for axis in range(3))
    found: NDArray[np.bool_] = z[:, None, None] & y[:, None] & x
    return found


def held_along(
    simulation: Simulation, axis: int, place: NDArray[np.floating], margin: float
) -> NDArray[np.bool_]:
    """Which places along an axis, [Mpc/h], lie in what is held out, (n,)."""
    low, high = HELD_OUT.volume[axis]
    if not fnmatchcase(simulation.name, HELD_OUT.pattern) or (low, high) == (0.0, 1.0):
        return np.ones(len(place), bool)
    share, edge = place / simulation.box_size, margin / simulation.box_size
    return (share >= low + edge) & (share < high - edge)


def measured(several: Sequence[Compared], advance: Advance = lambda doing: None) -> Content:
    """Measure galaxies of all boxes together, and the curves of each box."""
    found: Content = {"together": together(several), "boxes": []}
    for each in several:
        advance(f"{each.simulation.name}: curves")
        found["boxes"].append(of_box(each))
    return found


def together(several: Sequence[Compared]) -> Content:
    """Scatter, bias and mass of each method over the held galaxies of all boxes, with errors."""
    true = np.concatenate([each.stars(each.truth) for each in several])
    said = {
        method: [
            np.concatenate([each.stars(each.grids[method][draw]) for each in several])
            for draw in range(len(several[0].grids[method]))
        ]
        for method in several[0].grids
    }
    random = np.random.default_rng(0)
    draws = [random.integers(len(true), size=len(true)) for _ in range(RESAMPLED)]
    resampled = {
        method: np.array([_scatter(true[some], each[0][some]) for some in draws])
        for method, each in said.items()
    }
    mass = np.concatenate([each.mass[each.held] for each in several])
    least = several[0].least_mass
    found: Content = {
        "subhalos": len(true),
        "least": LEAST_STARS,
        "least_mass": rounded(least),
        "spread": rounded(spread_at_mass(mass, true, least)),
    }
    power = compared_power([each.held_subhalos() for each in several], PAINTED)
    for method, each in said.items():
        of_draws = [residuals(true, one) for one in each]
        found[method] = {
            **_mean(of_draws),
            "scatter_error": rounded(resampled[method].std()),
            "mass": rounded(np.mean([one.sum() / true.sum() for one in each])),
            "mass_error": rounded(
                np.std([each[0][some].sum() / true[some].sum() for some in draws])
            ),
            "mass_of_draws": rounded(np.std([one.sum() / true.sum() for one in each])),
            "spread": rounded(np.mean([spread_at_mass(mass, one, least) for one in each])),
            "less": rounded(
                found.get(PAINTED, {}).get("scatter", np.nan)
                - np.mean([one.scatter for one in of_draws])
            ),
            "less_error": rounded((resampled[PAINTED] - resampled[method]).std()),
            **{name: rounded(value) for name, value in power[method].items()},
        }
    return found


def _scatter(true: NDArray[np.floating], said: NDArray[np.floating]) -> float:
    return residuals(true, said).scatter


def _mean(several: Sequence[Residuals]) -> Content:
    return {
        "number": several[0].number,
        "scatter": rounded(np.mean([each.scatter for each in several])),
        "bias": rounded(np.mean([each.bias for each in several])),
    }


def of_box(each: Compared) -> Content:
    """Curves of one box and its galaxies."""
    power, correlation = (statistics.get(n) for n in ("power_spectrum", "cross_correlation"))
    truth = power(each.truth)
    seen = (truth.x > WAVES[0]) & (truth.x < WAVES[1])
    found: Content = {
        "simulation": each.simulation.name,
        "box_size": each.simulation.box_size,
        "cell_size": each.truth.cell_size,
        "held": int(each.held.sum()),
        "completeness": {
            f"{least:.0e}": [rounded(share) for share in each.truth.galaxies.completeness(least)]
            for least in (1e8, 5e7, 1e7)
        },
        "k": rounded(truth.x),
        "truth": {"power": rounded(truth.y), "error": rounded(truth.error)},
    }
    found["angle"], found["truth"]["bispectrum"] = _bispectrum([each.truth])
    found["truth"] |= _counts(each.truth, each.simulation.box_size)
    distance, pairs = correlation_function(each.truth)
    found["distance"], found["truth"]["xi"] = rounded(distance), rounded(pairs)
    for method, grids in each.grids.items():
        powers = np.array([power(grid).y for grid in grids])
        apart = np.abs(np.log10(powers / truth.y))[:, seen].mean(1)
        ratio = [
            grid.values.sum(dtype=float) / each.truth.values.sum(dtype=float) for grid in grids
        ]
        found[method] = {
            "power": rounded(powers.mean(0)),
            "power_scatter": rounded(powers.std(0)),
            "power_error": rounded(apart.mean()),
            "power_error_scatter": rounded(apart.std()),
            "correlation": rounded(np.mean([correlation(each.truth, g).y for g in grids], 0)),
            "bispectrum": _bispectrum(grids)[1],
            "xi": rounded(np.mean([correlation_function(grid)[1] for grid in grids], 0)),
            "mass": rounded(np.mean(ratio)),
            "mass_scatter": rounded(np.std(ratio)),
            **_counts(grids[0], each.simulation.box_size),
        }
    found["galaxies"] = {
        "mass": rounded(each.mass[each.held]),
        "truth": rounded(each.stars(each.truth)),
        **{method: rounded(each.stars(grids[0])) for method, grids in each.grids.items()},
    }
    return found


def _bispectrum(grids: Sequence[GalaxyGrid]) -> tuple[Any, Any]:
    """Angles, and the mean bispectrum there; empty if the box is too small for the triangles."""
    triangles = statistic("bispectrum_angle", grids[0])
    try:
        curves = [triangles(grid) for grid in grids]
    except ValueError:
        return [], []
    return rounded(curves[0].x), rounded(np.mean([curve.y for curve in curves], 0))


def _counts(grid: GalaxyGrid, box_size: float) -> Content:
    """Numbers of cells and of galaxies by their stellar mass."""
    cells = np.asarray(grid.values[grid.values > 0], np.float64) * grid.cell_volume
    number, _ = np.histogram(np.log10(cells), VOXEL_BINS)
    galaxies, error = mass_function(grid.galaxies.stars, box_size, STAR_BINS)
    return {
        "voxels": [int(each) for each in number],
        "mass_function": rounded(galaxies),
        "mass_function_error": rounded(error),
    }


def margin_of(emulator: Emulator) -> float:
    """How far a network sees from its subhalo, comoving [Mpc/h]."""
    network: Any = getattr(emulator, "network", None)
    cells = network.config.margin if network is not None else 0
    return float(cells * emulator.card.output.cell_size / MPC_IN_KPC)
