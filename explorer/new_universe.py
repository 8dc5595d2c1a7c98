"""New universes asked for on the page: made by a process of their own, one at a time for all."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.assets import user_folder
from engine.bounded import bounded_command, refusal
from engine.systems.card import ModelCard
from engine.systems.checks import PIXEL_REFUSED, REDSHIFT_WARNED
from engine.units import MPC_IN_KPC
from engine.universe import universe_name
from explorer.choices import redshift_of

SIDES = (32, 64, 96, 128)
"""Particles a side on offer; more are for the command line."""

PATIENCE = 300.0
"""Seconds that a universe may take; one of 64^3 takes twenty on a core."""

MEMORY = 4 << 30
"""[bytes] it may take."""

KEPT = 12
"""Universes that stay; the oldest makes place for a new one."""

GIVES_WAY = 10
"""Niceness of the process: visitors of the page come first."""

PIXELS_PER_SEPARATION = 4
"""Of a universe's maps."""

Told = Callable[[float, str], None]
"""Takes the part that is done and what is being done, in words."""

WHAT = "Making a universe"

AT_A_TIME = asyncio.Semaphore(1)


@dataclass(frozen=True)
class Wish:
    """A universe that is asked for.

    Parameters
    ----------
    box_size : float
        Comoving, [Mpc/h].
    particles : int
        A side.
    seed : int
        Of the linear overdensity.
    redshift : float
        Of the snapshot.
    """

    box_size: float
    particles: int
    seed: int
    redshift: float

    @property
    def name(self) -> str:
        """Of the simulation: the same wish has the same one."""
        return universe_name(self.box_size, self.particles, self.seed, self.redshift)

    @property
    def cell_size(self) -> float:
        """Between particles, comoving, [kpc/h]."""
        return self.box_size * MPC_IN_KPC / self.particles

    def arguments(self, out: Path) -> list[str]:
        """Write it as a command of the engine."""
        numbers = {
            "box": self.box_size, "particles": self.particles, "seed": self.seed,
            "redshift": self.redshift,
        }  # fmt: skip
        options = [f"--{name}={value!r}" for name, value in numbers.items()]
        return ["simulate", str(out), *options, "--lines"]


async def made(wish: Wish, told: Told) -> str:
    """Make a universe, unless there is the same already.

    Parameters
    ----------
    told : callable
        Told how far it is.

    Returns
    -------
    str
        Name of the simulation.

    Raises
    ------
    ValueError
        In one sentence, if it can't be made.
    """
    folder = user_folder() / "universes"
    target = folder / f"{wish.name}.hdf5"
    if target.exists():
        target.touch()  # it is in use
        return wish.name
    told(0.0, "waiting for another universe to be done")
    async with AT_A_TIME:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as place:
            path = Path(place, target.name)
            await _run(wish.arguments(path), told)
            path.replace(target)
    forget_oldest(folder)
    return wish.name


async def _run(arguments: list[str], told: Told) -> None:
    """Run a command of the engine to its end; whoever stops waiting ends it."""
    command, environment = bounded_command(arguments, MEMORY)
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
        try:
            _give_way(process.pid)
            async with asyncio.timeout(PATIENCE):
                assert process.stdout is not None
                async for line in process.stdout:
                    part, _, doing = line.decode(errors="replace").strip().partition(" ")
                    told(float(part), doing)
                code = await process.wait()
        except TimeoutError as error:
            raise ValueError(
                f"{WHAT} took longer than {PATIENCE:g} s, expected less; python -m engine simulate "
                "makes larger ones."
            ) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        errors.seek(0)
        if code:
            raise ValueError(refusal(code, errors.read().decode(errors="replace"), WHAT))


def _give_way(process: int) -> None:
    """Lower a process's priority, where it can be."""
    if sys.platform != "win32":
        os.setpriority(os.PRIO_PROCESS, process, GIVES_WAY)


def forget_oldest(folder: Path) -> None:
    """Delete the universes that were asked for longest ago, but for the newest few."""
    files = sorted(folder.glob("universe-*.hdf5"), key=lambda path: path.stat().st_mtime)
    for path in files[:-KEPT]:
        path.unlink(missing_ok=True)


def painters(wish: Wish, cards: Iterable[ModelCard]) -> dict[str, list[str]]:
    """Find the emulators that a universe's resolution and redshift allow.

    Returns
    -------
    dict
        Their titles, by "grid" for those that paint its box and "slab" for those of its slabs.
    """
    found: dict[str, list[str]] = {"grid": [], "slab": []}
    for card in cards:
        begins = all(each.field == "delta" for each in card.inputs)
        maps = all(each.kind == "slab" for each in card.inputs)
        cell = wish.cell_size / (PIXELS_PER_SEPARATION if maps else 1)
        separation = card.inputs[0].separation
        same = separation is None or _near(wish.cell_size, separation)
        then = abs(redshift_of(card) - wish.redshift) <= REDSHIFT_WARNED
        if (begins or maps) and same and then and _near(cell, card.output.cell_size):
            titles = found[card.output.kind]
            titles += [card.title] * (card.title not in titles)
    return found


def _near(size: float, trained: float) -> bool:
    return abs(size / trained - 1) <= PIXEL_REFUSED
