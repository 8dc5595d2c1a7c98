"""A particle mesh stepped from the growing mode: where particles end at a redshift."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from engine.growth import Growth
from engine.nbody.cloud import paint, read
from engine.nbody.displacement import AXES, displacements, inverse_laplacian, wavenumbers
from engine.nbody.schedule import BEGIN, STEPS


@dataclass(frozen=True, eq=False)
class Particles:
    """Of a particle mesh.

    Parameters
    ----------
    position : tensor, (3, n)
        Comoving, [Mpc/h], within the box.
    velocity : tensor, (3, n)
        Displacement per D1, [Mpc/h].
    """

    position: torch.Tensor
    velocity: torch.Tensor


Step = Callable[[Particles, float, float], Particles]
"""From one scale factor to another."""


def at_beginning(
    overdensity: torch.Tensor,
    box_size: float,
    growth: Growth,
    a: float = BEGIN,
    lattice: tuple[float, float, float] = (0.5, 0.5, 0.5),
) -> Particles:
    """Particles in the growing mode of second order.

    Parameters
    ----------
    overdensity : tensor, (n, n, n)
        Linear, today, at the places of the undisplaced particles.
    box_size : float
        Comoving, [Mpc/h].
    lattice : (float, float, float)
        Where the first of these is along x, y, z, [cells].

    Returns
    -------
    Particles
        n^3, those along x next to each other.
    """
    cells = len(overdensity)
    first, second = displacements(overdensity, box_size)
    D1, D2, rate = growth.first(a), growth.second(a), growth.second_per_first(a)
    position = (D1 * first + D2 * second).reshape(3, -1)
    velocity = (first + rate * second).reshape(3, -1)
    number = torch.arange(cells, dtype=position.dtype, device=position.device)
    for along, place, axis in zip(position, lattice, AXES, strict=True):
        shape = [1, 1, 1]
        shape[axis] = cells
        along.view(cells, cells, cells).add_(((number + place) * box_size / cells).view(shape))
    return Particles(torch.remainder(position, box_size), velocity)


def evolve(
    particles: Particles, step: Step, redshift: float, done: int = 0, steps: int = STEPS
) -> Iterator[Particles]:
    """Step particles from BEGIN to a redshift.

    Parameters
    ----------
    step : Step
        `BullFrog` or `KickDriftKick`.
    done : int
        Steps that the particles have made already.

    Yields
    ------
    Particles
        After each step.
    """
    times = np.linspace(BEGIN, 1 / (1 + redshift), steps + 1)
    for before, after in list(pairwise(times))[done:]:
        particles = step(particles, float(before), float(after))
        yield particles


@dataclass(frozen=True)
class Mesh:
    """What pulls particles.

    Parameters
    ----------
    box_size : float
        Comoving, [Mpc/h].
    growth : Growth
        Of the universe.
    cells : int
        A side.
    """

    box_size: float
    growth: Growth
    cells: int

    def force(self, position: torch.Tensor) -> torch.Tensor:
        """Minus the gradient of the field whose Laplacian is the overdensity, at particles.

        Cloud in cell both ways, an exact inverse Laplacian and differences of fourth order,
        with no softening beside.

        References
        ----------
        Feng et al. 2016.
        """
        density = paint(position, self.box_size, self.cells)[0]
        waves = torch.fft.rfftn(density.mul_(self.cells**3 / position.shape[1]))
        del density
        potential = inverse_laplacian(waves, self.box_size)
        force = torch.empty_like(position)
        side = self.box_size / self.cells
        for axis, k in enumerate(wavenumbers(self.cells, self.box_size, potential)):
            difference = (8 * torch.sin(k * side) - torch.sin(2 * k * side)) / (6 * side)
            field = torch.fft.irfftn(-1j * difference * potential, (self.cells,) * 3)
            force[axis] = read(position, self.box_size, field[None])[0]
        return force

    def drifted(self, particles: Particles, D1: float) -> torch.Tensor:
        """Positions after particles have gone on for a while."""
        return torch.remainder(particles.position + D1 * particles.velocity, self.box_size)


@dataclass(frozen=True)
class BullFrog(Mesh):
    """Drift, kick, drift in D1, exact to second order in every step.

    References
    ----------
    Rampf, List & Hahn 2025 (BullFrog).
    """

    def __call__(self, particles: Particles, before: float, after: float) -> Particles:
        """From one scale factor to another."""
        growth = self.growth
        D1 = growth.first(before)
        half = (growth.first(after) - D1) / 2
        rate, rate_after = growth.second_per_first(before), growth.second_per_first(after)
        ahead = (growth.second(before) + rate * half) / (D1 + half) - (D1 + half)
        keeps = (rate_after - ahead) / (rate - ahead)
        middle = self.drifted(particles, half)
        pull = self.force(middle) * ((1 - keeps) / (D1 + half))
        velocity = keeps * particles.velocity + pull
        return Particles(self.drifted(Particles(middle, velocity), half), velocity)


@dataclass(frozen=True)
class KickDriftKick(Mesh):
    """Kick, drift, kick with the factors by which linear growth is exact.

    References
    ----------
    Feng et al. 2016 (FastPM).
    """

    def __call__(self, particles: Particles, before: float, after: float) -> Particles:
        """From one scale factor to another."""
        growth, middle = self.growth, (before * after) ** 0.5
        momentum = particles.velocity * growth.momentum(before)
        for a, b, there in ((before, middle, before), (middle, after, after)):
            if there == after:
                drift = (growth.first(after) - growth.first(before)) / growth.momentum(middle)
                position = self.drifted(Particles(particles.position, momentum), drift)
                particles = Particles(position, particles.velocity)
            kick = (growth.momentum(b) - growth.momentum(a)) / growth.first(there)
            momentum = momentum + self.force(particles.position) * kick
        return Particles(particles.position, momentum / growth.momentum(after))
