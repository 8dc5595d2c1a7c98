"""The three stages of JERALD, each learned with those before it fixed.

Paper: Rigo, Trotta & Viel 2025. `alpha` is in (Mpc/h)^(2 + nu), wavenumbers in h/Mpc; all else
has no unit. Signs of `b` and of the repelling `alpha` are those for which both are usually
positive.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.networks.jerald.displacement import (
    EMPTY,
    Mesh,
    density,
    displaced,
    green,
    waves_of,
)

LAYERS = 2
"""Displacements of a stage."""

LEAST = 1e-12
"""Of what a stage makes, over its mean."""

WAVENUMBERS = (0.03, 600.0)
"""Bounds of scales, [h/Mpc]: beyond any mesh."""

KERNEL = {
    "alpha": (0.1, (-20.0, 20.0)),
    "gamma": (0.5, (0.05, 2.0)),
    "low": (1.0, WAVENUMBERS),
    "high": (16.0, WAVENUMBERS),
    "nu": (0.0, (-4.5, 4.5)),
}
"""Start and bounds of the numbers of a potential: strength, power of the density, the two
wavenumbers between which it acts, slope."""

MAP = {"mu": (1.0, (0.1, 8.0)), "w": (1.0, (1e-5, 1e3)), "b": (0.0, (-10.0, 10.0))}
"""Of the power law that turns a density into a field."""

DEPLETION = {
    "beta1": (0.6, (-10.0, 10.0)),
    "low": (1.0, WAVENUMBERS),
    "high": (8.0, WAVENUMBERS),
    "nu": (0.01, (-4.5, 4.5)),
    "beta2": (0.0, (-10.0, 10.0)),
    "gamma": (0.1, (0.05, 2.0)),
    "xi": (1.0, (-10.0, 10.0)),
    "eta": (0.0, (-10.0, 10.0)),
    "shift": (0.0, (-1.0, 1.0)),
}
"""Of what stars take away from neutral hydrogen."""

Numbers = dict[str, tuple[float, tuple[float, float]]]


class Group(nn.ParameterDict):
    """Numbers of one part of a stage, by name.

    Parameters
    ----------
    numbers : dict
        Starts and bounds.
    count : int
        Of each.
    changed : float
        Starts of single ones instead, by name.
    """

    def __init__(self, numbers: Numbers, count: int, **changed: float) -> None:
        starts = {name: changed.get(name, start) for name, (start, _) in numbers.items()}
        super().__init__({n: nn.Parameter(torch.full((count,), s)) for n, s in starts.items()})
        self.numbers = numbers

    @torch.no_grad()
    def clip(self) -> None:
        """Bring all into their bounds."""
        for name, (_, (lowest, highest)) in self.numbers.items():
            self[name].clamp_(lowest, highest)

    def potential(self, layer: int, field: Tensor, mesh: Mesh, squares: bool) -> Tensor:
        """Waves of the potential of a field, with the sign by which it attracts."""
        low, high, nu = (self[name][layer] for name in ("low", "high", "nu"))
        filtered = green(mesh, low, high, nu, squares) * waves_of(field, self["gamma"][layer])
        return -self["alpha"][layer] * filtered


class Stage(nn.Module):
    """Moves particles and makes a field of their density."""

    strength: ClassVar[float] = 1e-2
    """By which potentials are multiplied, so that all numbers are of order one."""

    groups: ClassVar[tuple[str, ...]]

    def clip(self) -> None:
        """Bring all numbers into their bounds."""
        for name in self.groups:
            group = getattr(self, name)
            assert isinstance(group, Group)
            group.clip()


class DarkMatter(Stage):
    """Displacements that sharpen a particle mesh (equations 2 and 7)."""

    groups = ("move",)

    def __init__(self) -> None:
        super().__init__()
        self.move = Group(KERNEL, LAYERS)

    def moved(self, position: Tensor, mesh: Mesh) -> Tensor:
        """Particles after the displacements."""
        for layer in range(LAYERS):
            rho = density(position, mesh)
            potential = self.strength * self.move.potential(layer, rho, mesh, squares=False)
            position = displaced(position, potential, mesh)
        return position

    def forward(self, position: Tensor, mesh: Mesh) -> Tensor:
        """Density over its mean, (n, n, n)."""
        return density(self.moved(position, mesh), mesh)


class Stars(Stage):
    """Stars over their mean from the particles of the dark matter (equations 6 and 8)."""

    groups = ("move", "map")

    def __init__(self) -> None:
        super().__init__()
        self.move, self.map = Group(KERNEL, LAYERS), Group(MAP, 1)

    def forward(self, position: Tensor, mesh: Mesh) -> Tensor:
        """Stars over the mean of those that trained, (n, n, n)."""
        for layer in range(LAYERS):
            rho = density(position, mesh)
            potential = self.strength * self.move.potential(layer, rho, mesh, squares=True)
            position = displaced(position, potential, mesh)
        rho = density(position, mesh) + EMPTY
        return (self.map["w"] * rho ** self.map["mu"] + self.map["b"]).clamp(min=LEAST)


class Hydrogen(Stage):
    """Neutral hydrogen over its mean from dark matter and painted stars (equations 12 to 15)."""

    strength = 1e-3
    groups = ("attract", "repel", "map", "deplete")

    def __init__(self) -> None:
        super().__init__()
        self.attract, self.repel = Group(KERNEL, LAYERS), Group(KERNEL, LAYERS)
        self.map, self.deplete = Group(MAP, 1, b=-0.1), Group(DEPLETION, 1)

    def forward(self, position: Tensor, stars: Tensor, mesh: Mesh) -> Tensor:
        """Hydrogen over the mean of those that trained, (n, n, n).

        Parameters
        ----------
        position : tensor, (3, N)
            Of the dark matter, after its stage.
        stars : tensor, (n, n, n)
            Painted; they stay where they are.
        """
        stars = (stars / stars.mean()).clamp(min=LEAST)
        for layer in range(LAYERS):
            pull = self.attract.potential(layer, density(position, mesh), mesh, squares=True)
            push = self.repel.potential(layer, stars, mesh, squares=True)
            position = displaced(position, self.strength * (pull - push), mesh)
        rho = (density(position, mesh) + self.deplete["shift"]).clamp(min=LEAST)
        made = self.map["w"] * rho ** self.map["mu"] + self.map["b"]
        return (made - self._depletion(stars, mesh)).clamp(min=LEAST)

    def _depletion(self, stars: Tensor, mesh: Mesh) -> Tensor:
        by = self.deplete
        kernel = green(mesh, by["low"], by["high"], by["nu"], squares=False)
        none = torch.zeros_like(kernel)
        none[0, 0, 0] = 1
        kernel = kernel * (1 - none) + by["xi"]  # the mean is depleted by the constant alone
        spread = torch.fft.irfftn(kernel * torch.fft.rfftn(stars), (mesh.cells,) * 3)
        near = (by["beta1"] * spread + by["eta"]).clamp(min=LEAST)
        return near + by["beta2"] * (stars + EMPTY) ** by["gamma"]


STAGES: dict[str, type[Stage]] = {"dm": DarkMatter, "stars": Stars, "hi": Hydrogen}
"""By the field that they make, in the order in which they are learned."""


def chain(field: str) -> tuple[str, ...]:
    """Stages that a field takes, its own last."""
    names = tuple(STAGES)
    return names[: names.index(field) + 1]
