"""Which files train a network, and which must not."""

from collections.abc import Sequence
from pathlib import Path

from engine.files import sha256
from engine.systems.card import TrainingFile
from training.config import HELD_OUT, Split


def find_files(folder: str | Path, sources: Sequence[Split]) -> list[tuple[Path, Split]]:
    """Simulation files of the sources and the part to take from each; some may be missing.

    Raises
    ------
    ValueError
        If the folder holds a file of none of the sources.
    """
    found = [
        (file, source)
        for source in sources
        for file in sorted(Path(folder).glob(f"{source.pattern}.hdf5"))
    ]
    if not found:
        wanted = " or ".join(f"{source.pattern}.hdf5" for source in sources)
        raise ValueError(
            f"Training data folder {folder} holds no file {wanted}, expected simulation files as "
            "`python -m engine project` writes them."
        )
    return found


def refuse_held_out(name: str, source: Split) -> None:
    """Raise ValueError if training on this part of a simulation would spoil a score."""
    for held_out in HELD_OUT:
        if source.overlaps(name, held_out):
            axes = [axis for axis in source.axes if axis in held_out.axes]
            raise ValueError(
                f"Axis {axes[0]} of simulation {name!r} is held out to score networks, expected "
                "training sources without it."
            )


def describe_files(files: Sequence[tuple[Path, Split]]) -> tuple[TrainingFile, ...]:
    """Names, axes and hashes of the files of a run."""
    return tuple(TrainingFile(path.name, source.axes, sha256(path)) for path, source in files)
