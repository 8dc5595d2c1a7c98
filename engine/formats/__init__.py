"""File formats, one reader a file."""

import re
from collections.abc import Sequence
from pathlib import Path

from engine.formats.gadget import GadgetSnapshot
from engine.formats.snapshot import Snapshot, attribute, open_hdf5
from engine.formats.swift import SwiftSnapshot

__all__ = ["open_snapshot"]

# SWIFT first: it writes a mass table too.
FORMATS: tuple[type[Snapshot], ...] = (SwiftSnapshot, GadgetSnapshot)


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
    files = _all_files(paths)
    with open_hdf5(files[0]) as file:
        for reader in FORMATS:
            if reader.matches(file):
                return reader(files)
    raise ValueError(
        f"{files[0].name} is HDF5 but no snapshot this program reads, expected the layout of "
        "GADGET, AREPO, GIZMO or SWIFT (a Header with MassTable and BoxSize, or Units and "
        "Cosmology)."
    )


def _all_files(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    if not isinstance(paths, str | Path):
        listed = sorted((Path(path).expanduser() for path in paths), key=_file_number)
        if not listed:
            raise ValueError("the list of the snapshot's files is empty, expected at least one.")
        if len(listed) > 1:
            return listed
        paths = listed[0]
    path = Path(paths).expanduser()
    if path.is_dir():
        found = sorted(
            (p for p in path.iterdir() if p.suffix in (".hdf5", ".h5")), key=_file_number
        )
        if not found:
            raise ValueError(
                f"{path} is a folder without .hdf5 files, expected a snapshot's files."
            )
        return found
    with open_hdf5(path) as file:
        number = attribute([file.get("Header")], ("NumFilesPerSnapshot",)) or 1
    numbered = re.fullmatch(r"(.*\.)\d+(\.h(?:df)?5)", path.name)
    if number == 1 or numbered is None:
        return [path]
    before, after = numbered.groups()
    siblings = [path.with_name(f"{before}{i}{after}") for i in range(int(number))]
    missing = [p.name for p in siblings if not p.is_file()]
    if missing:
        raise ValueError(
            f"{path.name} is one of {int(number)} files of a snapshot, but "
            f"{', '.join(missing[:3])} {'is' if len(missing) == 1 else 'are'} not beside it."
        )
    return siblings


def _file_number(path: Path) -> tuple[int, str]:
    numbers = re.findall(r"\.(\d+)\.h(?:df)?5$", path.name)
    return (int(numbers[0]) if numbers else 0, path.name)
