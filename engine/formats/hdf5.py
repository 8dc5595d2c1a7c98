"""HDF5 files and their datasets, opened and read with refusals that say what is wrong.

HDF5 itself gives fill values, without an error, where a part of a virtual dataset is not
there; it calls a file damaged whose filter is not installed; and it unpacks a chunk of any
size. All three are looked for before a number is read.
"""

import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.files import in_a_file

LARGEST_CHUNK = 1 << 28
"""[bytes] that one chunk may unpack to; writers stay far below, at megabytes."""

DEEPEST = 4
"""Virtual datasets that may lie one in another."""

LARGEST_READ = 1 << 30
"""[bytes] read in one go; what is larger is read in rows."""

BAND = 1024
"""Rows of a large map that are read at a time: a whole number of chunks."""

FAILURES = (
    ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip
"""What h5py raises on a damaged file, and where an object is of another kind than expected."""


_vet: list[Callable[[Path], None]] = []


def vet_with(look_at: Callable[[Path], None] | None) -> None:
    """Have something look at every file before it is opened in this process, or nothing any more.

    Commands that read files from anywhere do so, see `engine.bounded.Vetting`; a program that
    reads its own needn't.

    Parameters
    ----------
    look_at : callable
        Takes the path; raises ValueError in one sentence if the file must not be opened.
    """
    _vet[:] = [look_at] if look_at is not None else []


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; what goes wrong inside is said to be the file's fault.

    Raises
    ------
    ValueError
        In one sentence, if there is no such file, it is not readable HDF5, or something in it
        is damaged or of another kind than was expected.
    """
    if not path.is_file():
        raise ValueError(f"{path} does not exist, expected an HDF5 file.")
    for look_at in _vet:
        look_at(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(
            f"{path.name} is not a readable HDF5 file: it is truncated or of another format "
            f"({str(error).split('(')[-1].rstrip(')')})."
        ) from error
    with file:
        try:
            yield file
        except ValueError:
            raise
        except FAILURES as error:
            raise ValueError(
                f"{path.name} can't be read: it is damaged or of another layout ({error})."
            ) from error


def group_in(file: h5py.Group, name: str) -> h5py.Group | None:
    """The group of that name, or None."""
    item = _linked(file, name)
    return item if isinstance(item, h5py.Group) else None


def dataset_in(group: h5py.Group | None, name: str) -> h5py.Dataset | None:
    """The dataset of that name, or None.

    Raises
    ------
    ValueError
        In one sentence, if it lies in another file that is not there.
    """
    item = None if group is None else _linked(group, name)
    return item if isinstance(item, h5py.Dataset) else None


def _linked(group: h5py.Group, name: str) -> h5py.HLObject | None:
    try:
        link = group.get(name, getlink=True)
        item = group.get(name)
    except FAILURES:
        link = item = None
    if item is None and isinstance(link, h5py.ExternalLink):
        raise ValueError(_missing_part(group, f"{group.name}/{name}", Path(link.filename).name))
    return item


def _missing_part(item: h5py.HLObject, what: str, part: str) -> str:
    name = Path(item.file.filename).name
    return (
        f"{name}: {what.replace('//', '/')} lies in {part}, which is not there or lacks it; put "
        f"all parts of the snapshot beside {name}."
    )


def attribute(groups: Sequence[h5py.HLObject | None], names: Sequence[str]) -> Any:
    """The first attribute that has a value, as a Python scalar; None if none has."""
    for group in groups:
        for name in names:
            values = _attribute_row(group, name)
            if values is not None and values.size:
                value = values[0]
                return value.item() if isinstance(value, np.generic) else value
    return None


def _attribute_row(group: h5py.HLObject | None, name: str) -> NDArray[Any] | None:
    """An attribute as a flat array; None if there is none, without a value or unreadable."""
    try:
        if group is None or name not in group.attrs:
            return None
        value = group.attrs[name]
    except FAILURES:
        return None
    return None if isinstance(value, h5py.Empty) else np.ravel(value)


def number(groups: Sequence[h5py.HLObject | None], names: Sequence[str]) -> float | None:
    """The first attribute that has a value, as a number; None if none has.

    Raises
    ------
    ValueError
        In one sentence, if the value is no number.
    """
    value = attribute(groups, names)
    if value is None:
        return None
    if isinstance(value, bool | int | float):
        return float(value)
    file = next(Path(group.file.filename).name for group in groups if group is not None)
    raise ValueError(f"{file}: the attribute {' or '.join(names)} is {value!r}, expected a number.")


def number_row(
    groups: Sequence[h5py.HLObject | None], name: str, dtype: type[np.number[Any]] = np.float64
) -> NDArray[Any] | None:
    """The first attribute of that name as a flat array of numbers; None if there is none.

    Raises
    ------
    ValueError
        In one sentence, if it holds anything else.
    """
    for group in groups:
        values = _attribute_row(group, name)
        if group is None or values is None or not values.size:
            continue
        whole = np.issubdtype(dtype, np.integer)
        if values.dtype.kind not in "biuf" or (
            whole and not (abs(values.astype(float)) < 2**62).all()
        ):
            file = Path(group.file.filename).name
            raise ValueError(f"{file}: the attribute {name} is {values}, expected numbers.")
        return values.astype(dtype)
    return None


def check_block(block: h5py.Dataset, depth: int = 0) -> None:
    """Refuse a dataset whose numbers are not all there or can't be unpacked.

    Parameters
    ----------
    depth : int
        How many virtual datasets this one was reached through.

    Raises
    ------
    ValueError
        In one sentence.
    """
    name = Path(block.file.filename).name
    if block.dtype.kind not in "iuf":
        raise ValueError(f"{name}: {block.name} holds words or records, expected numbers.")
    if block.is_virtual:
        _check_sources(block, depth)
        return
    for part, _, length in block.external or ():
        outside = Path(block.file.filename).parent / part
        if not outside.is_file() or (length < 1 << 62 and outside.stat().st_size < length):
            raise ValueError(_missing_part(block, block.name, Path(part).name))
    size = math.prod(block.chunks or (0,)) * block.dtype.itemsize
    if size > LARGEST_CHUNK:
        raise ValueError(
            f"{name}: {block.name} is stored in chunks of {size / 1e9:.3g} GB, expected at most "
            f"{LARGEST_CHUNK / 1e9:.2g}; write it again in smaller ones (h5repack)."
        )
    if block.external is None and not _is_written(block):
        raise ValueError(f"{name}: {block.name} was never written in whole, expected its numbers.")
    _check_filters(block)


def _is_written(block: h5py.Dataset) -> bool:
    """Whether all of a dataset has been stored: HDF5 reads fill values for what has not."""
    if not block.size:
        return True
    if block.chunks is None:
        return bool(block.id.get_storage_size() > 0)
    wanted = math.prod(-(-n // m) for n, m in zip(block.shape, block.chunks, strict=True))
    return bool(block.id.get_num_chunks() >= wanted)


def _check_sources(block: h5py.Dataset, depth: int) -> None:
    """Refuse a virtual dataset of which a part is missing: HDF5 would read fill values."""
    if depth == DEEPEST:
        raise ValueError(
            f"{Path(block.file.filename).name}: {block.name} is a virtual dataset of virtual "
            f"datasets, {DEEPEST} deep, expected its numbers."
        )
    for part, stored in {(s.file_name, s.dset_name) for s in block.virtual_sources()}:
        if "%" in part + stored:  # a pattern, whose parts HDF5 counts itself
            continue
        if not _check_source(block, part, stored, depth):
            raise ValueError(_missing_part(block, block.name, Path(part).name))


def _check_source(block: h5py.Dataset, part: str, stored: str, depth: int) -> bool:
    """Whether a virtual dataset's source is there; its own faults are refused."""
    if part == ".":
        source = dataset_in(block.file, stored)
        if source is not None:
            check_block(source, depth + 1)
        return source is not None
    for path in (Path(block.file.filename).parent / part, Path(part)):
        if path.is_file():
            with open_hdf5(path) as file:
                source = dataset_in(file, stored)
                if source is not None:
                    check_block(source, depth + 1)
                    return True
    return False


def _check_filters(block: h5py.Dataset) -> None:
    """Refuse a block packed with a filter that is not installed, and say which."""
    plan = block.id.get_create_plist()
    for code, _, _, words in (plan.get_filter(i) for i in range(plan.get_nfilters())):
        if not (h5py.h5z.filter_avail(code) or _filter_found(code)):
            label = words.decode(errors="replace").split(" ")[0].rstrip(";:,")
            raise ValueError(
                f"{Path(block.file.filename).name}: {block.name} is packed with the HDF5 filter "
                f"{code}{f' ({label})' if label else ''}, which is not installed; pip install "
                "hdf5plugin."
            )


def _filter_found(code: int) -> bool:
    """Whether the package hdf5plugin is there and has the filter; it registers all it has."""
    try:
        importlib.import_module("hdf5plugin")
    except ImportError:
        return False
    return bool(h5py.h5z.filter_avail(code))


def read_all(block: h5py.Dataset, name: str, dtype: type[np.generic] = np.float64) -> NDArray[Any]:
    """All of a dataset as numbers, checked before; `name` of the file is for the message.

    Raises
    ------
    ValueError
        In one sentence, if they are not all there or can't be read.
    """
    if isinstance(block, h5py.Dataset):
        check_block(block)
    return read_rows(block, name, dtype=dtype)


def read_rows(
    block: h5py.Dataset,
    name: str,
    low: int = 0,
    high: int | None = None,
    dtype: type[np.generic] = np.float64,
) -> NDArray[Any]:
    """Rows [low, high) of a block as numbers; `name` of the file is for the message.

    Raises
    ------
    ValueError
        In one sentence, if they can't be read.
    """
    if not isinstance(block, h5py.Dataset) or block.dtype.kind not in "iuf":
        raise ValueError(f"{name}: {block.name} holds words or records, expected numbers.")
    if not block.shape:
        raise ValueError(f"{name}: {block.name} has shape {block.shape}, expected rows of numbers.")
    rows = len(range(*slice(low, high).indices(block.shape[0])))
    size = math.prod((rows, *block.shape[1:])) * max(block.dtype.itemsize, np.dtype(dtype).itemsize)
    if size > LARGEST_READ:
        raise ValueError(
            f"{name}: {block.name} would take {size / 1e9:.3g} GB of memory, expected at most "
            f"{LARGEST_READ / 1e9:.2g}."
        )
    return _numbers(block, name, slice(low, high), dtype)


def read_in_bands(block: h5py.Dataset, name: str, index: int) -> NDArray[np.float32]:
    """Entry `index` of a block of maps, which may be larger than memory has room for.

    It lies in a file, see `engine.files.in_a_file`, and is read a few rows of chunks at a time.

    Raises
    ------
    ValueError
        In one sentence, if it can't be read.
    """
    try:
        found = in_a_file(block.shape[1:])
    except OSError as error:
        size = 4 * math.prod(block.shape[1:])
        raise ValueError(
            f"{name}: {block.name} wants {size / 1e9:.3g} GB in {gettempdir()} ({error}): make "
            "room there, or name another folder by the environment variable TMPDIR."
        ) from error
    for first in range(0, len(found), BAND):
        rows = slice(first, first + BAND)
        found[rows] = _numbers(block, name, (index, rows), np.float32)
    return found


def _numbers(
    block: h5py.Dataset, name: str, part: slice | tuple[int, slice], dtype: type[np.generic]
) -> NDArray[Any]:
    """Numbers of a part of a block, or a sentence on why they can't be read."""
    try:
        with np.errstate(over="ignore"):  # to infinity, which every reader looks for
            return np.asarray(block[part], dtype=dtype)
    except OSError as error:
        raise ValueError(
            f"{name}: {block.name} can't be read ({error}); the file is damaged, copy it or make "
            "it again."
        ) from error
