"""How an emulator's layers move the particles of what is in view, as arrows on its map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.fields import map_axes
from engine.systems.card import ModelCard
from engine.systems.jerald import Jerald
from engine.units import MPC_IN_KPC
from explorer.results import Results, trained

SIDE = 24
"""Arrows along each side of a map."""

SYSTEM = "jerald"
"""Of emulators that move particles."""

LONG = 99.0
"""Percentile of the lengths that is drawn as long as arrows are apart."""


@dataclass(frozen=True, eq=False)
class Arrows:
    """Mean displacements of particles in columns of a layer.

    Parameters
    ----------
    x, y : array, (n,)
        Middles of the columns, comoving, [Mpc/h].
    dx, dy : array, (n,)
        Mean displacements of the particles that begin there, [Mpc/h].
    apart : float
        Side of a column, [Mpc/h].
    """

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    dx: NDArray[np.floating]
    dy: NDArray[np.floating]
    apart: float

    @property
    def length(self) -> NDArray[np.floating]:
        """Of each displacement, [Mpc/h]."""
        return np.hypot(self.dx, self.dy)

    @property
    def enlarged(self) -> float:
        """How many times longer than they are arrows are drawn: a round number."""
        long = float(np.percentile(self.length, LONG)) if len(self.x) else 0.0
        if not long:
            return 1.0
        times = self.apart / long
        decade = 10.0 ** np.floor(np.log10(times))
        return float(decade * max(step for step in (1, 2, 5) if step * decade <= times))

    @property
    def words(self) -> str:
        """Say how they are drawn."""
        mean = MPC_IN_KPC * float(np.sqrt((self.length**2).mean())) if len(self.x) else 0.0
        return f"drawn {self.enlarged:g} times as long; {mean:.2g} ckpc/h rms"


def moves_particles(card: ModelCard | None) -> bool:
    """Whether an emulator has displacements to show."""
    return card is not None and card.system == SYSTEM


def arrows_of(found: Results) -> Arrows | None:
    """Work out the arrows of what is on show; None if its emulator moves nothing."""
    request = found.request
    if not request.emulator or found.prediction is None:
        return None
    emulator = trained(request.emulator, request.field, request.run.level)
    if not isinstance(emulator, Jerald):
        return None
    position, move = emulator.moves(found.eaten, dict(request.parameters))
    shown = found.prediction
    *_, sight = map_axes(shown.axis)
    inside = np.mod(position[sight] - shown.start, shown.box_size) < shown.depth
    return mean_moves(position[:, inside], move[:, inside], shown.axis, shown.box_size)


def mean_moves(
    position: NDArray[np.floating], move: NDArray[np.floating], axis: str, box_size: float
) -> Arrows:
    """Average displacements over the particles of columns along an axis, those that hold any.

    Parameters
    ----------
    position, move : array, (3, N)
        Along x, y, z, [Mpc/h].
    axis : {"x", "y", "z"}
        Line of sight.
    box_size : float
        [Mpc/h]
    """
    column, row, _ = map_axes(axis)
    apart = box_size / SIDE
    tile = np.mod(np.floor(position[[column, row]] / apart).astype(np.int64), SIDE)
    number = tile[1] * SIDE + tile[0]
    count = np.bincount(number, minlength=SIDE**2)
    some = np.flatnonzero(count)
    dx, dy = (
        np.bincount(number, weights=move[along], minlength=SIDE**2)[some] / count[some]
        for along in (column, row)
    )
    return Arrows((some % SIDE + 0.5) * apart, (some // SIDE + 0.5) * apart, dx, dy, apart)
