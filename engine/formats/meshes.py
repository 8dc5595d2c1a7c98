"""What maps, grids and cut-outs of a simulation file share: how numbers are stored and read."""

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.fields import LEVELS, ORIGINS, Field, field_named
from engine.formats.hdf5 import number
from engine.formats.rounding import MANTISSA_BITS
from engine.places import Run

COMPRESSION = 9
"""Of gzip: written once, kept and copied often."""


def create_mesh(
    file: h5py.File,
    path: str,
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    mantissa_bits: int = MANTISSA_BITS,
    **words: Any,
) -> h5py.Dataset:
    """An empty dataset, chunked and compressed.

    Parameters
    ----------
    path : str
        Where in the file.
    mantissa_bits : int
        That its values are rounded to.
    **words
        Its attributes: geometry, field and unit, what it is made of.
    """
    dataset = file.create_dataset(
        path,
        shape=shape,
        dtype=np.float32,
        chunks=tuple(min(*sides) for sides in zip(shape, chunks, strict=True)),
        shuffle=True,
        compression="gzip",
        compression_opts=COMPRESSION,
        fletcher32=True,
    )
    rounding = f"mantissa rounded to {mantissa_bits} bits, sums kept"
    dataset.attrs.update(rounding=rounding, **words)
    return dataset


def run_words(run: Run, ndim: int) -> dict[str, Any]:
    """Attributes that say which run a dataset is of, and its unit."""
    unit = field_named(run.field).unit_of(ndim)
    return {"field": run.field, "unit": unit, "level": run.level, "origin": run.origin}


def link_other_origin(dataset: h5py.Dataset, run: Run, where: str) -> None:
    """Give the dataset its other name, where none is thinned out and both origins are one run.

    Parameters
    ----------
    where : str
        Path with "{}" in place of the origin.
    """
    if run.level == LEVELS[0]:
        other = ORIGINS[1 - ORIGINS.index(run.origin)]
        dataset.file[where.format(other)] = dataset


DEEPEST = 5
"""Groups that lead to a dataset; links may form rings."""


def datasets_below(file: h5py.File, name: str) -> Iterator[tuple[tuple[str, ...], h5py.Dataset]]:
    """All datasets below a group, with the names that lead there, hard links each.

    Parameters
    ----------
    name : str
        Of the group, which need not be there.
    """
    group = file.get(name)
    if not isinstance(group, h5py.Group):
        return
    for key in group:
        item = group.get(key)  # None for a link that leads nowhere
        if isinstance(item, h5py.Dataset):
            yield (key,), item
        elif isinstance(item, h5py.Group) and name.count("/") < DEEPEST:
            for rest, dataset in datasets_below(file, f"{name}/{key}"):
                yield (key, *rest), dataset


def number_of(dataset: h5py.Dataset, word: str, file_name: str) -> float:
    """Read a number that the dataset must state about itself.

    Raises
    ------
    ValueError
        In one sentence, if it is missing or no finite number.
    """
    try:
        found = number([dataset], (word,))
    except ValueError:
        found = None
    if found is None or not np.isfinite(found):
        raise ValueError(
            f"{file_name}: {dataset.name} has no attribute {word} that is a finite number, "
            "expected one; make the file again."
        )
    return found


def particles_of(dataset: h5py.Dataset) -> int:
    """Particles of the whole run that a dataset is made from; 0 if it says no finite number."""
    found = number([dataset], ("particles",)) or 0.0
    return int(found) if np.isfinite(found) else 0


def pieces(whole: float, part: float) -> int:
    """How many equal parts make the whole, to 1e-4; 0 if no whole number of them does."""
    number = round(whole / part) if part > 0 else 0
    return number if abs(number * part - whole) < 1e-4 * whole else 0


def checked_values(
    values: NDArray[np.float32], field: Field, file_name: str, where: str
) -> NDArray[np.float32]:
    """Return values as they are, if they are what the field can have.

    Raises
    ------
    ValueError
        In one sentence, if some are not finite, or negative though the field is not signed.
    """
    ends = values.min(initial=0), values.max(initial=0)  # NaN passes through both
    if not np.isfinite(ends).all() or (ends[0] < 0 and not field.signed):
        bad = "not finite" if field.signed else "negative or not finite"
        raise ValueError(
            f"{file_name}: {where} holds values that are {bad}, expected none; make the file again."
        )
    return values
