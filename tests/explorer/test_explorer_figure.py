"""The figure for a paper: what the page shows, in print."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import engine
from engine.units import column_density
from explorer import exports
from explorer.display import Display
from explorer.exports import Shown, outcome
from explorer.names import colours_of, painted_inks, title_of
from explorer.plots import paper_curves, paper_figure, paper_maps, paper_sheet
from explorer.views.looks import look_of
from explorer.views.maps import Maps
from tests.explorer.downloads import LOOK, export, painted

pytestmark = pytest.mark.usefixtures("weights")


def drawn(text):
    return text.get_visible() and text.get_text()


@pytest.mark.parametrize("other", ["none", "share"])
def test_the_figure_has_every_map_on_a_journals_page(other):
    results = painted(other=other).results
    figure = paper_figure.paper_figure(outcome(results), LOOK)
    assert isinstance(figure, Figure)
    assert figure.get_size_inches()[0] == pytest.approx(7.1)
    images = images_of(figure)
    assert len(images) == (4 if other == "share" else 3)
    limits = {image.get_clim() for image in images[1:]}
    assert limits == {(1e2, 1e5)}
    for image in images:
        assert image.get_rasterized()
        assert image.origin == "lower"


def images_of(figure):
    """Images of the maps, from the left."""
    return [image for ax in figure.axes for image in ax.get_images()]


def figure_of(store, **shown):
    """The figure that the page gives, and the images of its maps."""
    display = Display()
    maps = Maps(store, display)
    maps.present(store.results)
    display.param.update(**shown)
    look = look_of(store.results, display, maps)
    figure = paper_figure.paper_figure(outcome(store.results), look)
    return maps, figure, images_of(figure)


def bar_labels(figure):
    return [ax.get_xlabel() for ax in figure.axes if ax.get_xlabel()]


@pytest.mark.parametrize("stretch", ["log", "asinh", "linear"])
@pytest.mark.parametrize("units", ["comoving", "physical"])
def test_the_figure_has_the_colours_and_units_of_the_page(stretch, units):
    store = painted()
    maps, figure, images = figure_of(store, stretch=stretch, units=units)
    factor = 9 if units == "physical" else 1  # (1 + z)^2 at z = 2
    truth = store.results.truth.values.astype(float)
    np.testing.assert_allclose(
        np.clip(images[1].get_array(), *images[1].get_clim()),
        np.clip(factor * truth, *images[1].get_clim()),
    )
    page = maps.linked.maps["truth"].mapper  # of the coordinate that draw.js computes
    place = {
        "log": np.log10,
        "asinh": lambda v: np.arcsinh(v / (factor * np.median(truth))) / np.log(10),
        "linear": lambda v: v,
    }[stretch]
    shares = np.clip((place(factor * truth) - page.low) / (page.high - page.low), 0, 1)
    np.testing.assert_allclose(np.clip(images[1].norm(factor * truth), 0, 1), shares, atol=2e-3)
    assert 0.2 < np.median(shares) < 0.8 or stretch == "linear"
    if stretch == "linear":
        assert all("[$10^{" in label for label in bar_labels(figure)[:2]), "thousands and more"
    unit = "pkpc" if units == "physical" else "ckpc"
    assert all(unit in label for label in bar_labels(figure)[:2])


def test_the_figure_shows_column_densities_as_the_page_does(hydrogen):
    store = painted(simulation="with-hi", field="hi")
    slab = store.results.truth
    _, figure, images = figure_of(store, quantity="columns")
    columns = column_density(slab.values.astype(float), slab.redshift, slab.cosmology.h)
    drawn = columns > images[1].get_clim()[0]
    np.testing.assert_allclose(images[1].get_array()[drawn], columns[drawn], rtol=1e-6)
    assert drawn.mean() > 0.9
    assert images[1].norm(np.median(columns)) == pytest.approx(0.4, abs=0.2)
    assert "N(HI) [cm$^{-2}$]" in bar_labels(figure)


def test_the_figure_shows_what_is_in_view_with_a_scale_bar_in_its_unit():
    store = painted()
    display = Display(units="physical")
    maps = Maps(store, display)
    maps.present(store.results)
    maps.linked.show_rectangle((0.5, 1.0, 0.75, 1.25))
    look = look_of(store.results, display, maps)
    figure = paper_figure.paper_figure(outcome(store.results), look)
    first = figure.axes[0]
    assert (*first.get_xlim(), *first.get_ylim()) == (0.5, 1.0, 0.75, 1.25)
    (bar,) = first.lines
    slab = store.results.input
    physical = np.ptp(bar.get_xdata()) / slab.cosmology.h / (1 + slab.redshift)
    (words,) = (text.get_text() for text in first.texts)
    assert words == f"{physical:g} pMpc"
    assert 0.08 <= np.ptp(bar.get_xdata()) / 0.5 <= 0.2


@pytest.mark.parametrize("show", ["difference", "ratio"])
def test_the_figure_has_the_difference_that_the_page_shows(show):
    store = painted(other="share")
    maps, _, images = figure_of(store, show=show, against="other", units="physical")
    truth, other = (getattr(store.results, name).values for name in ("truth", "other"))
    expected = np.log10(other / truth) if show == "ratio" else 9 * (other - truth)
    assert len(images) == 5
    np.testing.assert_allclose(images[-1].get_array(), expected, rtol=1e-4, atol=1e-3)
    low, high = images[-1].get_clim()
    assert low == pytest.approx(-high)
    half = maps.contrast.bar.slider.value[1]
    assert high == pytest.approx(float(maps.contrast.bar.stretch.value(half)))


def test_the_figures_lines_have_the_one_colour_of_each_emulator(monkeypatch):
    (share,) = engine.emulators()
    cards = [share, replace(share, system="zeal", title="Zeal")]
    monkeypatch.setattr(engine, "emulators", lambda: cards)
    title_of.cache_clear()
    colours_of.cache_clear()
    figures = []
    monkeypatch.setattr(exports, "as_file", lambda figure, _: figures.append(figure) or b"")
    for first, second in (("share", "zeal"), ("zeal", "share"), ("share", "share")):
        export(Shown(painted(emulator=first, other=second).results, LOOK), "Figure (PDF)")
        lines = [line for ax in figures[-1].axes for line in ax.lines if "seed" in line.get_label()]
        assert len(lines) == 4, "two in each of two panels"
        for line, emulator in zip(lines, (first, second) * 2, strict=True):
            assert line.get_color() == colours_of(emulator)[1]
        page = painted_inks(painted(emulator=first, other=second).results)
        assert page == {"prediction": colours_of(first)[0], "other": colours_of(second)[0]}
    title_of.cache_clear()
    colours_of.cache_clear()


def test_the_figure_has_the_band_of_the_ensemble():
    store = painted()
    asyncio.run(store.sample(4))
    bands = store.ensemble.bands
    figure = paper_figure.paper_figure(outcome(store.results), LOOK, samples=bands)
    legend = next(ax.get_legend() for ax in figure.axes if ax.get_legend())
    assert "16 to 84 % of 4 samples" in [text.get_text() for text in legend.get_texts()]
    name = paper_curves.first_of(outcome(store.results).curves)[0]
    drawn = [path for ax in figure.axes for path in ax.collections]
    heights = np.concatenate([c.get_paths()[0].vertices[:, 1] for c in drawn if c.get_paths()])
    some = bands[name].low > 0
    assert np.isin(bands[name].high[some], heights).all()


@pytest.mark.parametrize("other", ["none", "share"])
def test_the_figures_titles_and_labels_lie_on_the_page_and_apart(other):
    figure = paper_figure.paper_figure(outcome(painted(other=other).results), LOOK)
    page = figure.bbox
    labels = [ax.title for ax in figure.axes] + [
        axis.label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)
    ]
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in labels if drawn(label)]
    assert len(boxes) > 8
    for number, box in enumerate(boxes):
        assert box.x0 >= page.x0
        assert box.x1 <= page.x1
        assert box.y0 >= page.y0
        assert box.y1 <= page.y1
        assert not any(box.overlaps(later) for later in boxes[number + 1 :])


def test_a_scale_bar_is_the_largest_round_length_that_fits():
    lengths = [paper_maps.round_length(length) for length in (0.375, 2.25, 5.0, 19.9, 20)]
    assert lengths == pytest.approx([0.2, 2, 5, 10, 20])


def test_units_are_set_for_print():
    assert paper_sheet.printed("k [h/Mpc]") == "$k$ [$h$/Mpc]"
    assert paper_sheet.printed("P(k) [(Mpc/h)^2]") == "$P(k)$ [(Mpc/$h$)$^2$]"
    assert (
        paper_sheet.printed("gas [Msun h / ckpc^2]") == r"Gas [$\mathrm{M_\odot}$ $h$ / ckpc$^2$]"
    )
