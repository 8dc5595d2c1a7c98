"""Files: written whole or not at all, and told apart by their content."""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place only when all went well.

    Whatever happens before, also if the process is killed, an older file at `path` stays
    as it was.

    Parameters
    ----------
    path : path
        The file that is wanted.

    Yields
    ------
    path
        To write to, in the same folder.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def in_a_file(shape: Sequence[int]) -> NDArray[np.float32]:
    """An array whose memory is a file: what isn't read just now needn't be in memory.

    The file is in the folder of temporary ones, has no name, and is gone when the array is.

    Parameters
    ----------
    shape : sequence of int
        Of the array.

    Raises
    ------
    OSError
        If there is no room for it.
    """
    with TemporaryFile() as file:
        if hasattr(os, "posix_fallocate"):  # else a full disk would end the process later
            os.posix_fallocate(file.fileno(), 0, 4 * math.prod(shape))
        return np.memmap(file, np.float32, "w+", shape=tuple(shape))


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
