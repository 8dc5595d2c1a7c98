"""Lists, numbers and pairs as they are written on a command line."""

from pathlib import Path


def names(text: str) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str, option: str) -> list[int]:
    """Numbers of a text such as "0,3-5".

    Raises
    ------
    ValueError
        In one sentence that names the option.
    """
    found: list[int] = []
    for part in names(text):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{option} is {text!r}, expected numbers as in 0,3-5.")
        found += range(int(first), int(last or first) + 1)
    return found


def source(text: str) -> tuple[str, Path]:
    """A field and its file, FIELD=FILE."""
    field, path = _pair(text, "the field", "FIELD=FILE as in dm=maps.npy")
    return field, Path(path).expanduser()


def twin(text: str) -> tuple[tuple[str, str], str]:
    """Field, level and path of a run of the same phases, FIELD:LEVEL=PATH."""
    expected = "FIELD:LEVEL=PATH as in dmo:HR=run.hdf5"
    key, path = _pair(text, "--twin", expected)
    field, colon, level = key.partition(":")
    if not colon:
        raise ValueError(f"--twin is {text!r}, expected {expected}.")
    return (field, level), path


def catalogue(text: str) -> tuple[str, str]:
    """A run and the path of its list of subhaloes, RUN=PATH."""
    return _pair(text, "--subhalos", "RUN=PATH as in dmo=parents.list")


def _pair(text: str, what: str, expected: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"{what} is {text!r}, expected {expected}.")
    return name, value
