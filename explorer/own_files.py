"""Files that a visitor brings: where they wait, what they hold, and how they become a simulation.

Nobody vouches for them. They are written down as they arrive, under names of our own, and read
by a process that may be lost (`engine.bounded`); the page opens none that did not come through.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.assets import user_folder
from engine.bounded import run_bounded
from engine.files import written_whole

ARRAYS = (".npy", ".fits", ".fit")
SIMULATIONS = (".hdf5", ".h5")
"""Endings of what can be brought: fields without words, and whole simulation files."""

LARGEST = 512 << 20
"""[bytes] of all files brought at once."""

SPARE = 2 << 30
"""[bytes] of the disk that stay free."""

PATIENCE = 60.0
"""Seconds that reading a file may take; the largest takes ten."""

FIELD_WORDS = {
    "dmo": ("dmo", "nbody", "mtot"),
    "dm": ("dm", "cdm", "mcdm", "dark"),
    "gas": ("gas", "mgas"),
    "hi": ("hi", "mhi"),
    "stars": ("star", "stars", "mstar"),
    "temperature": ("t", "temp", "temperature"),
}
"""Words in a file's name that tell of its field; CAMELS' among them."""


@dataclass(frozen=True)
class Answers:
    """What the visitor says of fields without words.

    Parameters
    ----------
    box, redshift, Omega_m, Omega_b, h : float or None
        As `engine.importing.Imported` has them; None while it isn't said.
    unit, axis, order, rows : str
        Likewise, the rows as FIRST:LAST.
    """

    box: float | None
    redshift: float | None
    Omega_m: float | None
    Omega_b: float | None
    h: float | None
    unit: str
    axis: str = "z"
    order: str = "zyx"
    rows: str = ""

    def arguments(self) -> list[str]:
        """Write them as options of `python -m engine import`.

        Raises
        ------
        ValueError
            In one sentence, if one is missing.
        """
        numbers = {
            "box": self.box, "redshift": self.redshift, "Omega-m": self.Omega_m,
            "Omega-b": self.Omega_b, "h": self.h,
        }  # fmt: skip
        missing = [name.replace("-", "_") for name, value in numbers.items() if value is None]
        if missing:
            raise ValueError(f"{', '.join(missing)} is not given, expected a number of each.")
        words = {"unit": self.unit, "axis": self.axis, "order": self.order, "rows": self.rows}
        return [f"--{name}={value}" for name, value in (numbers | words).items()]


class Arrived:
    """The files that one session has brought, in a folder that goes with it."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.files: dict[str, Path] = {}

    def begin(self) -> None:
        """Forget the files of before."""
        for path in self.files.values():
            path.unlink(missing_ok=True)
        self.files = {}

    def add(self, name: str, part: bytes) -> None:
        """Write a part of a file behind those before it.

        Parameters
        ----------
        name : str
            As the visitor calls it; only its ending is used.
        part : bytes
            Of its content.

        Raises
        ------
        ValueError
            In one sentence, if it has another ending, or all together are too large.
        """
        if name not in self.files:
            ending = Path(name).suffix.lower()
            if ending not in (*ARRAYS, *SIMULATIONS):
                endings = ", ".join((*SIMULATIONS, *ARRAYS))
                raise ValueError(f"{name} is neither of {endings}, expected one of them.")
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="baryon-explorer-")
            self.files[name] = Path(self._folder.name) / f"file{len(self.files)}{ending}"
        before = sum(path.stat().st_size for path in self.files.values() if path.exists())
        if before + len(part) > LARGEST:
            raise ValueError(
                f"The files take more than {LARGEST >> 20} MB, expected less; python -m engine "
                "import reads larger ones."
            )
        with self.files[name].open("ab") as file:
            file.write(part)

    @property
    def arrays(self) -> dict[str, Path]:
        """Those that hold a field without words, by the visitor's name."""
        return {name: path for name, path in self.files.items() if path.suffix in ARRAYS}

    def release(self) -> None:
        """Delete everything."""
        if self._folder is not None:
            self._folder.cleanup()
        self._folder, self.files = None, {}


def field_guessed(name: str) -> str:
    """Guess a field from its file's name; dark matter if nothing tells."""
    found = set(re.split(r"[^a-z0-9]+", Path(name).stem.lower()))
    return next((field for field, words in FIELD_WORDS.items() if found & set(words)), "dm")


def described(path: Path, name: str) -> str:
    """Say what a file holds, read from end to end.

    Raises
    ------
    ValueError
        In one sentence, if it can't be read.
    """
    try:
        found = run_bounded(["check", str(path)], PATIENCE)
    except ValueError as error:
        raise ValueError(str(error).replace(path.name, name)) from error
    return found.partition(": ")[2].strip()


def imported(
    fields: Mapping[str, Path], answers: Answers, name: str = "", dry_run: bool = False
) -> tuple[str, str]:
    """Bring fields without words into a simulation of one's own.

    Parameters
    ----------
    fields : mapping of str to path
        Files by the field that they hold.
    answers : Answers
        What the files can't say.
    name : str
        Of the simulation.
    dry_run : bool
        Whether only to say what it would come to.

    Returns
    -------
    str
        What the fields come to, a line each.
    str
        Name of the simulation.

    Raises
    ------
    ValueError, OSError
        In one sentence, if a file or an answer is unusable.
    """
    sources = [f"{field}={path}" for field, path in fields.items()]
    options = answers.arguments()
    if dry_run:
        words = run_bounded(["import", "none.hdf5", *sources, *options, "--dry-run"], PATIENCE)
        return words, ""
    target = place_for(name or "mine")
    options.append("--provenance=Brought to the page as files.")
    return run_bounded(["import", str(target), *sources, *options], PATIENCE), target.stem


def kept(path: Path, name: str) -> str:
    """Keep a simulation file that came through among the visitor's own; its name."""
    target = place_for(Path(name).stem)
    with written_whole(target) as unfinished:
        shutil.copyfile(path, unfinished)
    return target.stem


def place_for(name: str) -> Path:
    """Find a place for a simulation of one's own, of a name that is still free.

    Raises
    ------
    ValueError
        In one sentence, if the disk is full.
    """
    folder = user_folder() / "simulations"
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < SPARE:
        raise ValueError(f"The disk has less than {SPARE >> 30} GB left, expected more.")
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "mine"
    taken = {path.stem for path in folder.glob("*.hdf5")}
    number = 1
    while (free := plain if number == 1 else f"{plain}-{number}") in taken:
        number += 1
    return folder / f"{free}.hdf5"
