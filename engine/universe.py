"""A new dark-matter universe: from a seed to a simulation file."""

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from numpy.typing import NDArray

from engine.cosmology import N_S, PLANCK, SIGMA_8, Cosmology
from engine.formats.gadget_file import write_dark_matter, write_overdensity
from engine.initial_conditions import moved
from engine.nbody.linear_power import (
    CAMB,
    LinearPower,
    by_camb,
    eisenstein_hu,
    read_linear_power,
)
from engine.nbody.realisation import draw_overdensity
from engine.nbody.schedule import BEGIN, MESH_FACTOR, STEPS
from engine.noise import MAX_SEED
from engine.projection.friends import find_halos
from engine.projection.snapshots import project_snapshot
from engine.results import Progress

LATTICE = 0.5
"""Where particles stand before their displacement: at the centres of cells."""

BYTES = {"particle": 60, "cell": 16}
"""Needed at the same time: positions, velocities, force and copies; a mesh, its waves twice."""

STEPPED = 0.7
"""Of the progress, the rest is projection."""


def simulate(
    out: str | Path,
    box_size: float,
    particles: int,
    seed: int = 0,
    redshift: float = 0.0,
    cosmology: Cosmology = PLANCK,
    sigma_8: float = SIGMA_8,
    n_s: float = N_S,
    power: str | Path | None = None,
    progress: Progress = lambda fraction, doing: None,
) -> Path:
    """Run a particle mesh from a drawn linear overdensity and write a simulation file.

    It holds maps and a grid of dark matter (`dmo`), haloes by friends of friends and the initial
    conditions. Stopped at any moment, the same call goes on after the last whole step. The same
    seed gives the same large-scale structure for any number of particles.

    Parameters
    ----------
    out : path
        The simulation file; it appears only when it is complete.
    box_size : float
        Comoving, [Mpc/h].
    particles : int
        A side, even.
    seed : int
        Of the overdensity, from 0 to 2^64 - 1.
    redshift : float
        Of the snapshot, below 9.
    cosmology : Cosmology
        Flat.
    sigma_8, n_s : float
        Of the power spectrum; not used with a table.
    power : path, optional
        A table of k [h/Mpc] and linear P(k) at z = 0 [(Mpc/h)^3], or "camb" for that by CAMB,
        an extra of this package; Eisenstein & Hu's if left out.
    progress : callable
        Called with the fraction done and what is being done.

    Returns
    -------
    Path
        Of the simulation file.

    Raises
    ------
    ValueError
        In one sentence, before any work, if a number is none that can be run.

    References
    ----------
    Feng et al. 2016; Rampf, List & Hahn 2025; Davis et al. 1985.
    """
    # Only now: it imports torch, which takes seconds.
    from engine.nbody.kept_steps import kept_steps

    out = Path(out).expanduser()
    _check(box_size, particles, seed, redshift, cosmology, sigma_8, n_s)
    _check_memory(particles)
    if power and str(power) != CAMB:
        spectrum = read_linear_power(power)
    else:
        spectrum = (by_camb if power else eisenstein_hu)(cosmology, sigma_8, n_s)
    out.parent.mkdir(parents=True, exist_ok=True)
    progress(0.0, "linear overdensity")
    overdensity = draw_overdensity(spectrum, box_size, particles, seed)
    recipe = _recipe(box_size, particles, seed, redshift, cosmology, spectrum)
    stopped = out.with_name(f".{out.name}.steps")
    position = kept_steps(
        overdensity,
        box_size,
        cosmology.growth,
        redshift,
        stopped,
        recipe,
        lambda n: progress(STEPPED * n / STEPS, f"particle mesh: step {n} of {STEPS}"),
    )
    code = f"particle mesh of {particles * MESH_FACTOR} cells a side, {STEPS} steps"
    progress(STEPPED, "friends of friends")
    halos = find_halos(position.T, box_size, cosmology.mean_matter_density)
    made = f"Drawn with seed {seed} from {spectrum.made}; second order to z = 9, then {code}."
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        snapshot, start = Path(folder, "particles.hdf5"), Path(folder, "start.hdf5")
        write_dark_matter(snapshot, position, box_size, redshift, cosmology, code, halos)
        _write_start(start, overdensity, box_size, cosmology)
        project_snapshot(
            snapshot,
            out,
            fields=("dmo",),
            grids=("dmo",),
            assignment="cic",
            initial_conditions=start,
            provenance=made,
            progress=lambda part, doing: progress(STEPPED + (1 - STEPPED) * part, doing),
        )
    stopped.unlink(missing_ok=True)
    return out


def _write_start(
    path: Path, overdensity: NDArray[np.float32], box_size: float, cosmology: Cosmology
) -> None:
    """Write the linear overdensity as it was when the particle mesh began, at lattice points."""
    grown = overdensity * cosmology.growth.first(BEGIN)
    at_lattice_points = moved(grown, (-LATTICE, -LATTICE, -LATTICE))
    write_overdensity(path, at_lattice_points, box_size, 1 / BEGIN - 1, cosmology, LATTICE)


def universe_name(box_size: float, particles: int, seed: int, redshift: float) -> str:
    """Name of a universe of the usual cosmology, by what else it depends on."""
    return f"universe-{box_size:g}-{particles}-{seed}-z{redshift:g}"


def _recipe(
    box_size: float,
    particles: int,
    seed: int,
    redshift: float,
    cosmology: Cosmology,
    power: LinearPower,
) -> str:
    """All that the particles depend on."""
    return json.dumps(
        {
            "box_size": box_size,
            "particles": particles,
            "seed": seed,
            "redshift": redshift,
            "cosmology": asdict(cosmology),
            "power": [power.made, float(np.sum(power.values * power.k))],
            "steps": STEPS,
            "mesh_factor": MESH_FACTOR,
        }
    )


def _check(
    box_size: float,
    particles: int,
    seed: int,
    redshift: float,
    cosmology: Cosmology,
    sigma_8: float,
    n_s: float,
) -> None:
    """Refuse what is no universe."""
    allowed = {
        "box": (box_size, 0.1, 1e5, "Mpc/h"),
        "redshift": (redshift, 0.0, 1 / BEGIN - 1.01, ""),
        "Omega_m": (cosmology.Omega_m, 0.05, 1.0, ""),
        "Omega_b": (cosmology.Omega_b, 0.001, cosmology.Omega_m / 2, ""),
        "h": (cosmology.h, 0.3, 1.2, ""),
        "sigma_8": (sigma_8, 0.1, 2.0, ""),
        "n_s": (n_s, 0.5, 1.5, ""),
    }
    for name, (value, lowest, highest, unit) in allowed.items():
        if not lowest <= value <= highest:
            raise ValueError(
                f"{name} is {value:g}, expected {lowest:g} to {highest:g} {unit}".rstrip() + "."
            )
    if particles % 2 or not 8 <= particles <= 4096:
        raise ValueError(f"particles is {particles}, expected an even number a side, 8 to 4096.")
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed is {seed}, expected a whole number from 0 to {MAX_SEED}.")


def _check_memory(particles: int) -> None:
    """Refuse what this machine can't hold, and say what it can."""
    each = BYTES["particle"] + BYTES["cell"] * MESH_FACTOR**3
    free = psutil.virtual_memory().available
    if each * particles**3 > free:
        most = int((free / each) ** (1 / 3)) // 2 * 2
        raise ValueError(
            f"particles is {particles} a side, for which {each * particles**3 / 1e9:.1f} GB are "
            f"needed, but {free / 1e9:.1f} GB are free; at most {most} fit."
        )
