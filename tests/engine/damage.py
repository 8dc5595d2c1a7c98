"""Ways to damage a small valid file, each named by two whole numbers, and how it must be read.

An attribute or an object replaced by what has no business there, stored numbers overwritten, words
exchanged, files cut short.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

HUGE = 1 << 50

VALUES = (
    np.nan, np.inf, -np.inf, -1, 0, 1, 3, 0.5, 1e-300, 1e300, 2**62, 2**31 - 1, True, 1j,
    "words", b"\xff\xfe",
    "", "0.7", h5py.Empty("f8"), h5py.Empty("S3"), np.array([]), np.zeros(3), np.arange(6.0),
    np.full(6, 7), np.full(2, 2**40), np.full((2, 3), 1.5), np.array([b"a", b"b"]),
    np.array([np.nan] * 6), np.array([-1] * 6, np.int64), np.array([(1, 2.0)], dtype="i4,f8"),
    np.array([1e300] * 7), np.float16(2), np.uint64(2**64 - 1),
)  # fmt: skip
"""For an attribute."""


def _words(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, b"word")


def _fields(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.zeros(shape, dtype="f4,i8")


def _complex(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.zeros(shape, complex)


def _nothing(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.Empty("f8")


def _scalar(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = 3.0


def _group(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_group(name)


def _longer(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.ones((shape[0] + 1, *shape[1:]) if shape else (2,))


def _deeper(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.ones((*shape, 2))


def _none_long(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.ones((0, *shape[1:]))


def _never_written(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, shape, "f4")


def _huge(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, (HUGE, *shape[1:]), "f4", chunks=(1024, *shape[1:]))


def _huge_chunks(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    whole = tuple(3 << 9 for _ in shape)
    group.create_dataset(
        name, shape, "f8", chunks=whole, maxshape=tuple(None for _ in shape), compression="gzip"
    )


def _not_finite(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, np.nan)


def _negative(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, -1e30)


def _largest(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, 1e300)


def _whole_numbers(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.full(shape, 2**63 - 1)


def _flags(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = np.zeros(shape, bool)


def _ragged(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, shape, h5py.vlen_dtype(np.float64))


def _references(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group.create_dataset(name, shape, h5py.ref_dtype)


def _soft_link(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.SoftLink("/nowhere/at/all")


def _link_ring(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.SoftLink(f"{group.name}/{name}")


def _link_up(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = group.file["/"]


def _outside(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    group[name] = h5py.ExternalLink("/etc/passwd", "/root")


def _raw_outside(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape)) * 8
    if size:
        group.create_dataset(name, shape, "f8", external=[("/etc/hostname", 0, size)])


def _virtual_ring(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    layout = h5py.VirtualLayout(shape, "f8")
    layout[...] = h5py.VirtualSource(".", f"{group.name}/{name}", shape=shape)
    group.create_virtual_dataset(name, layout)


def _virtual_nowhere(group: h5py.Group, name: str, shape: tuple[int, ...]) -> None:
    layout = h5py.VirtualLayout(shape, "f8")
    layout[...] = h5py.VirtualSource("gone.hdf5", "x", shape=shape)
    group.create_virtual_dataset(name, layout)


DATASETS = (
    _words, _fields, _complex, _nothing, _scalar, _group, _longer, _deeper, _none_long,
    _never_written, _huge, _huge_chunks, _not_finite, _negative, _largest, _whole_numbers, _flags,
    _ragged, _references, _soft_link, _link_ring, _link_up, _outside, _raw_outside,
    _virtual_ring, _virtual_nowhere,
)  # fmt: skip
"""What a dataset may be replaced by."""


def change_object(path: Path, which: int, how: int) -> None:
    """Replace or remove one attribute or object of a file, chosen by two numbers."""
    with h5py.File(path, "a") as file:
        names = ["/"]
        file.visit(names.append)
        targets = [(name, None) for name in names[1:]]
        targets += [(name, key) for name in names for key in file[name].attrs]
        name, key = targets[which % len(targets)]
        if key is None:
            item = file[name]
            shape = item.shape if isinstance(item, h5py.Dataset) else ()
            attributes = dict(item.attrs)
            kinds = (None, *DATASETS)
            make = kinds[how % len(kinds)]
            del file[name]
            if make is not None:
                make(
                    file["/"] if "/" not in name else file[name.rpartition("/")[0]],
                    name.rpartition("/")[2],
                    shape or (2,),
                )
                made = file.get(name)
                if isinstance(made, h5py.HLObject) and made.name != "/":
                    made.attrs.update(attributes)
            return
        values = (None, *VALUES)
        value = values[how % len(values)]
        del file[name].attrs[key]
        if value is not None:
            file[name].attrs[key] = value


def stored_at(path: Path) -> list[tuple[int, int]]:
    """Where in the file the numbers of its datasets lie: place and length, [bytes]."""
    found: list[tuple[int, int]] = []

    def look(name: str, item: h5py.HLObject) -> None:
        if not isinstance(item, h5py.Dataset) or not item.size:
            return
        if item.chunks is None:
            found.append((item.id.get_offset(), item.id.get_storage_size()))
            return
        for number in range(item.id.get_num_chunks()):
            chunk = item.id.get_chunk_info(number)
            found.append((chunk.byte_offset, chunk.size))

    with h5py.File(path) as file:
        file.visititems(look)
    return [(place, length) for place, length in found if place is not None and length]


def change_bytes(path: Path, which: int, how: int) -> None:
    """Overwrite a stored number, or cut the file short."""
    content = bytearray(path.read_bytes())
    if how % 8 == 0:
        path.write_bytes(content[: which % len(content)])
        return
    places = stored_at(path)
    start, length = places[which % len(places)]
    at = start + how % length
    content[at : at + 4] = [(0, 0, 0, 0), (255,) * 4, (0, 0, 128, 127), (7, 1, 9, 200)][how % 4]
    path.write_bytes(content)


WORDS = (
    "", "nan", "inf", "-1", "0", "1e400", "9" * 400, "1.5", "true", "null", "[]", "{}", '""',
    "words", "\x00", "\ud800", "[" * 2000, "-0.0", "1e-320", "18446744073709551616", "é", "\t\t",
)  # fmt: skip
"""For a word or a number of a text."""


def change_text(path: Path, which: int, how: int) -> None:
    """Exchange a word or a number, cut the text short, or overwrite some of its bytes."""
    content = path.read_bytes()
    if how % 8 == 0:
        path.write_bytes(content[: which % len(content)])
    elif how % 8 == 1:
        change_anywhere(path, which, how)
    else:
        words = list(re.finditer(rb"[\w.+-]+", content))
        word = words[which % len(words)]
        other = WORDS[how % len(WORDS)].encode(errors="surrogatepass")
        path.write_bytes(content[: word.start()] + other + content[word.end() :])


def change_anywhere(path: Path, which: int, how: int) -> None:
    """Overwrite bytes wherever they lie, most often near the beginning, or cut the file short."""
    content = bytearray(path.read_bytes())
    if how % 8 == 0:
        path.write_bytes(content[: which % len(content)])
        return
    at = which % min(len(content), 400 if how % 3 else len(content))
    content[at : at + 4] = how.to_bytes(4, "little")[: 1 + how % 4]
    path.write_bytes(content)


def attempt(read: Callable[..., Any], *args: Any) -> Any:
    """What reading gives; None where it is refused, which must be in one sentence."""
    try:
        return read(*args)
    except ValueError as error:
        words = str(error)
        assert words.endswith(".")
        assert "\n" not in words
        return None
