"""The scene of boxes in a real browser."""

import re
import sys

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, Server
from tests.explorer.volumes import LOW, SIDE, write_box, write_emulator

NAMES = ("initial", "input", "truth", "prediction")

BOX = "?scene=volumes&simulation=box&depth=2&layer=3"

SHOWN = """() => Object.fromEntries(Array.from(Bokeh.documents[0].all_models)
  .filter(({type, name}) => type == "Figure" && %s.includes(name))
  .map(({name, renderers}) => {
    const {data, tags} = renderers[0].data_source
    const image = data.image[0]
    return [name, tags.length > 0 ? image.reduce((sum, u) => sum + u, 0) / image.length : null]
  }))"""
"""Mean of what each map draws; nothing where it draws nothing."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boxes")
    simulations = folder / "simulations"
    simulations.mkdir()
    write_box(simulations, "box")
    write_box(simulations, "grown", growth=1.1)
    write_emulator(folder / "weights")
    command = [sys.executable, "-m", "panel", "serve", "explorer", "--port", "0"]
    started = Server(command, ROOT, folder)
    yield started
    started.stop()


@pytest.fixture
def volumes(server, visit):
    return visit(server)


def drawn(visit):
    return visit.page.evaluate(SHOWN % str(list(NAMES)))


def painted(visit, query=BOX):
    visit.open(query)
    wanted = f"() => Object.values(({SHOWN % str(list(NAMES))})()).every((mean) => mean != null)"
    visit.page.wait_for_function(wanted)
    visit.page.get_by_text("Masses and geometry", exact=True).wait_for()
    return visit


def test_a_box_is_painted_and_measured(volumes):
    painted(volumes)
    page = volumes.page
    for words in ("Low resolution", "Initial conditions", "Smoothed PDF", "Reduced bispectrum"):
        # Words of the folded starting points, above all, are there too.
        expect(page.get_by_text(words).filter(visible=True)).not_to_have_count(0)
    expect(page.get_by_text("scatter of the box's 8 octants").first).to_be_visible()
    expect(page.get_by_role("link", name="Volumes")).to_have_attribute("aria-current", "page")


def test_dragging_the_layer_along_the_strip_shows_another_one(volumes):
    painted(volumes)
    volumes.rest()
    before, shown = drawn(volumes), volumes.shown()
    strip = volumes.page.locator(".layer-strip .bk-Figure").bounding_box()
    cell = (strip["width"] - 20) / LOW
    x, y = strip["x"] + 10 + 4 * cell, strip["y"] + 30
    volumes.page.mouse.move(x, y)
    volumes.page.mouse.down()
    volumes.page.mouse.move(x + 6 * cell, y, steps=8)
    volumes.page.mouse.up()
    volumes.settle(after=shown)
    expect(volumes.page).to_have_url(re.compile("layer=9"))
    end = (9 + 2) * SIDE / LOW
    expect(volumes.page.locator(".layer-strip")).to_contain_text(f"to {end:.1f} cMpc/h")
    volumes.rest()
    after = drawn(volumes)
    assert all(after[name] not in (before[name], None) for name in NAMES)
    expect(volumes.page.get_by_role("slider", name="Layer begins at cell")).to_have_value("9")


def test_an_arrow_moves_the_layer_and_the_strip_follows(volumes):
    painted(volumes)
    shown = volumes.shown()
    volumes.page.locator("body").press("ArrowRight")
    volumes.settle(after=shown)
    expect(volumes.page).to_have_url(re.compile("layer=4"))
    left = (
        "() => Array.from(Bokeh.documents[0].all_models)"
        ".find(({type, editable}) => type == 'BoxAnnotation' && editable).left"
    )
    volumes.page.wait_for_function(f"() => Math.abs(({left})() - {4 * SIDE / LOW}) < 1e-6")


def test_the_tabs_show_kernels_and_another_cosmology(volumes):
    painted(volumes)
    page = volumes.page
    page.get_by_role("tab", name="Kernels").click()
    expect(page.get_by_alt_text("feature map of kernel 6 of 3³ cells")).to_have_count(2)
    page.get_by_role("tab", name="Another cosmology").click()
    expect(page.get_by_text("one of the same phases")).to_be_visible()
    volumes.rest()
    volumes.open(BOX + "&beside=grown")
    page.get_by_role("tab", name="Another cosmology").click()
    expect(page.locator(".change-power_spectrum")).to_be_visible()


def test_the_painted_box_is_downloaded_and_baselines_are_offered(volumes, tmp_path):
    page = volumes.page
    painted(volumes, BOX + "&axis=x")
    expect(page.get_by_text("scatter of the box's 8 octants").first).to_be_visible()
    page.get_by_role("combobox", name="File").click()
    page.get_by_role("option", name="Painted box (NumPy)").click()
    button = page.get_by_role("button", name="Download", exact=True)
    expect(button).to_be_enabled()
    with page.expect_download() as coming:
        button.click()
    assert coming.value.suggested_filename == "box_dmo_super-resolution.npz"
    coming.value.save_as(tmp_path / "box.npz")
    with np.load(tmp_path / "box.npz") as file:
        assert file["prediction"].shape == (2 * LOW,) * 3
    facts = page.get_by_text("Cells, painted").locator("xpath=../..")
    expect(facts).to_contain_text(f"{2 * LOW}³ of")
    expect(facts).to_contain_text("Layer depth")


def test_slabs_are_one_click_away_and_links_of_before_open_them(volumes):
    painted(volumes)
    volumes.rest()
    volumes.page.get_by_role("link", name="Slabs").click()
    expect(volumes.page.get_by_role("slider", name="Slab")).to_be_visible()
    volumes.settle()
    volumes.rest()
    volumes.open("?simulation=hydro11-z2&slab=2")
    expect(volumes.page.get_by_role("slider", name="Slab")).to_have_value("2")
