"""The three stages of JERALD, each learned with those before it fixed.

Paper: Rigo, Trotta & Viel 2025. `alpha` is in (Mpc/h)^(2 + nu), wavenumbers in h/Mpc; all else
has no unit. Signs of `b` and of the repelling `alpha` are those for which both are usually
positive.
"""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

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

LARGE = 256
"""Cells a side from which on a displacement is worked out again for its gradient, so that memory
holds what one of them needs: 8 GB at 512^3."""

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


def one_by_one(layer: Callable[[Tensor, int], Tensor], position: Tensor, mesh: Mesh) -> Tensor:
    """Particles after all layers, each a move of the positions by the layer of a number."""
    for number in range(LAYERS):
        if mesh.cells >= LARGE and torch.is_grad_enabled():
            position = checkpoint(
                layer, position, number, use_reentrant=False, preserve_rng_state=False
            )
        else:
            position = layer(position, number)
    return position


class Pulled(Stage):
    """Displacements to where a power of the particles' own density pulls them (equation 2)."""

    squares: ClassVar[bool]
    """Of how potentials are filtered, see `green`."""

    move: Group

    def moved(self, position: Tensor, mesh: Mesh, rho: Tensor | None = None) -> Tensor:
        """Particles after the displacements; `rho` is their density, if it is known already."""

        def layer(position: Tensor, number: int) -> Tensor:
            here = density(position, mesh) if number or rho is None else rho
            potential = self.move.potential(number, here, mesh, self.squares)
            return displaced(position, self.strength * potential, mesh)

        return one_by_one(layer, position, mesh)


class DarkMatter(Pulled):
    """Displacements that sharpen a particle mesh (equations 2 and 7)."""

    groups = ("move",)
    squares = False

    def __init__(self) -> None:
        super().__init__()
        self.move = Group(KERNEL, LAYERS)

    def forward(self, position: Tensor, mesh: Mesh) -> Tensor:
        """Density over its mean, (n, n, n)."""
        return density(self.moved(position, mesh), mesh)


class Stars(Pulled):
    """Stars over their mean from the particles of the dark matter (equations 6 and 8)."""

    groups = ("move", "map")
    squares = True

    def __init__(self) -> None:
        super().__init__()
        self.move, self.map = Group(KERNEL, LAYERS), Group(MAP, 1)

    def forward(self, position: Tensor, mesh: Mesh) -> Tensor:
        """Stars over the mean of those that trained, (n, n, n)."""
        return self.made(density(self.moved(position, mesh), mesh))

    def made(self, rho: Tensor) -> Tensor:
        """Stars of the density of particles that are displaced already."""
        return (self.map["w"] * (rho + EMPTY) ** self.map["mu"] + self.map["b"]).clamp(min=LEAST)


class Hydrogen(Stage):
    """Neutral hydrogen over its mean from dark matter and painted stars (equations 12 to 15)."""

    strength = 1e-3
    groups = ("attract", "repel", "map", "deplete")

    def __init__(self) -> None:
        super().__init__()
        self.attract, self.repel = Group(KERNEL, LAYERS), Group(KERNEL, LAYERS)
        self.map, self.deplete = Group(MAP, 1, b=-0.1), Group(DEPLETION, 1)

    def moved(
        self, position: Tensor, stars: Tensor, mesh: Mesh, rho: Tensor | None = None
    ) -> Tensor:
        """Particles after the displacements, to the dark matter and away from the stars.

        `rho` is their density before, if it is known already.
        """
        stars = over_mean(stars)

        def layer(position: Tensor, number: int) -> Tensor:
            here = density(position, mesh) if number or rho is None else rho
            pull = self.attract.potential(number, here, mesh, squares=True)
            push = self.repel.potential(number, stars, mesh, squares=True)
            return displaced(position, self.strength * (pull - push), mesh)

        return one_by_one(layer, position, mesh)

    def forward(
        self, position: Tensor, stars: Tensor, mesh: Mesh, rho: Tensor | None = None
    ) -> Tensor:
        """Hydrogen over the mean of those that trained, (n, n, n).

        Parameters
        ----------
        position : tensor, (3, N)
            Of the dark matter, after its stage.
        stars : tensor, (n, n, n)
            Painted; they stay where they are.
        rho : tensor, (n, n, n), optional
            Density at the positions, if it is known already.
        """
        moved = density(self.moved(position, stars, mesh, rho), mesh)
        shifted = (moved + self.deplete["shift"]).clamp(min=LEAST)
        made = self.map["w"] * shifted ** self.map["mu"] + self.map["b"]
        return (made - self._depletion(over_mean(stars), mesh)).clamp(min=LEAST)

    def _depletion(self, stars: Tensor, mesh: Mesh) -> Tensor:
        by = self.deplete
        kernel = green(mesh, by["low"], by["high"], by["nu"], squares=False)
        none = torch.zeros_like(kernel)
        none[0, 0, 0] = 1
        kernel = kernel * (1 - none) + by["xi"]  # the mean is depleted by the constant alone
        spread = torch.fft.irfftn(kernel * torch.fft.rfftn(stars), (mesh.cells,) * 3)
        near = (by["beta1"] * spread + by["eta"]).clamp(min=LEAST)
        return near + by["beta2"] * (stars + EMPTY) ** by["gamma"]


def over_mean(stars: Tensor) -> Tensor:
    """Stars over their mean, above none."""
    return (stars / stars.mean()).clamp(min=LEAST)


STAGES: dict[str, type[Stage]] = {
    "dm": DarkMatter,
    "stars": Stars,
    "hi_thin": Hydrogen,
    "hi": Hydrogen,
}
"""By the field that they make. The paper's hydrogen is `hi_thin`; `hi` shields itself."""


def chain(field: str) -> tuple[str, ...]:
    """Stages that a field takes in the order in which they are learned, its own last."""
    before = {"dm": (), "stars": ("dm",)}.get(field, ("dm", "stars"))
    return (*before, field)
