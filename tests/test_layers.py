"""Imports point one way: explorer -> engine <- training, and inside each downward."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ENGINE_ORDER = (
    {"files", "bounded", "fields", "json_reader", "units", "growth", "cosmology"},
    {"thin_hydrogen", "assets", "noise", "device", "spans", "free_memory"},
    {"tile_plan"},
    {"tile_memory", "tiling", "tile_budget"},
    {"nbody"},
    {"places", "normalization", "networks"},
    {"mesh"},
    {"halos", "galaxies", "results", "initial_conditions"},
    {"checks", "published"},
    {"coarsening", "relative_maps"},
    {"formats", "fourier"},
    {"simulation"},
    {"projection", "importing", "verifying", "systems.card", "catalogue_grids"},
    {"inputs", "universe"},
    {"systems", "statistics"},
    {"inference", "calibration", "painting", "surroundings"},
    {"likeness", "leaning", "peaks", "spread_by_scale", "odd_one"},
    {"recipe_file", "outcome_words", "batch"},
    {"recipe"},
    {"box_recipe", "cluster_recipe"},
    {"notebook", "cluster", "reruns"},
    {"box_notebook", "cluster_notebook"},
    {"commands"},
)
"""From the bottom up: a module imports only from its own row or those above it here. What an
emulator eats is known below the emulators, from their cards."""

SYSTEMS_ORDER = (
    {"card"},
    {"weights"},
    {"contract"},
    {"checks", "registry", "box_pair", "proper", "mean_profiles"},
    {"ember", "local_map", "super_resolution", "particle_mesh", "linear_filter", "trilinear"},
    {"jerald", "dm2gal", "hod", "cluster_unet", "mean_profile"},
)
"""Likewise inside `engine/systems`, where a circle was hidden once."""

EXPLORER_ORDER = (
    {"gallery", "words", "style", "link", "own_files", "parameters"},
    {"viewport", "threads", "turn", "codes"},
    {"state", "scale"},
    {"choices", "ensemble", "display"},
    {"plots", "new_universe"},
    {"results"},
    {"names", "curve_units", "arrows"},
    {"painting"},
    {"volumes", "clusters"},
    {"scenes", "galaxies"},
    {"band", "ranking", "exports"},
    {"box_exports", "cluster_exports"},
    {"sampling"},
    {"store"},
    {"build_order"},
    {"views"},
    {"app"},
    {"app_hooks", "main"},
)

PAGE = {"panel", "panel_material_ui", "param", "holoviews", "bokeh", "datashader"}

FORBIDDEN = {
    "engine": PAGE | {"training", "explorer"},
    "training": PAGE | {"explorer"},
    "explorer": {"training"},
    "explorer/plots": {"panel", "panel_material_ui"},
    "explorer/painting.py": {"holoviews", "bokeh", "panel", "panel_material_ui", "param"},
    "explorer/sampling.py": {"holoviews", "bokeh", "panel", "panel_material_ui", "param"},
    "explorer/store.py": {"holoviews", "bokeh", "panel", "panel_material_ui"},
    "engine/networks": {"h5py", "astropy"},
    "engine/statistics": {"torch", "h5py", "matplotlib"},
}


def imports(path: Path) -> Iterator[str]:
    """Full names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import loads a second copy under the server"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            # A name that is put together when it runs has its fixed part in front.
            yield from (
                str(part.value).rstrip(".")
                for part in ast.walk(node.args[0])
                if isinstance(part, ast.Constant) and str(part.value).strip(".")
            )


def files(place: str) -> list[Path]:
    path = ROOT / place
    found = [path] if path.suffix else sorted(path.rglob("*.py"))
    assert found, f"nothing in {place}"
    return found


@pytest.mark.parametrize("place", FORBIDDEN)
def test_nothing_forbidden_is_imported(place):
    for path in files(place):
        found = {name.split(".")[0] for name in imports(path)} & FORBIDDEN[place]
        assert not found, f"{path.relative_to(ROOT)} imports {', '.join(sorted(found))}"


TRAINING_ORDER = (
    {"config", "checkpoint", "log", "validation", "learning_curve"},
    {"data", "losses", "descent", "stage_search", "box_powers"},
    {"systems", "baseline", "box_baselines"},
    {"choice", "halo_occupation", "cluster_baselines"},
    {"loop", "export", "report"},
    {"commands"},
)
"""Likewise inside `training`."""

TRAINED_ORDER = (
    {"contract"},
    {"registry", "ember"},
    {"gated_config", "super_resolution_config", "box_looks"},
    {"detail_critic"},
    {"adversarial", "gated_step", "looks"},
    {"close_look"},
    {"upper_bound", "noise_strength", "disc_places", "heaviest_disc", "sway"},
    {"gated"},
    {"ember_unet", "ember_wgan", "super_resolution", "jerald", "dm2gal", "cluster_unet"},
)
"""Likewise inside `training/systems`: a system imports no other."""

REPORT_ORDER = (
    {"bands", "correlation_function", "drawing", "held_power", "reported", "resampled", "sheet"},
    {"measure", "boxes", "cluster_measures", "galaxies", "costs"},
    {"parts", "calibrated"},
    {"run"},
    {"haloes", "pictures"},
    {"headlines"},
    {"figures", "systems"},
    {"content", "page"},
    {"make", "crops", "volumes", "clusters", "universes"},
)
"""Likewise inside `training/report`."""

ORDERS = {
    "engine": ENGINE_ORDER,
    "engine/systems": SYSTEMS_ORDER,
    "explorer": EXPLORER_ORDER,
    "training": TRAINING_ORDER,
    "training/systems": TRAINED_ORDER,
    "training/report": REPORT_ORDER,
}


def room(name: str, rank: dict[str, int]) -> str:
    """The room of a package that a module's name, without the package's, lies in."""
    parts = name.split(".")
    inner = ".".join(parts[:2])
    return inner if inner in rank else parts[0]


@pytest.mark.parametrize("place", ORDERS)
def test_a_package_imports_downward(place):
    rank = {name: row for row, names in enumerate(ORDERS[place]) for name in names}
    within = place.replace("/", ".") + "."
    for path in files(place):
        parts = path.relative_to(ROOT / place).with_suffix("").parts
        if parts[-1] in ("__init__", "__main__"):
            continue
        module = room(".".join(parts), rank)
        assert module in rank, f"{place}/{module} has no row in the order of {place}"
        for name in imports(path):
            if name.startswith(within):
                imported = room(name.removeprefix(within), rank)
                assert rank[imported] <= rank[module], f"{path.name} imports {within}{imported}"


def test_a_name_that_is_imported_when_it_runs_is_an_import_too(tmp_path):
    path = tmp_path / "hidden.py"
    path.write_text(
        'importlib.import_module("engine.systems")\nimport_module(f"explorer.scenes.{name}")\n'
    )
    assert list(imports(path)) == ["engine.systems", "explorer.scenes"]


def test_no_module_is_named_after_another_one():
    # The server puts explorer/ itself on the path: its modules would hide these.
    for path in files("explorer"):
        if path.parent == ROOT / "explorer":
            assert path.stem not in sys.stdlib_module_names


def test_opening_a_simulation_needs_neither_torch_nor_astropy():
    use = "engine.open_simulation('hydro11-z2').cosmology; engine.emulators()"
    code = f"import engine, sys; {use}; assert not {{'torch', 'astropy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
