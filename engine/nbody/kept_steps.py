"""A particle mesh whose steps are kept in a file, so that it goes on where it was stopped."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from engine.files import written_whole
from engine.growth import Growth
from engine.nbody.particle_mesh import BullFrog, Particles, at_beginning, evolve
from engine.nbody.schedule import MESH_FACTOR


def kept_steps(
    overdensity: NDArray[np.float32],
    box_size: float,
    growth: Growth,
    redshift: float,
    path: Path,
    recipe: str,
    progress: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float32]:
    """Where particles end, by the steps of a particle mesh that are not done yet.

    Parameters
    ----------
    overdensity : array, (n, n, n)
        Linear, today, at the cells' centres, where particles begin.
    box_size : float
        Comoving, [Mpc/h].
    redshift : float
        Of the last step.
    path : Path
        The file, which the caller removes in the end.
    recipe : str
        What the particles depend on; a file of another is begun anew.
    progress : callable
        Called with the number of steps done.

    Returns
    -------
    array, (3, n^3)
        Positions, [Mpc/h].
    """
    done, begun = _read(path, recipe)
    state = begun or at_beginning(torch.from_numpy(overdensity), box_size, growth)
    step = BullFrog(box_size, growth, MESH_FACTOR * len(overdensity))
    progress(done)
    for number, after in enumerate(evolve(state, step, redshift, done), done + 1):
        state = after
        with written_whole(path) as part:
            tensors = {"position": state.position, "velocity": state.velocity}
            save_file(tensors, part, {"recipe": recipe, "done": str(number)})
        progress(number)
    return state.position.numpy()


def _read(path: Path, recipe: str) -> tuple[int, Particles | None]:
    """Steps done by the same recipe before, if any."""
    if not path.is_file():
        return 0, None
    try:
        with safe_open(path, "pt") as file:
            known = file.metadata() or {}
            if known.get("recipe") != recipe:
                return 0, None
            tensors = (file.get_tensor(name) for name in ("position", "velocity"))
            return int(known["done"]), Particles(*tensors)
    except (SafetensorError, ValueError):
        return 0, None
