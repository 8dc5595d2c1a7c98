"""JERALD: a field from initial conditions, by a particle mesh and learned moves (Rigo 2025)."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.mesh import Mesh
from engine.networks.jerald import displacement
from engine.networks.jerald.stages import (
    STAGES,
    DarkMatter,
    Group,
    Hydrogen,
    Stage,
    Stars,
    chain,
)
from engine.noise import Realisation
from engine.systems.card import Parameter
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.particle_mesh import (
    INITIAL,
    check_start,
    painted_box,
    particles,
    redshift_of,
)
from engine.systems.registry import register

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
    before : tensor, (3, N)
        Where they were, [Mpc/h].
    numbers : tuple of float
        By which they were moved.
    position : tensor, (3, N)
        Where they are, [Mpc/h].
    density : tensor, (n, n, n)
        Over its mean.
    """

    before: Tensor
    numbers: tuple[float, ...]
    position: Tensor
    density: Tensor

    def is_of(self, before: Tensor, numbers: tuple[float, ...]) -> bool:
        """Whether they are these particles moved by these numbers."""
        return self.before is before and self.numbers == numbers


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
    baseline = "particle-mesh"

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take the numbers of each stage; no particles are kept yet."""
        self.stages = stages_of(self.card.field, weights, self.device)
        self._lock = threading.Lock()  # numbers and kept particles are one painting's at a time
        self._dark_matter: Kept | None = None
        self._stars: Kept | None = None

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a box, or a region of it. See `Emulator.predict_many`."""
        initial, values = self.named(inputs)[INITIAL], self.values(parameters)
        check_start(initial, self.card, region)
        # Not inference mode: the waves of a mesh are kept, and a fit may use them later.
        with self._lock, torch.no_grad():
            set_values(self.stages, values)
            painted = self._painted(initial)
        box = painted_box(self.card, initial, painted)
        return [box.cut(region) if region else box] * len(realisations)

    def moves(
        self, inputs: Inputs, parameters: Mapping[str, float] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How far the layers move the particles that the card's field is made of.

        Returns
        -------
        position, move : array, (3, N)
            Where the particle mesh leaves them along x, y, z, and from there to where they end,
            [Mpc/h].
        """
        initial, values = self.named(inputs)[INITIAL], self.values(parameters)
        check_start(initial, self.card, None)
        with self._lock, torch.no_grad():
            set_values(self.stages, values)
            before = particles(initial, redshift_of(self.card), self.device)
            move = self._moved(initial) - before
        return before.cpu().numpy(), move.cpu().numpy()

    def dark_matter(self, initial: Mesh) -> Kept:
        """The mesh's particles after the stage of the dark matter."""
        before = particles(initial, redshift_of(self.card), self.device)
        stage = cast("DarkMatter", self.stages["dm"])
        numbers = tuple(float(x) for each in stage.parameters() for x in each)
        if self._dark_matter is None or not self._dark_matter.is_of(before, numbers):
            mesh = self._mesh(initial)
            moved = stage.moved(before, mesh)
            density = displacement.density(moved, mesh)
            self._dark_matter = Kept(before, numbers, moved, density)
        return self._dark_matter

    def stars(self, initial: Mesh) -> Kept:
        """The same particles after the displacements of the stars."""
        dark, stage = self.dark_matter(initial), cast("Stars", self.stages["stars"])
        numbers = tuple(float(x) for each in stage.move.values() for x in each)
        if self._stars is None or not self._stars.is_of(dark.position, numbers):
            mesh = self._mesh(initial)
            moved = stage.moved(dark.position, mesh, dark.density)
            density = displacement.density(moved, mesh)
            self._stars = Kept(dark.position, numbers, moved, density)
        return self._stars

    def _mesh(self, initial: Mesh) -> displacement.Mesh:
        return displacement.mesh_of(initial.box_size, len(initial.values), self.device)

    def _painted(self, initial: Mesh) -> Tensor:
        dark = self.dark_matter(initial)
        if self.card.field == "dm":
            return dark.density
        stars = self._made(initial)
        if self.card.field == "stars":
            return stars
        stage = cast("Hydrogen", self.stages[self.card.field])
        return stage(dark.position, stars, self._mesh(initial), dark.density)

    def _made(self, initial: Mesh) -> Tensor:
        return cast("Stars", self.stages["stars"]).made(self.stars(initial).density)

    def _moved(self, initial: Mesh) -> Tensor:
        dark, stage = self.dark_matter(initial), self.stages[self.card.field]
        if isinstance(stage, Stars):
            return self.stars(initial).position
        if isinstance(stage, Hydrogen):
            mesh = self._mesh(initial)
            return stage.moved(dark.position, self._made(initial), mesh, dark.density)
        return dark.position


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
