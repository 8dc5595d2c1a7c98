"""Which files make up a snapshot: one file, its numbered parts, or what lies in a folder."""

import re
from collections.abc import Sequence
from pathlib import Path

from engine.formats.gadget import GadgetSnapshot
from engine.formats.hdf5 import group_in, number, number_row, open_hdf5
from engine.formats.snapshot import Snapshot
from engine.formats.swift import SwiftSnapshot

# SWIFT first: it writes a mass table too.
FORMATS: tuple[type[Snapshot], ...] = (SwiftSnapshot, GadgetSnapshot)

PART = re.compile(r"(?P<stem>.*)\.(?P<part>\d+)\.h(?:df)?5")

MOST_FILES = 100_000
"""Of one snapshot; the largest runs have some thousands."""

SHOWN = 4
"""Names that a message lists."""


def reader_of(path: Path) -> type[Snapshot] | None:
    """The class that reads the file, or None."""
    with open_hdf5(path) as file:
        return next((reader for reader in FORMATS if reader.matches(file)), None)


def snapshot_files(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """All files of the one snapshot that is meant.

    Parameters
    ----------
    paths : path or sequence of path
        Its file or files; one file of several, or their folder, finds the others.

    Raises
    ------
    ValueError
        In one sentence, if there is none, or more than one, or a part is missing.
    """
    if not isinstance(paths, str | Path):
        listed = sorted((Path(path).expanduser() for path in paths), key=_file_number)
        if not listed:
            raise ValueError("the list of the snapshot's files is empty, expected at least one.")
        if len(listed) > 1:
            return _only_snapshot("the list", listed)
        paths = listed[0]
    path = Path(paths).expanduser()
    return _in_folder(path) if path.is_dir() else _with_siblings(path)


def _in_folder(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if path.suffix in (".hdf5", ".h5")]
    if not found:
        raise ValueError(f"{folder} is a folder without .hdf5 files, expected a snapshot's files.")
    found.sort(key=_file_number)
    # Halo catalogues and the like may lie beside a snapshot.
    snapshots = [path for path in found if reader_of(path)]
    return _only_snapshot(str(folder), snapshots or found)


def _only_snapshot(place: str, files: list[Path]) -> list[Path]:
    """The files of the one snapshot among them; one that holds all stands for its parts."""
    whole = {path.stem: path for path in files if _is_whole(path)}
    parts: dict[str, list[Path]] = {}
    for path in files:
        if path not in whole.values():
            numbered = PART.fullmatch(path.name)
            parts.setdefault(numbered["stem"] if numbered else "", []).append(path)
    names = sorted({*whole, *parts})
    if len(names) > 1:
        listed = ", ".join(name or parts[name][0].name for name in names[:SHOWN])
        more = ", ..." if len(names) > SHOWN else ""
        raise ValueError(
            f"{place} holds {len(names)} snapshots ({listed}{more}); name one of them."
        )
    return [whole[names[0]]] if whole else parts[names[0]]


def _is_whole(path: Path) -> bool:
    """Whether the file's header counts all particles of the snapshot to this file."""
    with open_hdf5(path) as file:
        header = [group_in(file, "Header")]
        here, total = (number_row(header, f"NumPart_{which}") for which in ("ThisFile", "Total"))
    return here is not None and total is not None and here.tolist() == total.tolist()


def _with_siblings(path: Path) -> list[Path]:
    """The file itself, or all parts of the snapshot that it is one of."""
    with open_hdf5(path) as file:
        declared = number([group_in(file, "Header")], ("NumFilesPerSnapshot",)) or 1
    return parts_of(path, declared, "a snapshot")


def parts_of(path: Path, declared: float, what: str) -> list[Path]:
    """The file itself, or all numbered parts of what it is one of.

    Parameters
    ----------
    declared : float
        How many it says there are.
    what : str
        They make up, for the message.

    Raises
    ------
    ValueError
        In one sentence, if that can't be, or one is not there.
    """
    numbered = PART.fullmatch(path.name)
    if declared == 1 or numbered is None:
        return [path]
    if not 1 < declared <= MOST_FILES:
        raise ValueError(
            f"{path.name} says that it is one of {declared:g} files, expected 1 to {MOST_FILES}."
        )
    siblings = [
        path.with_name(f"{numbered['stem']}.{i}{path.suffix}") for i in range(int(declared))
    ]
    missing = [p.name for p in siblings if not p.is_file()]
    if missing:
        raise ValueError(
            f"{path.name} is one of {int(declared)} files of {what}, but "
            f"{', '.join(missing[:3])} {'is' if len(missing) == 1 else 'are'} not beside it."
        )
    return siblings


def _file_number(path: Path) -> tuple[int, str]:
    numbered = PART.fullmatch(path.name)
    return (int(numbered["part"]) if numbered else 0, path.name)
