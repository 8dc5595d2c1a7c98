"""The baseline of what begins at the initial conditions: a particle mesh alone."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.checks import place
from engine.initial_conditions import InitialConditions, moved
from engine.mesh import Grid, Mesh
from engine.nbody.cloud import paint
from engine.nbody.particle_mesh import BullFrog, at_beginning, evolve
from engine.nbody.schedule import MESH_FACTOR, STEPS
from engine.noise import Realisation
from engine.systems.card import ModelCard
from engine.systems.checks import (
    REDSHIFT_WARNED,
    check_input,
    check_region,
    warnings_for,
)
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register

INITIAL = "initial"
"""Name of the only input."""

KEPT = 2
"""Boxes whose particles are kept: one on show, one beside it."""


@register("particle-mesh")
class ParticleMesh(Emulator):
    """Dark matter as a fast particle mesh leaves it, with nothing learned.

    References
    ----------
    Feng et al. 2016; Rampf, List & Hahn 2025.
    """

    title = "Particle mesh"
    paper = "a baseline: FastPM's force, BullFrog's steps (Feng et al. 2016; Rampf et al. 2025)"

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Run a box, or a region of it. See `Emulator.predict_many`."""
        initial = self.named(inputs)[INITIAL]
        check_start(initial, self.card, region)
        self.values(parameters)
        cells = len(initial.values)
        position = particles(initial, redshift_of(self.card), self.device)
        density = paint(position, initial.box_size, cells)[0] * (cells**3 / position.shape[1])
        box = painted_box(self.card, initial, density)
        return [box.cut(region) if region else box] * len(realisations)


def redshift_of(card: ModelCard) -> float:
    """Where a card's emulator ends."""
    return float(card.architecture["redshift"])


def particles(initial: Mesh, redshift: float, device: str = "cpu") -> Tensor:
    """Where a particle mesh leaves particles, run once for a box and shared by all emulators.

    Parameters
    ----------
    initial : Grid
        Linear overdensity today.

    Returns
    -------
    tensor, (3, N)
        Comoving, [Mpc/h]; as many particles as cells. Not to be changed.
    """
    drawn = sha256(initial.values.tobytes()).hexdigest()
    of = (drawn, lattice_of(initial), initial.box_size, initial.cosmology, redshift, device)
    with _LOCK:
        if of not in _KEPT:
            _KEPT[of] = mesh_particles(initial, redshift, device)
        _KEPT.move_to_end(of)
        while len(_KEPT) > KEPT:
            _KEPT.popitem(last=False)
        return _KEPT[of]


_KEPT: OrderedDict[Any, Tensor] = OrderedDict()
_LOCK = threading.Lock()


def mesh_particles(initial: Mesh, redshift: float, device: str = "cpu") -> Tensor:
    """Run a particle mesh from initial conditions.

    Parameters
    ----------
    initial : Grid
        Linear overdensity today.

    Returns
    -------
    tensor, (3, N)
        Comoving, [Mpc/h]; as many particles as cells.
    """
    lattice, growth = lattice_of(initial), initial.cosmology.growth
    x, y, z = (place - 0.5 for place in lattice)
    overdensity = moved(initial.values, (x, y, z)) if any((x, y, z)) else initial.values
    field = torch.tensor(overdensity, dtype=torch.float32, device=device)
    begun = at_beginning(field, initial.box_size, growth, lattice=lattice)
    step = BullFrog(initial.box_size, growth, MESH_FACTOR * len(initial.values))
    *_, end = evolve(begun, step, redshift, steps=STEPS)
    return end.position


def lattice_of(initial: Mesh) -> tuple[float, float, float]:
    """Where the first particle of the run stood, [cells]: at a cell's centre if not known."""
    return initial.lattice if isinstance(initial, InitialConditions) else (0.5, 0.5, 0.5)


def check_start(initial: Mesh, card: ModelCard, region: Region | None) -> None:
    """Refuse what no particle mesh can begin with, and a region that it hasn't got.

    Raises
    ------
    ValueError
        In one sentence.
    """
    check_input(initial, card.inputs[0], card)
    side = initial.shape[0]
    if not isinstance(initial, Grid) or not initial.periodic or side % 2:
        raise ValueError(
            f"{place(initial)} has {initial.shape} cells{'' if initial.periodic else ' of a piece'}"
            ", expected a whole periodic box with an even number of cells a side."
        )
    if region is not None:
        check_region(region, initial)


def painted_box(card: ModelCard, initial: Mesh, painted: Tensor) -> Grid:
    """Make what is painted, over its mean, a box of the card's field and redshift.

    Raises
    ------
    ValueError
        In one sentence, if a value is not finite.
    """
    values = painted.cpu().numpy()
    if not np.isfinite(values).all():
        raise ValueError(
            f"{card.title} painted values that are not finite with these parameters; set "
            "them back to those of the card."
        )
    found = warnings_for(initial, card.inputs[0], card)
    return Grid(
        card.output.normalization.inverse(values),
        card.field,
        cell_size=initial.cell_size,
        box_size=initial.box_size,
        redshift=redshift_of(card),
        cosmology=initial.cosmology,
        simulation=initial.simulation,
        emulator=card.system,
        warnings=(*initial.warnings, *found, *_another_time(initial, card)),
    )


def _another_time(initial: Mesh, card: ModelCard) -> tuple[str, ...]:
    """Warn that the simulation stands at another redshift than the painting."""
    stands = initial.snapshot if isinstance(initial, InitialConditions) else None
    if stands is None or abs(stands - redshift_of(card)) <= REDSHIFT_WARNED:
        return ()
    return (
        f"The painting is at redshift {redshift_of(card):.4g}, which {card.system} was made for, "
        f"and {initial.simulation or 'the simulation'} at {stands:.4g}.",
    )
