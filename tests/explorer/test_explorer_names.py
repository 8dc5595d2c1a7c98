"""What the page calls paintings, axes, bands and numbers."""

import asyncio
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from bokeh.core.validation import check_integrity
from matplotlib.colors import to_rgb

import engine
import explorer
from engine.results import Points
from engine.systems.card import read_card
from explorer.display import Display
from explorer.names import colours_of, painted_inks, painting_names
from explorer.plots.halo_relation import cloud, short
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.style import EMULATORS, PUBLISHED, SAMPLES
from explorer.views.controls import Controls
from explorer.views.curves import CurveCard
from explorer.views.facts import Facts
from explorer.views.haloes import Haloes
from explorer.views.maps import Maps
from explorer.views.maps_in_words import summary
from explorer.views.scope import in_words
from explorer.words import unit_in_words


def painted(**link):
    link = {"simulation": "with-gas", "axis": "z", "slab": "2"} | link
    store = Store(Slabs(), link)
    asyncio.run(store.refresh())
    return store


@pytest.fixture(autouse=True)
def simulations(folder, emulator):
    """Simulations and an emulator."""


def test_a_painting_is_called_by_its_emulator_and_seed_everywhere(stochastic):
    store = painted(seed="7", other="share", other_seed="2029582713")
    names = ["Cosmic share, seed 7", "Cosmic share, seed 2029582713"]
    assert painting_names(store.results) == {
        "truth": "truth", "prediction": names[0], "other": names[1]
    }  # fmt: skip
    display = Display()
    facts = Facts(store)
    headings = (CurveCard("pdf", store, display).heading, Haloes(store, display).heading)
    titles = [each.title for each in store.scene.pictures(store.results)]
    words = [
        *(each.object for each in headings),
        facts.pane.object,
        summary(store.results, "slab 2", display),
    ]
    for name in names:
        assert name in titles
        assert all(name in each for each in words)


def test_an_emulator_that_paints_one_way_has_no_seed():
    assert painting_names(painted().results)["prediction"] == "Cosmic share"


def test_each_emulator_has_one_colour_on_lines_marks_legends_and_maps(monkeypatch):
    (card,) = engine.emulators()
    cards = [replace(card, system=each, title=each) for each in ("able", "share", "zeal")]
    monkeypatch.setattr(engine, "emulators", lambda: cards)
    colours_of.cache_clear()
    colours = [colours_of(each)[0] for each in ("able", "share", "share:LR", "zeal")]
    assert colours[1] == colours[2]
    assert len(set(colours)) == 3
    store, display = painted(emulator="share"), Display()
    results = store.results
    swapped = replace(results, request=replace(results.request, emulator="zeal", other="able"))
    assert painted_inks(results)["prediction"] == colours[1]
    assert painted_inks(swapped) == {"prediction": colours[3], "other": colours[0]}
    maps, card = Maps(store, display), CurveCard("power_spectrum", store, display)
    maps.present(store.results)
    for glyphs in (card.panels.main.renderers, card.panels.below.renderers):
        lines = [getattr(each.glyph, "line_color", None) for each in glyphs]
        assert colours[1] in lines
    for words in (card.heading, maps.captions["prediction"]):
        assert colours[1] in words.object
    maps.published.release()
    colours_of.cache_clear()


def test_two_of_truth_and_paintings_can_be_compared_and_are_named(stochastic):
    store = painted(seed="7", other="share", other_seed="8")
    display = Display(show="difference", against="paintings")
    maps = Maps(store, display)
    maps.present(store.results)
    assert list(maps.tools.against.options) == [
        "truth and Cosmic share, seed 7",
        "truth and Cosmic share, seed 8",
        "Cosmic share, seed 7 and Cosmic share, seed 8",
    ]
    assert maps.contrast.bar.slider.label.startswith("Cosmic share, seed 8 − Cosmic share, seed 7")
    assert "Cosmic share, seed 7 to Cosmic share, seed 8" in maps.captions["contrast"].object
    display.show = "swipe"
    assert (maps.overlay.first, maps.overlay.second) == ("prediction", "other")
    maps.published.release()


def test_without_a_truth_two_paintings_are_compared(stochastic):
    store = painted(simulation="dark-only", axis="z", slab="1", other="share", other_seed="8")
    maps = Maps(store, Display(show="ratio"))
    maps.present(store.results)
    assert maps.linked.state.compared == [2, 3]
    assert maps.linked.state.contrast_note == ""
    maps.published.release()


def test_what_an_emulator_warns_of_stands_below_the_maps_by_its_title():
    store = painted()
    maps = Maps(store, Display())
    maps.present(store.results)
    assert "<b>Cosmic share</b>: Not a trained emulator." in maps.warnings.object
    maps.published.release()


def test_a_seed_is_written_without_commas():
    controls = Controls(painted())
    assert controls.samples.seed.format == controls.each["other_seed"].format == "0"


def test_buttons_without_words_have_names():
    samples = Controls(painted()).samples
    assert (samples.back.description, samples.forward.description) == (
        "Sample before",
        "Sample after",
    )


def test_curves_of_all_slabs_are_called_averages():
    assert in_words(painted(scope="axis").results) == (
        "Averages over the 4 slabs along z, masses are sums."
    )


def test_a_region_that_is_widened_says_so():
    store = painted(scope="region", region="10,30,12,40")
    assert store.results.slabs("input")[0].shape == (64, 64)
    assert in_words(store.results) == (
        "The 64 × 64 pixels around the 28 × 20 in view: fewer than 64 hold few waves; Fourier "
        "statistics under a Hann window."
    )
    assert in_words(painted(scope="region").results).startswith("The 64 × 64 pixels of the whole")


def test_a_band_is_said_to_be_of_the_map_that_it_is_drawn_around():
    store = painted()
    curves = store.results.curves["power_spectrum"]
    for name in ("halo_scatter", "transfer_function", "power_spectrum"):
        card = CurveCard(name, store, Display())
        card.curves = curves  # the small box has no scatter of haloes
        card._present()
        of = "truth" if name == "power_spectrum" else "prediction"
        top = card.panels.sources["error"].data["high"]
        np.testing.assert_allclose(top, curves[of].y + curves[of].error)
        assert f"one standard deviation of the {of}" in card.heading.object
        assert f"error of the {of}" in card.heading.object


def test_axes_say_within_what_and_symbols_have_no_underscores():
    assert short("gas mass within projected R_vir [Msun/h]") == ("gas within projected Rᵥᵢᵣ [M⊙/h]")
    assert unit_in_words("f(N_HI) [cm^2]") == "f(N) [cm²]"
    assert unit_in_words("N_HI [cm^-2]") == "N(HI) [cm⁻²]"


def test_haloes_that_come_later_are_drawn_from_columns_that_are_there():
    import holoviews as hv
    import panel as pn
    import param

    class Shown(param.Parameterized):
        points = param.Parameter()

    shown = Shown()
    stream = hv.streams.Params(shown, ["points"])
    drawn = hv.DynamicMap(
        lambda points: cloud(points, ["#ffffff"], "circle", "truth"), streams=[stream]
    )
    root = pn.pane.HoloViews(drawn).get_root()
    ones = np.ones(5)
    columns = dict.fromkeys(("mvir", "rvir", "environment"), ones)
    columns |= {"number": np.arange(5), "slab": np.arange(5), "resolved": ones > 0}
    shown.points = Points(x=ones, y=ones, name="haloes", x_label="x", y_label="y", columns=columns)
    assert not any(issue for issue in check_integrity(root.references()).error)


def test_all_that_ship_are_told_apart_by_colour(monkeypatch):
    """On the page and on paper, and from the bands' colours and the published relations'."""
    shipped = Path(explorer.__file__).parents[1] / "assets" / "weights"
    cards = [read_card(path) for path in shipped.glob("*.json")]
    monkeypatch.setattr(engine, "emulators", lambda: cards)
    colours_of.cache_clear()
    systems = sorted({card.system for card in cards})
    assert len(systems) > 5
    for medium in (0, 1):
        colours = [colours_of(each)[medium] for each in systems]
        assert len({*colours, SAMPLES, PUBLISHED}) == len(systems) + 2
    pairs = list(combinations(EMULATORS, 2))
    apart = [
        np.linalg.norm(lightness_and_hue(a) - lightness_and_hue(b)) for (a, _), (b, _) in pairs
    ]
    assert min(apart) > 15
    colours_of.cache_clear()


def lightness_and_hue(colour):
    """L*, a* and b* of an sRGB colour (CIE 1976), in which 2 is hardly seen."""
    level = np.array(to_rgb(colour))
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(to_xyz @ linear / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
