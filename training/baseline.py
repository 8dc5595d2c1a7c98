"""A baseline that sees one pixel at a time: dark matter to a field by rank."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np

from engine.assets import asset_folders
from engine.checks import place
from engine.fields import field_named
from engine.mesh import Slab, dark_matter_of_hydro
from engine.normalization import normalization
from training.data.slabs import SAME_PIXEL, Pair

FORMAT = "baryon-explorer local maps"
VERSION = 1

POINTS = 301
"""Of a table: at equal steps of the logit of the rank, down to a single pixel at either end,
since a few hundred of ten million pixels hold most of the power."""

DIGITS = 6
"""Significant ones of what is shipped; maps themselves are rounded to fewer."""

FILE = "local-maps.json"


@dataclass(frozen=True)
class LocalMap:
    """The one increasing relation of two surface densities that gives a field its histogram.

    Where dark matter is denser than a share of all training pixels, the painted field is what
    that share of the field's own pixels lies below. So PDF and mass are right on the training
    maps by construction, and nothing of the surroundings or of chance comes in: what a network
    adds is what it paints better than this.

    Parameters
    ----------
    field, level : str
        What it paints, and from which input level.
    pixel_size : float
        Of the training maps, comoving [kpc/h].
    dark_matter, painted : tuple of float, (n,)
        Increasing, both as `engine.normalization` scales them.
    training_data : tuple of str
        File and axes, for example "training-05-z2.hdf5 xyz".
    """

    field: str
    level: str
    pixel_size: float
    dark_matter: tuple[float, ...]
    painted: tuple[float, ...]
    training_data: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a field that is none, and a table that doesn't increase."""
        field_named(self.field)
        steps = np.diff([self.dark_matter, self.painted], axis=1)
        if len(self.dark_matter) < 2 or (steps[0] <= 0).any() or (steps[1] < 0).any():
            raise ValueError(
                f"The local map for {self.field} from {self.level} doesn't increase, expected "
                "tables of two or more rising values: fit it again."
            )

    def paint(self, slab: Slab) -> Slab:
        """Look every pixel up; what lies outside the table takes its nearest end.

        Parameters
        ----------
        slab : Slab
            Dark matter of either run.

        Raises
        ------
        ValueError
            If its pixels are of another size.
        """
        if not isclose(slab.pixel_size, self.pixel_size, rel_tol=SAME_PIXEL):
            raise ValueError(
                f"{place(slab)} has pixels of {slab.pixel_size:.5g} kpc/h, expected "
                f"{self.pixel_size:.5g} for the local map for {self.field}: fit it on such maps."
            )
        scaled = normalization("dm").forward(dark_matter_of_hydro(slab))
        painted = np.interp(scaled, self.dark_matter, self.painted)
        values = normalization(self.field).inverse(painted)
        return slab.with_values(values, field=self.field, emulator="local-map")


def fit(pairs: Sequence[Pair], training_data: Iterable[str] = ()) -> LocalMap:
    """Match the histograms of dark matter and field over all pixels of some maps.

    Parameters
    ----------
    pairs : sequence of Pair
        Training maps of one field and level.
    training_data : iterable of str
        What the maps are from, for the record.
    """
    first = pairs[0]
    sides = [(pair.dark_matter, pair.target) for pair in pairs]
    dark_matter, painted = (
        np.sort(np.concatenate([slab.values.ravel() for slab in slabs]))
        for slabs in zip(*sides, strict=True)
    )
    edge = np.log(len(dark_matter))
    rank = 1 / (1 + np.exp(-np.linspace(-edge, edge, POINTS)))
    x = np.quantile(normalization("dm").forward(dark_matter), rank)
    y = np.quantile(normalization(first.target.field).forward(painted), rank)
    x, y = (np.array([float(f"{v:.{DIGITS}g}") for v in values]) for values in (x, y))
    kept = np.concatenate(([True], np.diff(np.maximum.accumulate(x)) > 0))
    return LocalMap(
        first.target.field,
        first.dark_matter.level,
        float(first.target.pixel_size),
        tuple(x[kept].tolist()),
        tuple(np.maximum.accumulate(y)[kept].tolist()),
        tuple(training_data),
    )


def write(path: Path, maps: Sequence[LocalMap]) -> None:
    """Write tables for any fields and levels to one JSON file."""
    content = {"format": FORMAT, "format_version": VERSION, "maps": [asdict(m) for m in maps]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def read(path: Path) -> list[LocalMap]:
    """Read the tables of a file.

    Raises
    ------
    ValueError
        In one sentence, if it holds none that this version reads.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        if (content["format"], content["format_version"]) != (FORMAT, VERSION):
            raise ValueError(f"format is {content['format']!r} {content['format_version']}")
        return [_table(entries) for entries in content["maps"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} holds no local maps ({error}), expected {FORMAT!r} {VERSION}: fit them "
            "by `python -m training baseline`."
        ) from None


def _table(entries: dict[str, Any]) -> LocalMap:
    lists = {name: tuple(entries[name]) for name in ("dark_matter", "painted", "training_data")}
    return LocalMap(**{**entries, **lists})


def shipped() -> list[LocalMap]:
    """Tables of the user's data folder and those that ship, the user's first."""
    files = [folder / FILE for folder in asset_folders("baselines")]
    return [found for file in files if file.is_file() for found in read(file)]
