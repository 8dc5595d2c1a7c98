"""How far painted slabs are from the truth: scores on maps that never trained a network."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import inputs, statistics
from engine.fields import map_axes
from engine.mesh import Slab
from engine.painting import paint
from engine.places import Run, SlabPlace, slab_numbers
from engine.simulation import Simulation
from engine.systems.card import ModelCard
from engine.systems.contract import Emulator
from engine.units import MPC_IN_KPC

NYQUIST_SHARE = 0.4
"""Waves shorter than 5 pixels are left out of `power_error`: the projection's kernel, not gas,
shapes them."""


def score(emulator: Emulator, simulation: Simulation, axes: str) -> dict[str, Any]:
    """Compare painted slabs with the truth, with and without the heaviest halo's.

    Parameters
    ----------
    emulator : Emulator
        Painted from the dark matter that it was trained on.
    simulation : Simulation
        With maps of the field.
    axes : str
        Projections to use, for example "z".

    Returns
    -------
    dict
        What a model card keeps: `simulation`, `axes`, `level`, `pixel_size` [kpc/h],
        `all` and, if the simulation has a halo catalogue, `without_heaviest_halo` (one
        halo can dominate the power of a small box), each as `compare` gives it.

    Raises
    ------
    ValueError
        In one sentence, if the simulation lacks the truth or what the emulator paints from.
    """
    card = emulator.card
    trained = Run("dm", card.level)
    places = [SlabPlace(axis, i) for axis in axes for i in range(simulation.n_slabs(axis))]
    pairs = {
        place: (
            true_slab(simulation, card, place),
            paint(emulator, simulation, place, trained),
        )
        for place in places
    }
    result = {
        "simulation": simulation.name,
        "axes": axes,
        "level": card.level,
        "pixel_size": simulation.pixel_size,
        "all": compare(list(pairs.values())),
    }
    if "hydro" in simulation.runs:
        heaviest, mass = heaviest_halo(simulation, axes)
        result["heaviest_halo"] = mass
        quiet = [pair for place, pair in pairs.items() if place not in heaviest]
        result["without_heaviest_halo"] = compare(quiet)
    return result


def true_slab(simulation: Simulation, card: ModelCard, place: SlabPlace) -> Slab:
    """The simulation's own slab of what an emulator paints.

    Raises
    ------
    ValueError
        In one sentence, if there is none.
    """
    truth = inputs.truth(simulation, card, place)
    if not isinstance(truth, Slab):
        raise ValueError(
            f"{simulation.name} has no maps of {card.field!r}, expected the truth that "
            f"{card.name} is scored with: leave out the one or the other."
        )
    return truth


def compare(pairs: Sequence[tuple[Slab, Slab]]) -> dict[str, Any]:
    """Ratios of painted to true maps, summed over all before they are taken.

    Parameters
    ----------
    pairs : sequence of (Slab, Slab)
        (truth, painted).

    Returns
    -------
    dict
        `mass`, and for each bin of wavenumber `k` [h/Mpc] (mean of its modes) `power`.
    """
    truth, painted = zip(*pairs, strict=True)
    spectrum, mass = statistics.get("power_spectrum"), statistics.get("total_mass")
    true_power, painted_power = spectrum(truth), spectrum(painted)
    return {
        "slabs": len(pairs),
        "mass": round(mass(painted) / mass(truth), 4),
        "k": np.round(true_power.x, 3).tolist(),
        "power": np.round(painted_power.y / true_power.y, 4).tolist(),
    }


def power_error(pairs: Sequence[tuple[Slab, Slab]]) -> float:
    """Root mean square over bins of k of ln(P_painted / P_true).

    Parameters
    ----------
    pairs : sequence of (Slab, Slab)
        (truth, painted). Powers are averaged over the slabs of a box size, which share
        their bins, before the ratio.
    """
    truth, painted = zip(*pairs, strict=True)
    return log_distance(long_waves(painted), long_waves(truth))


def long_waves(slabs: Sequence[Slab]) -> NDArray[np.float64]:
    """Mean P(k) of the slabs of each box size, [(Mpc/h)^2], one box after the other.

    Waves shorter than `NYQUIST_SHARE` says are left out.
    """
    spectrum, boxes = statistics.get("power_spectrum"), defaultdict(list)
    for slab in slabs:
        boxes[slab.box_size, slab.shape].append(slab)
    powers = []
    for same in boxes.values():
        k_nyquist = np.pi / (same[0].pixel_size / MPC_IN_KPC)
        found = spectrum(same)
        powers.append(found.y[found.x < NYQUIST_SHARE * k_nyquist])
    return np.concatenate(powers)


def log_distance(painted: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Root mean square of ln(painted / true) powers, (bins,)."""
    # An empty painting has no power, and its logarithm must still compare.
    return float(np.sqrt(np.mean(np.log(np.maximum(painted / truth, 1e-6)) ** 2)))


def heaviest_halo(simulation: Simulation, axes: str) -> tuple[list[SlabPlace], float]:
    """Slabs that hold the centre of the heaviest halo, and its mass [Msun/h]."""
    halos = simulation.halos("hydro")
    heaviest = int(np.argmax(halos.mvir))
    places = []
    for axis in axes:
        height = halos.position[heaviest, map_axes(axis)[2]]
        number = slab_numbers(
            height, simulation.box_size, simulation.n_slabs(axis), simulation.offset
        )
        places.append(SlabPlace(axis, int(number)))
    return places, float(halos.mvir[heaviest])
