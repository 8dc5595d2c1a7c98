"""What can be taken away from the page, as files: each made of results, in a thread."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import engine
from engine.formats.curve_table import curve_table
from engine.formats.fits_maps import write_fits
from engine.formats.map_file import write_map_file
from engine.notebook import notebook
from engine.recipe import Painting, Recipe, Source, Surroundings
from engine.results import Outcome
from engine.statistics.compared import COMPARED
from explorer.plots.paper_figure import Colours, as_file, paper_figure
from explorer.results import STATISTICS, Results, trained, widened


@dataclass(frozen=True, eq=False)
class Shown:
    """Results and how they are coloured.

    Parameters
    ----------
    results : Results
        With a prediction.
    dark_matter, painted : Colours
        Of the input, and of all other maps.
    """

    results: Results
    dark_matter: Colours
    painted: Colours


def outcome(results: Results) -> Outcome:
    """Maps and curves of results, by the engine's names."""
    maps = {
        name: slab for name in ("input", *COMPARED) if (slab := getattr(results, name)) is not None
    }
    curves = {
        statistic: {
            name: curve for name, curve in zip(COMPARED, found, strict=True) if curve is not None
        }
        for statistic, found in results.curves.items()
        if statistic in STATISTICS
    }
    return Outcome(maps, curves)


def recipe(results: Results) -> Recipe:
    """Everything that fixes results.

    Raises
    ------
    ValueError
        In one sentence, if the simulation is gone or there is no prediction.
    """
    request = results.request
    if results.prediction is None:
        raise ValueError("There is no painting to take away, expected one: paint the slab first.")
    emulator = trained(request.emulator, request.field, request.level)
    other = None
    if results.other is not None:
        second = trained(request.other, request.field, request.level)
        other = Painting.of(second, request.other_seed)
    return Recipe(
        source=Source.of(engine.open_simulation(request.simulation), results.input),
        field=request.field,
        painting=Painting.of(emulator, request.seed),
        other=other,
        statistics=tuple(name for name in results.curves if name in STATISTICS),
        scope="region" if request.region else "axis" if request.scope == "axis" else "slab",
        region=widened(request.region, results.input.shape) if request.region else None,
        made_with=Surroundings.here(emulator.device),
    )


def file_name(results: Results, what: str) -> str:
    """Name a file for what it holds: simulation, slab, field, emulators, seeds.

    Parameters
    ----------
    results : Results
        Of which it is made.
    what : str
        Name of one of `EXPORTS`.
    """
    request = results.request
    parts = [request.simulation, f"{request.axis}{request.slab}", request.field]
    for slab in (results.prediction, results.other):
        if slab is not None:
            parts += [slab.emulator] + ([] if slab.seed is None else [f"seed{slab.seed}"])
    return "_".join(parts) + EXPORTS[what][0]


def export(shown: Shown, what: str) -> bytes:
    """Make a file.

    Raises
    ------
    ValueError, OSError
        In one sentence, if it can't be made.
    """
    return EXPORTS[what][1](shown)


def _figure(ending: str) -> Callable[[Shown], bytes]:
    def draw(shown: Shown) -> bytes:
        return as_file(
            paper_figure(outcome(shown.results), shown.dark_matter, shown.painted), ending
        )

    return draw


def _curves(shown: Shown) -> bytes:
    text = recipe(shown.results).to_json()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for statistic, of_it in outcome(shown.results).curves.items():
            archive.writestr(f"{statistic}.csv", curve_table(of_it, text))
    return file.getvalue()


def _fits(shown: Shown) -> bytes:
    text, maps = recipe(shown.results).to_json(), outcome(shown.results).maps
    return _written(lambda path: write_fits(path, maps, text))


def _hdf5(shown: Shown) -> bytes:
    text, found = recipe(shown.results).to_json(), outcome(shown.results)
    return _written(lambda path: write_map_file(path, found, text))


def _written(write: Callable[[Path], None]) -> bytes:
    """Content of a file that is written to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        return path.read_bytes()


EXPORTS: dict[str, tuple[str, Callable[[Shown], bytes]]] = {
    "Figure (PDF)": (".pdf", _figure("pdf")),
    "Figure (PNG)": (".png", _figure("png")),
    "Curves (CSV, zipped)": ("_curves.zip", _curves),
    "Maps (FITS)": (".fits", _fits),
    "Maps and curves (HDF5)": (".hdf5", _hdf5),
    "Recipe (JSON)": (".json", lambda shown: recipe(shown.results).to_json().encode()),
    "Notebook": (".ipynb", lambda shown: notebook(recipe(shown.results)).encode()),
}
"""Ending of its name, and what makes it, by the words of the page."""
