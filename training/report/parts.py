"""What is measured already, a file an emulator's slab: the same command goes on from there."""

import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.calibration import Calibration
from engine.leaning import Leaning
from engine.likeness import Texture
from engine.odd_one import OddOnes
from engine.peaks import PeakMasses
from engine.spread_by_scale import SpreadByScale
from engine.statistics.bispectrum import BispectrumSums
from engine.statistics.cddf import CddfSums
from engine.statistics.halo_relation import HaloMasses
from engine.statistics.pairs import PairSums
from engine.statistics.pdf import PdfSums
from engine.statistics.total_mass import MassSums
from training.report.measure import Measures, Part

VERSION = 9
"""Of the files; another one if what is measured changes, or what the same weights paint."""

KINDS: dict[str, type] = {
    "pairs": PairSums,
    "bispectrum": BispectrumSums,
    "pdf": PdfSums,
    "cddf": CddfSums,
    "total_mass": MassSums,
    "halos": HaloMasses,
    "peaks": PeakMasses,
}


class Folder:
    """Parts of a report, in a folder beside it.

    Parameters
    ----------
    path : path
        Made when the first part is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, key: str) -> Part | None:
        """Read a part.

        Parameters
        ----------
        name : str
            Of the file, without its ending.
        key : str
            What it must have been made of: weights, maps, count. A part of anything else, or
            a file that can't be read, is as good as none.
        """
        try:
            with (self.path / f"{name}.npz").open("rb") as file, np.load(file) as found:
                arrays = dict(found)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
            return None
        if str(arrays.pop("key", "")) != _whole(key):
            return None
        return _unpacked(arrays)

    def write(self, name: str, key: str, part: Part) -> None:
        """Write a part, which is there whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        # Another process may be at the same part.
        unfinished = self.path / f"{name}.{os.getpid()}.unfinished"
        with unfinished.open("wb") as file:
            np.savez_compressed(file, key=np.array(_whole(key)), **_packed(part))
        unfinished.replace(self.path / f"{name}.npz")


def _whole(key: str) -> str:
    return f"{VERSION} {key}"


def _packed(part: Part) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for name in part.truth:
        arrays |= _columns(f"truth/{name}", [part.truth[name]])
        arrays |= _columns(f"painted/{name}", [measures[name] for measures in part.painted])
    if part.pixels is not None:
        arrays |= _columns("pixels", [part.pixels])
    if part.scales is not None:
        arrays |= _columns("scales", [part.scales])
    if part.odd is not None:
        arrays |= _columns("odd", [part.odd])
    return arrays | _columns("texture", [part.texture]) | _columns("leaning", [part.leaning])


def _unpacked(arrays: dict[str, NDArray[Any]]) -> Part:
    there = [name for name in KINDS if any(path.startswith(f"truth/{name}/") for path in arrays)]
    columns = {name: _rows(f"painted/{name}", KINDS[name], arrays) for name in there}
    count = len(next(iter(columns.values())))
    truth: Measures = {name: _rows(f"truth/{name}", KINDS[name], arrays)[0] for name in there}
    pixels = _rows("pixels", Calibration, arrays)
    scales = _rows("scales", SpreadByScale, arrays)
    odd = _rows("odd", OddOnes, arrays)
    painted = tuple({name: columns[name][i] for name in there} for i in range(count))
    (texture,) = _rows("texture", Texture, arrays)
    (leaning,) = _rows("leaning", Leaning, arrays)
    return Part(
        truth,
        painted,
        pixels[0] if pixels else None,
        scales[0] if scales else None,
        odd[0] if odd else None,
        texture,
        leaning,
    )


def _columns(path: str, records: Sequence[Any]) -> dict[str, NDArray[Any]]:
    """Stack dataclasses entry by entry."""
    names = [entry.name for entry in fields(records[0])]
    return {f"{path}/{name}": np.stack([getattr(r, name) for r in records]) for name in names}


def _rows(path: str, kind: type, arrays: dict[str, NDArray[Any]]) -> list[Any]:
    """Undo `_columns`; an entry without dimensions is a plain number or word again."""
    columns = {entry.name: arrays.get(f"{path}/{entry.name}") for entry in fields(kind)}
    stacked = {name: column for name, column in columns.items() if column is not None}
    count = len(next(iter(stacked.values()))) if stacked else 0
    return [
        kind(**{n: c[i].item() if c.ndim == 1 else c[i] for n, c in stacked.items()})
        for i in range(count)
    ]
