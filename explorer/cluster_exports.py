"""What can be downloaded of clusters, as files: maps of the one on show, curves of all, a table."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import engine
from engine.cluster_notebook import notebook
from engine.cluster_recipe import ClusterRecipe, ClusterSource, Quantity, object_table
from engine.recipe_file import Painting
from engine.results import Curve, Outcome
from engine.statistics import get
from engine.surroundings import Surroundings
from explorer.clusters.objects import QUANTITIES
from explorer.clusters.results import ClusterResults, card_for, quantity_name
from explorer.exports import NO_RERUN, Export, Files, Shown, joined_name, noted
from explorer.names import painting_names, paper_inks
from explorer.plots.paper_clusters import ClusterCurves, cluster_figure
from explorer.plots.paper_figure import as_file
from explorer.results import trained
from explorer.words import number

PERCENTS = {
    "lowest": "Lowest", "lower": "25 % quantile", "median": "Median",
    "upper": "75 % quantile", "highest": "Highest",
}  # fmt: skip
"""Parts of a spread, in words."""


def clusters(shown: Shown) -> ClusterResults:
    """Take results that are of clusters.

    Raises
    ------
    ValueError
        In one sentence, if they aren't.
    """
    if not isinstance(shown.results, ClusterResults):
        raise ValueError(
            "There are no clusters to download, expected some: open the scene Clusters."
        )
    return shown.results


def outcome(results: ClusterResults) -> Outcome:
    """Maps of the cluster on show, its profiles, functions and the table of all shown."""
    maps: dict[str, Any] = {"input": results.input}
    curves: dict[str, dict[str, Curve]] = {}
    profile = get("radial_profile")
    for field, of_field in results.maps.items():
        maps |= {f"{field}_{name}": cutout for name, cutout in of_field.items()}
        curves[f"{field}_profile"] = {name: profile(cut) for name, cut in of_field.items()}
        curves[f"{field}_function"] = dict(results.functions.get(field, {}))
    shown = engine.open_simulation(results.request.simulation).objects()
    table = object_table(shown, results.shown, totals_of(results))
    there = {name: found for name, found in curves.items() if found}
    return Outcome(maps, there, beside(results), {"clusters": table})


def totals_of(results: ClusterResults) -> dict[str, dict[str, list[float]]]:
    """What the maps of all shown hold, by field and map; not a number of one that has none."""
    found: dict[str, dict[str, list[float]]] = {}
    for field in QUANTITIES:
        for name, fields in results.every.items():
            rows = fields.get(field, {})
            if rows:
                totals = [rows[n].total if n in rows else np.nan for n in results.shown]
                found.setdefault(field, {})[name] = totals
    return found


def beside(results: ClusterResults) -> dict[str, dict[str, Curve]]:
    """How profiles of all shown spread, of the field of the cards."""
    about = results.curves.get("radial_profile", {})
    found: dict[str, dict[str, Curve]] = {}
    for name, spread in results.spreads.items():
        if name not in about:
            continue
        nothing: dict[str, Any] = {"error": None, "count": None, "error_kind": "", "edges": None}
        for part, words in PERCENTS.items():
            note = f"{words} of {spread.count} clusters, ring by ring. {NO_RERUN}"
            values = {"x": spread.x, "y": getattr(spread, part)} | nothing
            of_all = found.setdefault(f"{results.request.field}_profiles_of_all", {})
            of_all[f"{name}_{part}"] = noted(about[name], note, **values)
    return found


def recipe(results: ClusterResults) -> ClusterRecipe:
    """Everything that fixes results.

    Raises
    ------
    ValueError
        In one sentence, if the simulation is gone or there is no painting.
    """
    request, device = results.request, "cpu"
    dark: Any = results.input
    quantities = []
    for field in QUANTITIES:
        found: dict[str, Painting] = {}
        for name, asked in results.paintings().items():
            if name in results.maps.get(field, {}) and card_for(asked, field) is not None:
                emulator = trained(asked.emulator, field, asked.run.level)
                found[name], device = Painting.of(emulator, None), emulator.device
        if found or "truth" in results.maps.get(field, {}):
            quantities.append(Quantity(field, found.get("prediction"), found.get("other")))
    if not any(each.painting for each in quantities):
        raise ValueError("There is no painting to download, expected one: choose an emulator.")
    return ClusterRecipe(
        source=ClusterSource.of(engine.open_simulation(request.simulation), dark),
        quantities=tuple(quantities),
        shown=tuple(int(each) for each in results.shown),
        made_with=Surroundings.here(device),
    )


def file_name(results: ClusterResults, what: str) -> str:
    """Name a file for what it holds: simulation, cluster, emulators."""
    request = results.request
    one = [] if what in OF_ALL else [f"{request.place.axis}{request.number}"]
    return joined_name(results, [request.simulation, "clusters", *one], EXPORTS[what])


def facts(results: ClusterResults) -> list[str]:
    """What a figure says of the cluster on show and of its paintings."""
    table, place = results.table, results.request.number
    lines = [
        f"Cluster {place}",
        f"in {results.request.simulation}, z = {results.input.redshift:.2g}",
    ]
    if table is not None and table.m500[place] > 0:
        lines.append(f"$M_{{500}}$ = {number(table.m500[place])} Msun/h")
        lines.append(f"$R_{{500}}$ = {table.radius[place]:.0f} ckpc/h")
    names = painting_names(results)
    for name in ("truth", *results.paintings()):
        row = results.every.get(name, {}).get("xray", {}).get(place)
        if row is not None:
            lines += [f"$L_X$, {names[name]}:", f"   {number(row.total)} erg/s"]
    return lines


def _figure(ending: str) -> Callable[[Shown], bytes]:
    def draw(shown: Shown) -> bytes:
        results, look = clusters(shown), shown.look
        found = outcome(results)
        curves = ClusterCurves(
            profile=results.curves.get("radial_profile", {}),
            function=results.functions.get("xray", {}),
            spreads=results.spreads,
            relation=results.relation,
            fits=results.fits,
            alike=results.alike,
        )
        names: Mapping[str, str] = painting_names(results)
        inks = paper_inks(results)
        fields = {field: quantity_name(field) for field in QUANTITIES}
        told = facts(results)
        figure = cluster_figure(found.maps, curves, look, names, inks, fields, told)
        return as_file(figure, ending)

    return draw


FILES = Files(
    lambda shown: outcome(clusters(shown)), lambda shown: recipe(clusters(shown)), notebook
)

EXPORTS: dict[str, Export] = {
    "Figure (PDF)": (".pdf", _figure("pdf")),
    "Figure (PNG)": (".png", _figure("png")),
    "Curves and table (CSV, zipped)": ("_curves.zip", FILES.tables),
    "Maps (FITS)": (".fits", FILES.fits),
    "Maps, curves, table (HDF5)": (".hdf5", FILES.hdf5),
    "Recipe (JSON)": (".json", FILES.recipe_alone),
    "Notebook": (".ipynb", FILES.rerun),
}
"""Ending of its name, and what makes it, by the words of the page."""

OF_ALL = ("Curves and table (CSV, zipped)",)
"""Files that are mostly of all clusters shown."""
