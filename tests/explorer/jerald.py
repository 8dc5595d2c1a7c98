"""A tiny box that JERALD and the particle mesh paint, with numbers that were drawn."""

from dataclasses import replace
from pathlib import Path

from engine.cosmology import PLANCK
from engine.formats.grids import create_grid, write_initial_conditions
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.places import Run
from engine.systems.weights import write_model
from tests.engine.systems import jerald, particle_mesh
from tests.explorer.volumes import density_and_start

CELLS = 16


def write_start(folder: Path, name: str = "start", redshift: float = 2.0) -> Path:
    """Write a box of dark matter, stars and initial conditions."""
    side = CELLS * jerald.CELL / 1000
    header = SimulationHeader(name, side, redshift, PLANCK, "none", "made up for a test")
    density, delta = density_and_start(3, CELLS)
    path = folder / f"{name}.hdf5"
    with new_simulation_file(path, header) as file:
        for field, power in (("dm", 1), ("stars", 2)):
            create_grid(file, Run(field), CELLS, CELLS**3, "drawn")[:] = density**power
        write_initial_conditions(file, delta, 49.0, (0.5, 0.5, 0.5), "drawn")
    return path


def write_emulators(folder: Path) -> None:
    """Write JERALD for dark matter and stars, and the particle mesh."""
    for field in ("dm", "stars"):
        card = replace(jerald.card(field), title="JERALD")
        write_model(folder, card, jerald.weights(field), half=False)
    write_model(folder, replace(particle_mesh.card(), title="Particle mesh"), {}, half=False)
