"""Curves of one statistic as a table: CSV below lines of comment that say what it holds."""

import csv
import io
import json
from collections.abc import Mapping

import numpy as np

from engine.results import Curve


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
    text = io.StringIO(newline="")
    text.writelines(f"# {line}\n" for line in _comments(curves, recipe))
    columns = _columns(curves)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return text.getvalue()


def _comments(curves: Mapping[str, Curve], recipe: str) -> list[str]:
    """Say what the table holds, a line each."""
    about = next(iter(curves.values()))
    lines = [about.name, f"x: {about.x_label}", f"{', '.join(curves)}: {about.y_label}"]
    if about.error_kind:
        lines.append(f"error: one standard deviation, {about.error_kind}")
    if about.count is not None:
        lines.append("count: modes, pixels or objects in the bin")
    lines += [f"note on {name}: {curve.note}" for name, curve in curves.items() if curve.note]
    return [*lines, f"recipe: {json.dumps(json.loads(recipe))}"]


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
