"""An outcome in a few lines of text, and whether it has the numbers of another."""

from collections.abc import Mapping

import numpy as np

from engine import statistics
from engine.mesh import Cutout, Mesh
from engine.results import Outcome
from engine.statistics.compared import COMPARED
from engine.statistics.object_totals import total, total_words

WAVENUMBERS = 4
"""How many of the bins of P(k) are told."""


def table(outcome: Outcome) -> str:
    """Tell the total mass and P(k) of every map or painted box that is compared, a line each.

    Of cut-outs, what each holds in all.
    """
    cutouts = {name: mesh for name, mesh in outcome.maps.items() if isinstance(mesh, Cutout)}
    if cutouts:
        return "\n".join(
            f"{name:<28}{total(mesh):>14.6e}  {total_words(mesh.field)}"
            for name, mesh in cutouts.items()
        )
    there: Mapping[str, Mesh] = outcome.boxes or outcome.maps
    maps = {name: there[name] for name in COMPARED if name in there}
    spectra = {name: statistics.get("power_spectrum")(slab) for name, slab in maps.items()}
    k = next(iter(spectra.values())).x
    bins = np.linspace(0, len(k) - 1, WAVENUMBERS).round().astype(int)
    mass_of = statistics.get("total_mass")
    with_mass = all(mass_of.takes(slab.field, slab.KIND) for slab in maps.values())
    unit = next(iter(spectra.values())).y_label.replace("P(k)", "P")
    head = f"{'':<12}" + f"{'mass [Msun/h]':>16}" * with_mass
    lines = [head + "".join(f"{f'P({k[i]:.3g})':>12}" for i in bins) + f"  k [h/Mpc], {unit}"]
    for name, slab in maps.items():
        mass = f"{mass_of(slab):>16.6e}" if with_mass else ""
        power = "".join(f"{spectra[name].y[i]:>12.4e}" for i in bins)
        lines.append(f"{name:<12}{mass}{power}")
    return "\n".join(lines)


def comparison(outcome: Outcome, other: Outcome, name: str) -> str:
    """Say in a sentence whether two outcomes have the same numbers.

    Parameters
    ----------
    outcome, other : Outcome
        To compare, array by array.
    name : str
        What the other is called.
    """
    mine, theirs = outcome.arrays(), other.arrays()
    alone = sorted(set(mine) ^ set(theirs)) or sorted(
        path for path in mine if mine[path].shape != theirs[path].shape
    )
    if alone:
        return f"Not the same as {name}: {alone[0]} is in one of them only or of another shape."
    if all(mine[path].tobytes() == theirs[path].tobytes() for path in mine):
        return f"The same bits as {name}: {len(mine)} arrays."
    apart = {path: _apart(mine[path], theirs[path]) for path in mine}
    worst = max(apart, key=lambda path: apart[path])
    return (
        f"Not the same bits as {name}: the largest difference is {apart[worst]:.2g} of the largest "
        f"number, in {worst}."
    )


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference in units of the largest number; infinite where only one is NaN."""
    if not np.array_equal(np.isnan(one), np.isnan(other)):
        return np.inf
    largest = float(np.nanmax(np.abs(other), initial=0))
    difference = float(np.nanmax(np.abs(one.astype(float) - other), initial=0))
    return difference / largest if largest else difference
