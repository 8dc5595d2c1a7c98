"""How far painted slabs are from the truth: scores on maps that never trained a network."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import statistics
from engine.mesh import Slab
from engine.simulation import Simulation
from engine.units import MPC_IN_KPC

Paint = Callable[[Slab], Slab]

NYQUIST_SHARE = 0.4
"""Waves shorter than 5 pixels are left out of `power_error`: the projection's kernel, not gas,
shapes them."""


def score(
    paint: Paint, simulation: Simulation, axes: str, field: str, level: str = "HR"
) -> dict[str, Any]:
    """Compare painted slabs with the truth, with and without the heaviest halo's.

    Parameters
    ----------
    paint : callable
        Dark matter in, painted slab out.
    simulation : Simulation
        With maps of the field.
    axes : str
        Projections to use, for example "z".
    field, level : str
        Of the truth, and of the dark matter.

    Returns
    -------
    dict
        What a model card keeps: `simulation`, `axes`, `level`, `pixel_size` [kpc/h],
        `all` and, if the simulation has a halo catalogue, `without_heaviest_halo` (one
        halo can dominate the power of a small box), each as `compare` gives it.
    """
    slabs = [(axis, index) for axis in axes for index in range(simulation.n_slabs(axis))]
    pairs = {
        (axis, index): (
            simulation.slab(field, axis, index),
            paint(simulation.slab("dm", axis, index, level)),
        )
        for axis, index in slabs
    }
    result = {
        "simulation": simulation.name,
        "axes": axes,
        "level": level,
        "pixel_size": simulation.pixel_size,
        "all": compare(list(pairs.values())),
    }
    if "hydro" in simulation.runs:
        heaviest, mass = heaviest_halo(simulation, axes)
        result["heaviest_halo"] = mass
        quiet = [pair for place, pair in pairs.items() if place not in heaviest]
        result["without_heaviest_halo"] = compare(quiet)
    return result


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
    boxes = defaultdict(list)
    for truth, painted in pairs:
        boxes[truth.box_size, truth.shape].append((truth, painted))
    logarithms = []
    for same in boxes.values():
        found = compare(same)
        k_nyquist = np.pi / (same[0][0].pixel_size / MPC_IN_KPC)
        ratio = np.array(found["power"])[np.array(found["k"]) < NYQUIST_SHARE * k_nyquist]
        # An empty painting has no power, and its logarithm must still compare.
        logarithms.append(np.log(np.maximum(ratio, 1e-6)))
    return float(np.sqrt(np.mean(np.concatenate(logarithms) ** 2)))


def heaviest_halo(simulation: Simulation, axes: str) -> tuple[list[tuple[str, int]], float]:
    """Slabs (axis, index) that hold the centre of the heaviest halo, and its mass [Msun/h]."""
    halos = simulation.halos("hydro")
    heaviest = int(np.argmax(halos.mvir))
    position = halos.position[heaviest]
    places = []
    for axis in axes:
        depth = (float(position["xyz".index(axis)]) - simulation.offset) % simulation.box_size
        places.append((axis, min(int(depth / simulation.depth), simulation.n_slabs(axis) - 1)))
    return places, float(halos.mvir[heaviest])
