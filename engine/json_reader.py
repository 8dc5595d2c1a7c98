"""Dataclasses from JSON content, each entry that doesn't fit refused by its name."""

import json
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

IN_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    tuple: "a list",
    type(None): "null",
}


def built(kind: Any, content: Any, what: str, entry: str = "") -> Any:
    """Build a type from JSON content.

    Parameters
    ----------
    kind : type
        A dataclass, or what its entries are: text, whole numbers, tuples, None.
    content : object
        As `json.loads` gives it.
    what : str
        What it is the content of, for example "recipe".
    entry : str
        Name of the entry, with dots; empty for the whole.

    Raises
    ------
    ValueError
        In one sentence, naming the entry, what was found and what was expected.
    """
    if isinstance(kind, UnionType):
        inner, none = get_args(kind)
        return built(none if content is None else inner, content, what, entry)
    if is_dataclass(kind):
        return _built_class(kind, content, what, entry)
    if get_origin(kind) is tuple and isinstance(content, list):
        (inner, _) = get_args(kind)
        return tuple(built(inner, each, what, f"{entry}[{i}]") for i, each in enumerate(content))
    if type(content) is not kind:
        expected = IN_WORDS[get_origin(kind) or kind]
        raise ValueError(f"{what} entry {entry} is {brief(content)}, expected {expected}.")
    return content


def _built_class(kind: Any, content: Any, what: str, entry: str) -> Any:
    if not isinstance(content, dict):
        raise ValueError(f"{what} entry {entry} is {brief(content)}, expected an object.")
    kinds = get_type_hints(kind)
    hints = {each.name: kinds[each.name] for each in fields(kind)}
    for name in sorted(set(content) ^ set(hints)):
        found = f"is {brief(content[name])}" if name in content else "is missing"
        raise ValueError(
            f"{what} entry {_path(entry, name)} {found}, expected the entries {', '.join(hints)}."
        )
    return kind(**{n: built(hints[n], content[n], what, _path(entry, n)) for n in hints})


def _path(entry: str, name: str) -> str:
    return f"{entry}.{name}" if entry else name


def brief(content: Any) -> str:
    """Write JSON content in few characters."""
    text = json.dumps(content)
    return text if len(text) <= 60 else f"{text[:57]}..."


def checked_number(entry: str, found: int, least: int, most: int | None) -> None:
    """Refuse a whole number out of its bounds, by its entry's name in a recipe."""
    if found < least or (most is not None and found > most):
        to = "or more" if most is None else f"to {most}"
        raise ValueError(f"recipe entry {entry} is {found}, expected {least} {to}.")
