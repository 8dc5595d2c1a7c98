"""Files: written whole or not at all, and told apart by their content."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path


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


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
