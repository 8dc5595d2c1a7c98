"""Maps and grids from elsewhere: units, order, share of the mass; nothing is executed."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as some

import engine
from engine.cosmology import Cosmology
from engine.formats.arrays import open_array
from engine.importing import Imported, import_fields, rows_named
from tests.engine.damage import attempt

ROOT = Path(__file__).parents[2]
PLANCK = Cosmology(Omega_m=0.3, Omega_b=0.05, h=0.7)
BOX, SIDE, SLABS = 25.0, 16, 5
CRITICAL = 2.77536627e11
"""Of a universe of Omega = 1, [Msun/h / (Mpc/h)^3]."""


def known(unit, **options):
    return Imported(box_size=BOX, redshift=0.0, cosmology=PLANCK, unit=unit, **options)


@pytest.fixture
def grid():
    """Overdensities, (nz, ny, nx), of mean 1."""
    values = np.random.default_rng(4).lognormal(0, 1, (SIDE,) * 3)
    return values / values.mean()


@pytest.fixture
def maps():
    values = np.random.default_rng(5).lognormal(0, 1, (SLABS, SIDE, SIDE))
    return values / values.mean()


def total(mesh):
    return mesh.values.sum(dtype=float) * (mesh.cell_size / 1000) ** mesh.values.ndim


VOLUME = {
    "Msun/h / (Mpc/h)^3": 1.0,
    "Msun h^2 / ckpc^3": 1e-9,
    # h^2 more in numbers: M in Msun is M/h, V in Mpc^3 is V/h^3.
    "Msun / cMpc^3": 0.7**2,
    "Msun / ckpc^3": 0.7**2 * 1e-9,
}


@pytest.mark.parametrize(("unit", "factor"), VOLUME.items())
@pytest.mark.parametrize("order", ["zyx", "xyz"])
def test_a_grid_of_any_unit_and_order_is_the_same_grid(grid, tmp_path, unit, factor, order):
    mean = 0.25 * CRITICAL
    stored = grid * mean * factor
    np.save(tmp_path / "g.npy", stored if order == "zyx" else stored.transpose(2, 1, 0))
    out = tmp_path / "out.hdf5"
    (preview,) = import_fields({"dm": tmp_path / "g.npy"}, out, known(unit, order=order))
    assert preview.Omega == pytest.approx(0.25, rel=1e-4)
    read = engine.open_simulation(out).grid("dm")
    assert np.allclose(read.values, grid * mean * 1e-9, rtol=1e-4)
    assert (read.box_size, read.cell_size) == (BOX, BOX * 1000 / SIDE)


SURFACE = {"Msun/h / (Mpc/h)^2": 1.0, "Msun h / ckpc^2": 1e-6, "Msun / cMpc^2": 0.7}


@pytest.mark.parametrize(("unit", "factor"), SURFACE.items())
def test_maps_of_all_slabs_of_a_box(maps, tmp_path, unit, factor):
    mean = 0.25 * CRITICAL * BOX / SLABS
    many = np.concatenate([np.ones_like(maps), maps * mean * factor]).astype(np.float32)
    np.save(tmp_path / "m.npy", many)
    out = tmp_path / "out.hdf5"
    rows = rows_named("5:10")
    import_fields({"dm": tmp_path / "m.npy"}, out, known(unit, rows=rows, particles=256**3))
    simulation = engine.open_simulation(out)
    assert simulation.n_slabs("z") == SLABS
    for index in range(SLABS):
        slab = simulation.slab("dm", index=index)
        assert np.allclose(slab.values, maps[index] * mean * 1e-6, rtol=1e-4)
        assert (slab.depth, slab.start) == (5.0, 5.0 * index)
        assert slab.particles == 256**3
    assert "Imported: dm from m.npy, given in" in simulation.provenance


def test_a_fits_map_as_deep_as_the_box(tmp_path):
    values = np.full((SIDE, SIDE), 0.3 * CRITICAL * BOX, np.float32)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(values)]).writeto(tmp_path / "m.fits")
    out = tmp_path / "out.hdf5"
    import_fields({"dmo": tmp_path / "m.fits"}, out, known("Msun/h / (Mpc/h)^2"))
    slab = engine.open_simulation(out).slab("dmo")
    assert slab.depth == BOX
    assert np.allclose(slab.values, values * 1e-6, rtol=1e-4)


def test_a_temperature_has_no_other_unit(tmp_path):
    np.save(tmp_path / "t.npy", np.full((SLABS, SIDE, SIDE), 1e4))
    out = tmp_path / "out.hdf5"
    import_fields({"temperature": tmp_path / "t.npy"}, out, known("own"))
    assert np.all(engine.open_simulation(out).slab("temperature").values == 1e4)
    with pytest.raises(
        ValueError, match=r"temperature is given in 'Msun h / ckpc\^2', expected own"
    ):
        import_fields({"temperature": tmp_path / "t.npy"}, out, known("Msun h / ckpc^2"))


@pytest.mark.parametrize(
    ("unit", "rows", "words"),
    [
        ("Msun h / ckpc^2", "0:5", r"is Omega = 2\.5e\+05, expected 0\.25; the unit is another"),
        ("Msun/h / (Mpc/h)^2", "0:4", r"is Omega = 0\.2.*, expected 0\.25; .* not all of the box"),
        ("Msun/h / (Mpc/h)^3", "0:5", r"has shape \(5, 16, 16\), expected a cube"),
        ("g / cm^2", "0:5", r"unit is 'g / cm\^2', expected one of Msun h / ckpc\^2"),
    ],
)
def test_what_can_be_known_wrong_is_refused(maps, tmp_path, unit, rows, words):
    np.save(tmp_path / "m.npy", maps * 0.25 * CRITICAL * BOX / SLABS)
    out = tmp_path / "out.hdf5"
    with pytest.raises(ValueError, match=words):
        import_fields({"dm": tmp_path / "m.npy"}, out, known(unit, rows=rows_named(rows)))
    assert not out.exists()


def test_gas_may_be_less_than_all_baryons_and_no_more(maps, tmp_path):
    for share, fits_in in ((0.9, True), (1.1, False)):
        np.save(tmp_path / "g.npy", maps * share * 0.05 * CRITICAL * BOX / SLABS)
        sources = {"gas": tmp_path / "g.npy"}
        if fits_in:
            import_fields(sources, tmp_path / "out.hdf5", known("Msun/h / (Mpc/h)^2"))
            continue
        with pytest.raises(ValueError, match=r"Omega = 0\.055, expected at most 0\.05"):
            import_fields(sources, tmp_path / "no.hdf5", known("Msun/h / (Mpc/h)^2"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_values_that_no_density_has(maps, tmp_path, value):
    maps[3, 2, 1] = value
    np.save(tmp_path / "m.npy", maps)
    with pytest.raises(ValueError, match="layer 3 holds values that are negative, not finite"):
        import_fields({"gas": tmp_path / "m.npy"}, tmp_path / "o.hdf5", known("Msun h / ckpc^2"))


class Trap:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_nothing_in_a_file_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("trap.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    Path("bare.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("trap.npy", "bare.npy"):
        with pytest.raises(ValueError, match="can't be read as an array"):
            open_array(tmp_path / name)
    assert not (tmp_path / "executed").exists()


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("ending", ["npy", "fits"])
def test_a_mutated_array_gives_a_sentence_or_a_result(tmp_path, request, ending):
    path = tmp_path / f"valid.{ending}"
    values = np.ones((3, 4, 4), np.float32)
    if ending == "npy":
        np.save(path, values)
    else:
        fits.PrimaryHDU(values).writeto(path)
    valid = path.read_bytes()
    thorough = request.config.getoption("--slow")
    change = some.tuples(some.integers(0, len(valid) - 1), some.binary(min_size=1, max_size=8))

    @settings(max_examples=1000 if thorough else 40, derandomize=not thorough, database=None)
    @given(some.lists(change, min_size=1, max_size=4), some.integers(0, 8 * len(valid)))
    def try_all(changes, end):
        content = bytearray(valid)
        for place, values in changes:
            start = place % (128 if ending == "npy" else 640)  # of what means something
            content[start : start + len(values)] = values
        mutated = tmp_path / f"mutated.{ending}"
        mutated.write_bytes(content[:end])
        attempt(import_fields, {"gas": mutated}, tmp_path / "o.hdf5", known("Msun h / ckpc^2"))

    try_all()


def test_the_command(maps, tmp_path):
    np.save(tmp_path / "m.npy", (maps * 0.25 * CRITICAL * BOX / SLABS).astype(np.float32))
    out = tmp_path / "out.hdf5"
    command = [
        sys.executable, "-m", "engine", "import", str(out), f"dm={tmp_path / 'm.npy'}",
        "--box", "25", "--redshift", "0", "--Omega-m", "0.3", "--Omega-b", "0.05", "--h", "0.7",
        "--unit", "Msun/h / (Mpc/h)^2",
    ]  # fmt: skip

    def run(*more):
        return subprocess.run(
            [*command, *more], cwd=ROOT, capture_output=True, text=True, check=False
        )

    looked = run("--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert "dm (5, 16, 16): " in looked.stdout
    assert "Omega 0.25" in looked.stdout
    assert not out.exists()
    assert run().returncode == 0
    assert engine.open_simulation(out).n_slabs("z") == SLABS
    refused = run("--axis", "w")
    assert refused.returncode == 2
    assert "axis is 'w', expected one of x, y, z" in refused.stderr
