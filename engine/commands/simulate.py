"""`simulate`: a new dark-matter universe."""

from pathlib import Path
from typing import Annotated

import typer

from engine.commands.progress import parts, say_wrote
from engine.cosmology import N_S, PLANCK, SIGMA_8, Cosmology
from engine.universe import simulate as make_universe
from engine.universe import universe_name


def simulate(
    box: Annotated[float, typer.Option(help="Side of the periodic box, comoving Mpc/h.")],
    particles: Annotated[int, typer.Option(help="A side, even.")],
    out: Annotated[
        Path | None, typer.Argument(help="The simulation file to write; default: a name here.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the universe.")] = 0,
    redshift: Annotated[float, typer.Option(help="Of the snapshot, below 9.")] = 0.0,
    omega_m: Annotated[
        float, typer.Option("--Omega-m", help="All matter at z = 0.")
    ] = PLANCK.Omega_m,
    omega_b: Annotated[
        float, typer.Option("--Omega-b", help="Baryons, of the power spectrum alone.")
    ] = PLANCK.Omega_b,
    h: Annotated[float, typer.Option("--h", help="Hubble constant in 100 km/s/Mpc.")] = PLANCK.h,
    sigma_8: Annotated[float, typer.Option(help="Amplitude of the power spectrum.")] = SIGMA_8,
    n_s: Annotated[float, typer.Option(help="Its primordial slope.")] = N_S,
    power: Annotated[
        Path | None, typer.Option(help="Table of k [h/Mpc] and linear P(k) at z = 0, or camb.")
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Tell progress to programs: a part and words a line.")
    ] = False,
) -> None:
    """Make a new dark-matter universe by a particle mesh.

    Stopped at any moment, the same command goes on after the last whole step.
    """
    out = out or Path(f"{universe_name(box, particles, seed, redshift)}.hdf5")
    cosmology = Cosmology(omega_m, omega_b, h)
    numbers = (box, particles, seed, redshift, cosmology, sigma_8, n_s, power)
    if lines:
        make_universe(out, *numbers, lambda part, doing: print(f"{part:.3f} {doing}", flush=True))
        return
    with parts("linear overdensity") as progress:
        make_universe(out, *numbers, progress)
    say_wrote(out)
