"""JERALD: a field from initial conditions, by a particle mesh and learned moves (Rigo 2025)."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.checks import place
from engine.device import choose_device
from engine.initial_conditions import InitialConditions, moved
from engine.mesh import Grid, Mesh
from engine.nbody.particle_mesh import BullFrog, at_beginning, evolve
from engine.nbody.schedule import MESH_FACTOR, STEPS
from engine.networks.jerald.displacement import mesh_of
from engine.networks.jerald.stages import STAGES, DarkMatter, Group, Stage, chain
from engine.noise import Realisation
from engine.systems.card import ModelCard, Parameter
from engine.systems.checks import check_input, check_region, warnings_for
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register

INITIAL = "initial"
"""Name of the only input."""

SYMBOLS = {
    "alpha": "α",
    "gamma": "γ",
    "low": "k_h",
    "high": "k_l",
    "nu": "ν",
    "mu": "μ",
    "beta1": "β₁",
    "beta2": "β₂",
    "xi": "ξ",
    "eta": "η",
    "shift": "z_s",
}
"""Of the paper's formulae; others are written as they are called."""

UNITS = {"alpha": "(Mpc/h)^(2+ν)", "low": "h/Mpc", "high": "h/Mpc"}


@dataclass(frozen=True, eq=False)
class Kept:
    """Particles that later paintings of the same box begin with.

    Parameters
    ----------
    of : tuple
        What they depend on.
    position : tensor, (3, N)
        [Mpc/h].
    """

    of: tuple[Any, ...]
    position: Tensor


@register("jerald")
class Jerald(Emulator):
    """Dark matter, stars or neutral hydrogen from initial conditions and a few numbers.

    The particle mesh is run once for a box, and the dark matter's stage once for its numbers:
    other numbers of a later stage are painted from there.

    References
    ----------
    Rigo, Trotta & Viel 2025, arXiv 2501.09168.
    """

    title = "JERALD"
    paper = "Rigo, Trotta & Viel 2025, arXiv 2501.09168"

    def __init__(
        self,
        card: ModelCard,
        weights: Mapping[str, NDArray[np.float32]],
        device: str = "auto",
        streams: int | None = None,  # noqa: ARG002 (a mesh keeps all cores busy)
    ) -> None:
        self.card = card
        self.device = choose_device(device)
        self.stages = stages_of(card.field, weights, self.device)
        self._lock = threading.Lock()  # numbers and kept particles are one painting's at a time
        self._mesh_particles: Kept | None = None
        self._dark_matter: Kept | None = None

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a box, or a region of it. See `Emulator.predict_many`."""
        initial, values = self.named(inputs)[INITIAL], self.values(parameters)
        check_input(initial, self.card.inputs[0], self.card)
        check_whole(initial)
        if region is not None:
            check_region(region, initial)
        # Not inference mode: the waves of a mesh are kept, and a fit may use them later.
        with self._lock, torch.no_grad():
            set_values(self.stages, values)
            painted = self._painted(initial).cpu().numpy()
        if not np.isfinite(painted).all():
            raise ValueError(
                f"{self.card.title} painted values that are not finite with these parameters; set "
                "them back to those of the card."
            )
        box = Grid(
            self.card.output.normalization.inverse(painted),
            self.card.field,
            cell_size=initial.cell_size,
            box_size=initial.box_size,
            redshift=float(self.card.architecture["redshift"]),
            cosmology=initial.cosmology,
            simulation=initial.simulation,
            emulator=self.card.system,
            warnings=(*initial.warnings, *warnings_for(initial, self.card.inputs[0], self.card)),
        )
        return [box.cut(region) if region else box] * len(realisations)

    def particles(self, initial: Mesh) -> Tensor:
        """Where the particle mesh leaves particles, (3, N), [Mpc/h]."""
        of = (sha256(initial.values.tobytes()).hexdigest(), lattice_of(initial))
        if self._mesh_particles is None or self._mesh_particles.of != of:
            redshift = float(self.card.architecture["redshift"])
            self._mesh_particles = Kept(of, mesh_particles(initial, redshift, self.device))
        return self._mesh_particles.position

    def dark_matter(self, initial: Mesh) -> Tensor:
        """The same particles after the stage of the dark matter, (3, N), [Mpc/h]."""
        before, stage = self.particles(initial), cast("DarkMatter", self.stages["dm"])
        numbers = tuple(float(x) for each in stage.parameters() for x in each)
        assert self._mesh_particles is not None
        of = (*self._mesh_particles.of, *numbers)
        if self._dark_matter is None or self._dark_matter.of != of:
            mesh = mesh_of(initial.box_size, len(initial.values), self.device)
            self._dark_matter = Kept(of, stage.moved(before, mesh))
        return self._dark_matter.position

    def _painted(self, initial: Mesh) -> Tensor:
        mesh = mesh_of(initial.box_size, len(initial.values), self.device)
        if self.card.field == "dm":
            return cast("Tensor", self.stages["dm"](self.particles(initial), mesh))
        position = self.dark_matter(initial)
        stars = self.stages["stars"](position, mesh)
        if self.card.field == "stars":
            return cast("Tensor", stars)
        return cast("Tensor", self.stages[self.card.field](position, stars, mesh))


def mesh_particles(initial: Mesh, redshift: float, device: str = "cpu") -> Tensor:
    """Run a particle mesh from initial conditions, which also stand alone as a baseline.

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


def check_whole(initial: Mesh) -> None:
    """Refuse what no particle mesh can begin with.

    Raises
    ------
    ValueError
        In one sentence.
    """
    side = initial.shape[0]
    if not isinstance(initial, Grid) or not initial.periodic or side % 2:
        raise ValueError(
            f"{place(initial)} has {initial.shape} cells{'' if initial.periodic else ' of a piece'}"
            ", expected a whole periodic box with an even number of cells a side."
        )


def stages_of(
    field: str, weights: Mapping[str, NDArray[np.float32] | Tensor], device: str = "cpu"
) -> dict[str, Stage]:
    """Make a field's stages with the numbers of a file, named STAGE.GROUP.NUMBER.

    Raises
    ------
    ValueError
        In one sentence, if one is missing or of another shape.
    """
    stages = {name: STAGES[name]() for name in chain(field)}
    for name, stage in stages.items():
        state = stage.state_dict()
        for key, tensor in state.items():
            found = weights.get(f"{name}.{key}")
            if found is None or tuple(found.shape) != tuple(tensor.shape):
                raise ValueError(
                    f"The weights of JERALD lack {name}.{key} with {tuple(tensor.shape)} numbers; "
                    "take the file that belongs to the card."
                )
            state[key] = torch.as_tensor(np.asarray(found))
        stage.load_state_dict(state)
        stage.to(device).requires_grad_(False)
    return stages


def numbers_of(stages: Mapping[str, Stage]) -> dict[str, tuple[Group, str, int]]:
    """Where each number is, by the name that a card has for it: stage group number layer."""
    found = {}
    for name, stage in stages.items():
        for group_name in stage.groups:
            group = cast("Group", getattr(stage, group_name))
            for number, tensor in group.items():
                for layer in range(len(tensor)):
                    words = (name, group_name, number, str(layer + 1) if len(tensor) > 1 else "")
                    found[" ".join(word for word in words if word)] = (group, number, layer)
    return found


def parameters_of(stages: Mapping[str, Stage]) -> tuple[Parameter, ...]:
    """The stages' numbers as a card offers them."""
    parameters = []
    for name, (group, number, layer) in numbers_of(stages).items():
        lowest, highest = group.numbers[number][1]
        symbol = SYMBOLS.get(number, number)
        unit, value = UNITS.get(number, ""), float(group[number][layer].detach())
        parameters.append(Parameter(name, symbol, unit, lowest, highest, value))
    return tuple(parameters)


@torch.no_grad()
def set_values(stages: Mapping[str, Stage], values: Mapping[str, float]) -> None:
    """Put numbers of a card into the stages."""
    for name, (group, number, layer) in numbers_of(stages).items():
        group[number][layer] = values[name]
