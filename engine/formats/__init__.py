"""File formats, one reader a file."""

from collections.abc import Sequence
from pathlib import Path

from engine.formats.snapshot import Snapshot
from engine.formats.snapshot_files import reader_of, snapshot_files

__all__ = ["open_snapshot"]


def open_snapshot(paths: str | Path | Sequence[str | Path]) -> Snapshot:
    """Open a snapshot of any known layout.

    Parameters
    ----------
    paths : path or sequence of path
        Its file or files; one file of several, or their folder, finds the others.

    Returns
    -------
    Snapshot
        Nothing but headers has been read.

    Raises
    ------
    ValueError
        In one sentence, if a file is missing, foreign or truncated.
    """
    files = snapshot_files(paths)
    reader = reader_of(files[0])
    if reader is None:
        raise ValueError(
            f"{files[0].name} is HDF5 but no snapshot this program reads, expected the layout of "
            "GADGET, AREPO, GIZMO or SWIFT (a Header with MassTable and BoxSize, or Units and "
            "Cosmology)."
        )
    return reader(files)
