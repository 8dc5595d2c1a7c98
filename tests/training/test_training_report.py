"""The report: what it says of emulators whose faults are known, and that nothing is lost."""

import json
import re
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from engine.assets import shipped_folder
from engine.cosmology import Cosmology
from engine.formats.catalogues import write_halos
from engine.halos import Halos
from engine.mesh import Slab
from engine.odd_one import SQUARE
from engine.simulation import open_simulation
from engine.systems.card import DARK_MATTER, read_card
from training.__main__ import app
from training.report import content, figures, headlines, measure, run, sheet
from training.report.bands import rounded
from training.report.calibrated import crps
from training.report.measure import Maps
from training.report.parts import Folder
from training.report.reported import Reported
from training.report.systems.contract import papers

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
SIDE = 64


def silent(done):
    pass


CARD = read_card(shipped_folder() / "weights" / "ember-wgan-gas-hr.json")


def emulator(paint, stochastic=True, system="ember-wgan", sha256="0" * 64):
    """What paints each seed by a function of its dark matter and the seed."""
    card = replace(CARD, system=system, stochastic=stochastic, weights_sha256=sha256)
    return Reported(card, 1, lambda eaten, seeds: [paint(eaten[DARK_MATTER], s) for s in seeds])


@pytest.fixture
def simulation(data):
    return open_simulation(data / "held-out.hdf5")


def noisy(simulation, strength=0.1, factor=1.0):
    """The truth, every pixel off by its own factor."""

    def paint(slab, seed):
        true = simulation.slab("gas", slab.axis, slab.index)
        random = np.random.default_rng([seed, slab.index])
        scatter = random.lognormal(0, strength, true.shape)
        return true.with_values(factor * true.values * scatter, emulator="ember-wgan", seed=seed)

    return paint


def reported(emulators, simulation, tmp_path, count, advance=silent):
    todo = run.tasks(emulators, [simulation], "z", count)
    return content.measured(emulators, todo, Folder(tmp_path / "parts"), advance)


# What it says.


def test_a_perfect_emulator_scores_one(simulation, tmp_path):
    perfect = emulator(noisy(simulation, 0.0), stochastic=False, system="ember-unet")
    (result,) = reported([perfect], simulation, tmp_path, 4)["results"]
    for portion in ("all", "without_heaviest_halo"):
        found = result[portion]
        assert found["total_mass"]["ratio"]["median"] == 1
        for name in ("power_spectrum", "bispectrum", "pdf"):
            assert found[name]["ratio"]["median"] == [1.0] * len(found[name]["x"])
        r = found["cross_correlation"]["painted"]["median"]
        assert r == pytest.approx([1] * len(r))
        numbers = found["headline"]
        assert numbers["power_mean_error"] == numbers["pdf_misplaced"] == 0
        assert numbers["pdf_shifted"] == 0
        assert numbers["halos_crps"] == numbers["power_crps"] == 0
        assert numbers["power_within_10_percent_to_k"] == found["power_spectrum"]["x"][-1]
    assert len(result["all"]["slabs"]) == 3
    assert result["without_heaviest_halo"]["slabs"] == ["z0", "z1"]
    assert result["realisations"] == 1


def test_a_distribution_is_shifted_as_far_as_its_pixels_have_moved():
    """Half of them by two bins of a tenth of a dex."""
    pdf = {"x": [1.0, 10**0.1, 10**0.2, 10**0.3], "truth": [4.0, 4.0, 0.0, 0.0]}
    pdf["painted"] = {"median": [0.0, 4.0, 4.0, 0.0]}
    assert headlines.shifted(pdf) == pytest.approx(0.1)
    assert headlines.misplaced(pdf) == 0.5


def test_mass_is_told_apart_from_clustering(simulation, tmp_path):
    heavy = emulator(noisy(simulation, 0.0, factor=1.3))
    (result,) = reported([heavy], simulation, tmp_path, 2)["results"]
    numbers = result["all"]["headline"]
    assert numbers["mass_error"] == pytest.approx(0.3, abs=1e-5)
    assert numbers["power_mean_error"] == pytest.approx(0, abs=1e-5)
    assert numbers["halos_crps"] == pytest.approx(np.log10(1.3), abs=1e-5)


def test_bands_are_quantiles_of_spectra_summed_over_slabs(simulation, tmp_path):
    paint = noisy(simulation, 0.5)
    (result,) = reported([emulator(paint)], simulation, tmp_path, 5)["results"]
    slabs = [simulation.slab("dm", "z", i) for i in range(3)]
    spectrum = headlines.statistics.get("power_spectrum")
    spectra = [spectrum([paint(slab, seed) for slab in slabs]).y for seed in range(5)]
    low, median, high = np.percentile(spectra, (16, 50, 84), axis=0)
    found = result["all"]["power_spectrum"]
    for name, expected in (("low", low), ("median", median), ("high", high)):
        assert found["painted"][name] == pytest.approx(expected, rel=1e-5)
    true = spectrum([simulation.slab("gas", "z", i) for i in range(3)])
    assert found["truth"] == pytest.approx(true.y, rel=1e-5)
    assert found["x"] == pytest.approx(true.x, rel=1e-5)


def test_texture_and_slab_by_slab_coverage_are_told_beside_the_truths(simulation, tmp_path):
    def paint(slab, seed):
        true = simulation.slab("gas", slab.axis, slab.index)
        values = true.values * np.random.default_rng(seed).lognormal(0, 0.3, true.shape)
        values[:2] = 0
        return true.with_values(values, emulator="ember-wgan", seed=seed)

    results = [
        reported([emulator(each, sha256=sha256)], simulation, tmp_path / sha256, 3)["results"][0]
        for each, sha256 in ((paint, "0" * 64), (noisy(simulation, 0.0), "1" * 64))
    ]
    rough, same = (result["all"]["likeness"] for result in results)
    assert rough["empty"][1] > rough["empty"][0] == 0
    for name in ("patches", "patches_unbounded", "patches_of_truth"):
        assert len(rough[name]) == len(rough["classes"])
    told = [i for i, value in enumerate(rough["patches"]) if value is not None]
    assert told
    for i in told:
        assert rough["patches"][i] > 1
        assert abs(same["patches"][i]) < 0.3
    assert same["diagonals"][0] == same["diagonals"][1]
    assert same["diagonals"][2] is None
    scales = results[0]["all"]["scales"]
    assert np.shape(scales["spread_error"]) == (len(scales["sizes"]), len(scales["classes"]))
    for name in ("bispectrum", "peaks"):
        covered = results[0]["all"]["calibration"][name]
        assert np.sum(covered["ranks"]) == np.sum(covered["count"]) > 0


def slab_of(values, field):
    box = SIDE * 0.0293
    return Slab(
        values,
        field,
        cell_size=29.3,
        depth=box,
        box_size=box,
        redshift=2.0,
        cosmology=PLANCK,
        simulation="a box",
    )


@pytest.fixture(scope="module")
def maps():
    """A truth that is one more draw of what `draw` draws."""
    random = np.random.default_rng(1)
    dark_matter = slab_of(1e5 * random.lognormal(0, 1, (SIDE, SIDE)), "dm")
    at = random.random((30, 3)) * dark_matter.box_size
    mass = random.uniform(1e10, 1e12, 30)
    halos = Halos(at, mass, np.full(30, 100.0), mass, "hydro")
    return Maps({DARK_MATTER: dark_matter}, draw(dark_matter, 999), dark_matter, halos)


def draw(dark_matter, seed, strength=0.5):
    scatter = np.random.default_rng(seed).lognormal(0, strength, dark_matter.shape)
    return dark_matter.with_values(0.1 * dark_matter.values * scatter, field="gas")


@pytest.mark.parametrize(("strength", "covered"), [(0.5, 0.68), (0.1, 0.16), (1.5, 0.98)])
def test_coverage_is_that_of_the_scatter(maps, strength, covered):
    drawing = emulator(lambda slab, seed: draw(slab, seed, strength))
    with ThreadPoolExecutor(2) as pool:
        part = measure.run(drawing, maps, 40, pool, 2, silent)
    (share,) = {round(float(np.average(part.pixels.coverage(0.68), weights=part.pixels.count)), 2)}
    assert share == pytest.approx(covered, abs=0.03)
    assert len(part.painted) == 40


def test_pixels_are_told_apart_by_what_is_painted_on(maps):
    """A perfect painter of an input that hides half of the dark matter is calibrated."""
    coarse = maps.inputs[DARK_MATTER]
    truth = draw(coarse, 999)
    below = coarse.with_values(10 * truth.values)  # which shows all that is hidden
    with ThreadPoolExecutor(2) as pool:
        part = measure.run(
            emulator(draw), Maps({DARK_MATTER: coarse}, truth, below, None), 40, pool, 2, silent
        )
    many = part.pixels.count > 300
    assert many.sum() > 2
    np.testing.assert_allclose(part.pixels.spread_error[many], 1, atol=0.1)
    np.testing.assert_allclose(part.pixels.coverage(0.68)[many], 0.68, atol=0.06)
    # Detail of one pixel, of which there is the most, is calibrated as pixels are.
    np.testing.assert_allclose(part.scales.spread_error[0, many], 1, atol=0.1)
    # Every three samples once.
    assert part.odd.squares.sum() == 13 * (SIDE // SQUARE) ** 2


def test_crps_is_the_mean_over_pairs_and_the_distance_for_one():
    random = np.random.default_rng(4)
    truth, samples = random.normal(size=7), random.normal(size=(12, 7))
    pairs = np.abs(samples[:, None] - samples[None]).sum(axis=(0, 1)) / (12 * 11)
    expected = np.abs(samples - truth).mean(axis=0) - pairs / 2
    np.testing.assert_allclose(crps(truth, samples), expected)
    np.testing.assert_allclose(crps(truth, samples[:1]), np.abs(samples[0] - truth))
    # For a Gaussian and its own draws: sigma / sqrt(pi).
    many = crps(random.normal(size=20000), random.normal(size=(50, 20000)))
    assert many.mean() == pytest.approx(1 / np.sqrt(np.pi), rel=0.02)


def test_a_bispectrum_within_its_noise_has_no_ratio():
    curve = {
        "x": [2.0, 3.0, 4.0], "count": [6, 6, 6], "truth": [1.0, -1.0, 10.0],
        "noise": [2.0, 1.0, 1.0], "ratio": {"median": [9.0, -5.0, 1.1]},
    }  # fmt: skip
    assert headlines.worst(headlines.errors(curve, 1, 30)) == pytest.approx(0.1)
    assert headlines.within(curve, 0.2) == 4.0


def test_rank_histograms_keep_their_shape_in_fewer_bars():
    np.testing.assert_allclose(figures.rebinned(np.full(129, 7), 16), 1)
    uneven = figures.rebinned(np.arange(33), 16)
    assert uneven.mean() == pytest.approx(1)
    assert (np.diff(uneven) > 0).all()


def test_a_network_is_told_how_much_better_it_is(simulation, tmp_path):
    good = emulator(noisy(simulation, 0.0, factor=1.0))
    bad = emulator(noisy(simulation, 1.0), stochastic=False, system="local-map")
    twice = replace(
        good,
        paint=lambda eaten, seeds: [noisy(simulation, 0.3)(eaten[DARK_MATTER], s) for s in seeds],
    )
    gains = reported([twice, bad], simulation, tmp_path, 6)["gains"]
    (gain,) = gains
    assert (gain["emulator"], gain["beats"]) == ("ember-wgan-gas-hr", "local-map-gas-hr")
    found = {r["emulator"]: r["all"]["headline"] for r in reported(
        [twice, bad], simulation, tmp_path, 6)["results"]}  # fmt: skip
    for name, times in gain["times"].items():
        mine, theirs = found["ember-wgan-gas-hr"][name], found["local-map-gas-hr"][name]
        assert times == pytest.approx(theirs / mine, rel=1e-4)
    assert gain["times"]["power_mean_error"] > 2


# That nothing is lost, and little kept.


def test_an_interrupted_run_goes_on_to_the_same_numbers_to_the_bit(simulation, tmp_path):
    whole = content.as_json(reported([emulator(noisy(simulation))], simulation, tmp_path / "a", 6))
    calls = []

    def counted(slab, seed):
        calls.append(seed)
        return noisy(simulation)(slab, seed)

    def interrupted(slab, seed):
        if (slab.index, seed) == (1, 3):
            raise KeyboardInterrupt
        return noisy(simulation)(slab, seed)

    with pytest.raises(KeyboardInterrupt):
        reported([emulator(interrupted)], simulation, tmp_path / "b", 6)
    resumed = content.as_json(reported([emulator(counted)], simulation, tmp_path / "b", 6))
    assert resumed == whole
    assert len(calls) == 12  # of the second and third slab


def test_changed_weights_or_another_count_begin_anew(simulation, tmp_path):
    def painted(count, **changes):
        calls = []

        def paint(slab, seed):
            calls.append(seed)
            return noisy(simulation)(slab, seed)

        reported([emulator(paint, **changes)], simulation, tmp_path, count)
        return len(calls)

    assert painted(3) == 9
    assert painted(3) == 0
    assert painted(4) == 12
    assert painted(4, sha256="1" * 64) == 12


def test_a_broken_part_is_measured_again(simulation, tmp_path):
    first = reported([emulator(noisy(simulation))], simulation, tmp_path, 3)
    for path in (tmp_path / "parts").glob("*z1.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert reported([emulator(noisy(simulation))], simulation, tmp_path, 3) == first


def test_maps_alive_at_a_time_dont_grow_with_the_realisations(maps):
    alive, most, lock = weakref.WeakSet(), [0], threading.Lock()

    def watched(slab, seed):
        painted = draw(slab, seed)
        with lock:
            alive.add(painted)
            most[0] = max(most[0], len(alive))
        return painted

    def peak(count):
        most[0] = 0
        with ThreadPoolExecutor(2) as pool:
            measure.run(emulator(watched), maps, count, pool, 2, silent)
        return most[0]

    bound = measure.IN_FLIGHT * 2 + 2
    assert peak(8) <= bound
    assert peak(60) <= bound


# The page and the command.


@pytest.fixture(scope="module")
def made(new_slabs, tmp_path_factory):
    """A report by the command line, of a shipped card on tiny maps with many haloes."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    maps = new_slabs(out.with_name("crowded.hdf5"), "z", 48, n_slabs=3, seed=2)
    random = np.random.default_rng(6)
    with h5py.File(maps, "r+") as file:
        del file["halos"]
        at, mass = random.random((90, 3)) * 48 * 0.0293, 10 ** random.uniform(9, 12, 90)
        write_halos(file, Halos(at, mass, np.full(90, 100.0), mass, "hydro"))
    card = shipped_folder() / "weights" / "ember-wgan-gas-hr.json"
    before = card.read_bytes()
    result = CliRunner().invoke(
        app,
        ["score", str(card), "--simulation", str(maps), "--device", "cpu",
         "--realisations", "3", "--out", str(out)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert card.read_bytes() == before
    return out


def test_the_page_holds_everything_and_fetches_nothing(made):
    text = made.read_text()
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 10
    pointed = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    assert pointed <= set(ids)
    assert (
        text.count("<svg") == 6
    )  # curves, haloes, a picture of each emulator, calibration, apertures
    assert "currentColor" in text
    assert "#0f1317" not in text


def test_the_json_says_what_it_is_made_of(made):
    found = json.loads(made.with_suffix(".json").read_text())
    assert [p["name"] for p in found["emulators"]] == ["ember-wgan-gas-hr", "local-map-gas-hr"]
    assert all(len(p["sha256"]) == 64 for p in found["emulators"])
    result = found["results"][0]
    assert result["seeds"] == [0, 2]
    assert result["all"]["power_spectrum"]["y_label"] == "P(k) [(Mpc/h)^2]"
    assert found["versions"]["openvino"]
    assert len(result["halo_points"]["dark"]) == len(result["halo_points"]["painted"]) == 90


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--axes", "x"], "has maps along z, expected some along x"),
        (["--realisations", "0"], "Realisations are 0, expected 1 or more"),
        (["--simulation", "nowhere"], "simulation is 'nowhere'"),
        (["--simulation", "hydro11-z2"] * 2, "Two simulations are hydro11-z2 along z"),
    ],
)
def test_what_cannot_be_reported_is_one_sentence(arguments, words, data, tmp_path):
    card = shipped_folder() / "weights" / "ember-unet-gas-hr.json"
    simulation = (
        [] if "--simulation" in arguments else ["--simulation", str(data / "held-out.hdf5")]
    )
    result = CliRunner().invoke(
        app, ["score", str(card), *simulation, *arguments, "--out", str(tmp_path / "r.html")]
    )
    assert result.exit_code == 1
    assert words in " ".join(result.output.split())


def test_numbers_are_short_and_what_is_none_is_null():
    assert rounded([1.23456789, np.nan, np.int64(7)]) == [1.23457, None, 7.0]
    assert sheet.percent(-0.0123) == "−1.2 %"
    assert sheet.plain(None) == "–"


def test_each_network_stands_beside_what_its_paper_reached_from_the_same_dark_matter():
    (paper,) = papers(["local-map", "ember-wgan"])
    for field, level, origin in (("gas", "MR", "native"), ("hi", "HR", "ds")):
        run = {"field": "dmo", "level": level, "origin": origin}
        assert paper.mass_error("ember-wgan", field, level, run) is not None
    assert paper.mass_error("ember-wgan", "stars", "HR", run) is None
    assert papers(["local-map"]) == []
