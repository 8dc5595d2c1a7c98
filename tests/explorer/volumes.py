"""Tiny boxes in a user's folder, and the paper's network with weights that were drawn."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.cosmology import Cosmology
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.places import Run
from engine.systems.card import Input
from engine.systems.weights import write_model
from engine.units import MPC_IN_KPC
from tests.engine.systems import super_resolution as example

QUIJOTE = Cosmology(Omega_m=0.3175, Omega_b=0.049, h=0.6711)

SIDE, LOW = 250.0, 18
"""Mpc/h, and cells of low resolution: the fewest that hold the triangles of the bispectrum."""


def density_and_start(seed: int, cells: int, growth: float = 1.0):
    """A lognormal density and the waves that it grew from, (n, n, n) both."""
    waves = np.random.default_rng(seed).normal(size=(cells // 2,) * 3)
    delta = np.kron(waves, np.ones((2, 2, 2))) + 0.2 * np.random.default_rng(9).normal(
        size=(cells,) * 3
    )
    density = np.exp(0.8 * growth * delta)
    return 85.0 * density / density.mean(), delta


def write_box(
    folder: Path, name: str, seed: int = 1, side: float = SIDE, low: int = LOW, **what
) -> Path:
    """Write a box of low and high resolution and its initial conditions.

    `truth=False` leaves out the high resolution, `start` is the seed of other initial conditions,
    `fine` that of another high resolution, `growth` makes more of the same waves.
    """
    path = folder / f"{name}.hdf5"
    header = SimulationHeader(
        name=name,
        box_size=side,
        redshift=0.0,
        cosmology=QUIJOTE,
        code="none",
        provenance="made up for a test",
    )
    density, delta = density_and_start(seed, 2 * low, what.get("growth", 1.0))
    if "start" in what:
        delta = density_and_start(what["start"], 2 * low)[1]
    with new_simulation_file(path, header) as file:
        coarse = density.reshape(low, 2, low, 2, low, 2).mean((1, 3, 5))
        create_grid(file, Run("dmo", "MR", "native"), low, low**3, "drawn")[:] = coarse
        if what.get("truth", True):
            create_grid(file, Run("dmo", "HR", "native"), 2 * low, (2 * low) ** 3, "drawn")[:] = (
                density_and_start(what.get("fine", seed), 2 * low, what.get("growth", 1.0))[0]
            )
        write_initial_conditions(file, delta, 127.0, (0.5, 0.5, 0.5), "drawn")
    return path


def write_emulator(folder: Path, low: int = LOW) -> None:
    """Write the network for cells of these boxes."""
    cell = SIDE * MPC_IN_KPC / low
    card = example.card()
    eaten, start = card.inputs
    inputs: tuple[Input, ...] = (
        replace(eaten, cell_size=cell),
        replace(start, cell_size=cell / 2),
    )
    output = replace(card.output, cell_size=cell / 2)
    card = replace(card, inputs=inputs, output=output, cosmology=QUIJOTE, title="Super-resolution")
    write_model(folder, card, example.weights())
