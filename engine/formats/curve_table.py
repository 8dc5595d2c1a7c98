"""Curves of one statistic, or single objects: CSV below lines of comment that say what it holds."""

import csv
import io
import json
from collections.abc import Iterable, Mapping

import numpy as np

from engine.results import Curve, Table


def curve_table(curves: Mapping[str, Curve], recipe: str) -> str:
    """Write the curves of one statistic side by side.

    Columns: x, the bins' edges x_low and x_high, then for every curve its value, error and
    count, as far as there are such. Numbers are written so that they are read as the same
    bits. Comments begin with #.

    Parameters
    ----------
    curves : mapping of str to Curve
        One or more by name; all at the same x.
    recipe : str
        JSON from which they can be made again.

    Raises
    ------
    ValueError
        In one sentence, if the curves are at different x.
    """
    return _written([*_comments(curves), _made_by(recipe)], _columns(curves))


def object_table(table: Table, recipe: str) -> str:
    """Write single objects, a row each, in the manner of `curve_table`.

    Parameters
    ----------
    table : Table
        Its columns keep their names and order.
    recipe : str
        JSON from which the maps they were measured on can be made again.
    """
    lines = [table.name, *(f"{name}: {label}" for name, label in table.labels.items())]
    lines += [f"note: {table.note}"] if table.note else []
    return _written([*lines, _made_by(recipe)], table.columns)


def _written(comments: Iterable[str], columns: Mapping[str, np.ndarray]) -> str:
    """Write columns side by side below their comments."""
    text = io.StringIO(newline="")
    text.writelines(f"# {line}\n" for line in comments)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return text.getvalue()


def _made_by(recipe: str) -> str:
    """Write a recipe in one line."""
    return f"recipe: {json.dumps(json.loads(recipe))}"


def _comments(curves: Mapping[str, Curve]) -> list[str]:
    """Say what the table holds, a line each."""
    about = next(iter(curves.values()))
    lines = [about.name, f"x: {about.x_label}", f"{', '.join(curves)}: {about.y_label}"]
    if about.error_kind:
        lines.append(f"error: one standard deviation, {about.error_kind}")
    if about.count is not None:
        lines.append("count: modes, pixels or objects in the bin")
    return lines + [f"note on {name}: {curve.note}" for name, curve in curves.items() if curve.note]


def _columns(curves: Mapping[str, Curve]) -> dict[str, np.ndarray]:
    first, *others = curves.values()
    for name, curve in zip(list(curves)[1:], others, strict=True):
        if not np.array_equal(first.x, curve.x, equal_nan=True):
            raise ValueError(
                f"The curves {next(iter(curves))} and {name} of {first.name} are at different x, "
                "expected the same to share a table: write one table each."
            )
    columns = {"x": first.x}
    if first.edges is not None:
        columns |= {"x_low": first.edges[:-1], "x_high": first.edges[1:]}
    for name, curve in curves.items():
        columns[name] = curve.y
        if curve.error is not None:
            columns[f"{name}_error"] = curve.error
        if curve.count is not None:
            columns[f"{name}_count"] = curve.count
    return columns
