"""All of an HDF5 file but its bulk, looked at once: names, attributes, layouts, rows of blocks.

HDF5 looks without an end for some words and chunks of damaged files, and can't be interrupted: this
is for a process that can be lost, see `engine.bounded`.
"""

import signal
import sys
from contextlib import suppress
from pathlib import Path

import h5py

from engine.formats.hdf5 import FAILURES, LARGEST_CHUNK

MOST_OBJECTS = 10_000
"""That are looked at; snapshots and catalogues have some hundreds a file."""


def look_at(path: Path) -> int:
    """Open a file and look at everything in it once.

    Returns
    -------
    int
        Objects that could be read. What can't be is left to who reads it, who says so in words.
    """
    seen: set[int] = set()
    with suppress(*FAILURES), h5py.File(path, "r") as file:
        waiting: list[h5py.HLObject] = [file]
        while waiting and len(seen) < MOST_OBJECTS:
            item = waiting.pop()
            with suppress(*FAILURES):
                address = h5py.h5o.get_info(item.id).addr
                if address in seen:  # also of groups that hold themselves
                    continue
                seen.add(address)
                _attributes(item)
                waiting += _block(item) if isinstance(item, h5py.Dataset) else _members(item)
    return len(seen)


def _attributes(item: h5py.HLObject) -> None:
    for name in list(item.attrs):
        with suppress(*FAILURES):
            item.attrs[name]


def _members(group: h5py.HLObject) -> list[h5py.HLObject]:
    """Objects in a group that lie in the file itself."""
    found = []
    for name in list(group):
        with suppress(*FAILURES):
            if isinstance(group.get(name, getlink=True), h5py.HardLink):
                found.append(group[name])
    return found


def _block(block: h5py.Dataset) -> list[h5py.HLObject]:
    """Look for a block's chunks, and read its first and last row; it holds no objects."""
    plan = block.id.get_create_plist()
    for number in range(plan.get_nfilters()):
        plan.get_filter(number)
    if block.is_virtual or block.external or not block.shape or not block.size:
        return []
    size = block.dtype.itemsize
    for side in block.chunks or block.shape:
        size *= side
    if block.chunks:
        block.id.get_num_chunks()
    if size <= LARGEST_CHUNK:
        for row in (0, len(block) - 1):
            with suppress(*FAILURES):
                block[row]
    return []


def serve(seconds: int) -> None:
    """Look at each file that standard input names, a line for each; end if one takes too long.

    Parameters
    ----------
    seconds : int
        That a file may take. The operating system then ends the process, whatever it is in.
    """
    for line in sys.stdin:
        signal.alarm(seconds)
        look_at(Path(line.rstrip("\n")))
        signal.alarm(0)
        print("seen", flush=True)
