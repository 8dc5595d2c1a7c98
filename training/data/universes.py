"""Boxes that JERALD is fitted to: where a particle mesh ends, and the fields of the same run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.cosmology import Cosmology
from engine.places import Run
from engine.simulation import open_simulation
from engine.systems.particle_mesh import mesh_particles
from training.config import Split

SAME_CELL = 0.01
"""Relative difference of cell sizes that one set of numbers can be fitted to."""


@dataclass(frozen=True, eq=False)
class Universe:
    """One box.

    Parameters
    ----------
    name : str
        Of the simulation.
    box_size, redshift, cosmology
        See `engine.mesh.Mesh`.
    position : tensor, (3, N)
        Where the particle mesh ends, [Mpc/h].
    target : tensor, (n, n, n)
        Of the simulation, in the field's unit.
    part : tensor of int, (3, 2)
        First and one past the last cell that counts, along z, y, x.
    """

    name: str
    box_size: float
    redshift: float
    cosmology: Cosmology
    position: Tensor
    target: Tensor
    part: Tensor

    @property
    def cell_size(self) -> float:
        """Comoving, [kpc/h]."""
        return 1000 * self.box_size / len(self.target)


def read_universe(path: Path, field: str, source: Split) -> Universe:
    """Read a box and run its particle mesh.

    Parameters
    ----------
    path : path
        Of its simulation file.
    field : str
        That is fitted.
    source : Split
        Which part of it counts.

    Raises
    ------
    ValueError
        In one sentence, if it lacks initial conditions or the field's grid.
    """
    simulation = open_simulation(path)
    if not simulation.has_initial_conditions:
        raise ValueError(
            f"{path.name} has no initial conditions, expected them: project its snapshot with "
            "--initial-conditions."
        )
    initial = simulation.initial_conditions()
    if Run(field) not in simulation.grids():
        raise ValueError(
            f"{path.name} has no grid of {field}, expected one of {len(initial.values)} cells a "
            f"side: project its snapshot with --grids {field}."
        )
    target = simulation.grid(field, cells=len(initial.values))
    return Universe(
        simulation.name,
        simulation.box_size,
        simulation.redshift,
        simulation.cosmology,
        mesh_particles(initial, simulation.redshift),
        torch.tensor(target.values),
        torch.tensor([[s.start, s.stop] for s in source.cells(len(target.values))]),
    )


def slices(part: Tensor) -> tuple[slice, ...]:
    """Cells of a part of a box, from begins and ends, (3, 2)."""
    return tuple(slice(begin, end) for begin, end in part.tolist())


class TrainingUniverses:
    """Boxes in turn, each whole.

    Parameters
    ----------
    universes : sequence of Universe
        That train.
    validation : Universe
        That chooses among their numbers.
    files : sequence of (Path, Split)
        What they were read from.

    Raises
    ------
    ValueError
        If there are none, or they are not of one cell size and redshift.
    """

    def __init__(
        self,
        universes: Sequence[Universe],
        validation: Universe,
        files: Sequence[tuple[Path, Split]] = (),
    ) -> None:
        if not universes:
            raise ValueError("There are no boxes to fit, expected at least one.")
        first = universes[0]
        for other in (*universes, validation):
            off = abs(other.cell_size / first.cell_size - 1)
            if off > SAME_CELL or abs(other.redshift - first.redshift) > SAME_CELL:
                raise ValueError(
                    f"{other.name} has cells of {other.cell_size:.4g} kpc/h at redshift "
                    f"{other.redshift:.4g}, expected {first.cell_size:.4g} kpc/h and "
                    f"{first.redshift:.4g} as {first.name}."
                )
        self.universes, self.validation, self.files = tuple(universes), validation, files
        # Of whole boxes: the mean of a part is not that of the universe.
        cells = sum(each.target.numel() for each in universes)
        self.mean = float(sum(each.target.double().sum() for each in universes) / cells)

    @property
    def about(self) -> str:
        """How many boxes of which sides, for people."""
        sides = sorted({len(each.target) for each in self.universes})
        return f"{len(self.universes)} boxes of {' and '.join(map(str, sides))} cells a side"

    def batch(self, number: int) -> tuple[Tensor, ...]:
        """Draw the box of an update.

        Returns
        -------
        number, box_size : tensor, ()
            Which box it is, and its side, [Mpc/h].
        position : tensor, (3, N)
            [Mpc/h].
        target : tensor, (n, n, n)
            Over the mean of all boxes that train.
        part : tensor of int, (3, 2)
            See `Universe`.
        """
        which = number % len(self.universes)
        one = self.universes[which]
        about = torch.tensor(which), torch.tensor(one.box_size, dtype=torch.float64)
        return *about, one.position, one.target / self.mean, one.part
