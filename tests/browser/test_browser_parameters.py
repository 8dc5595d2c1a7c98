"""Sliders of an emulator's numbers and a new universe, in a real browser."""

import re
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, SETTLE, Server
from tests.explorer.jerald import write_emulators, write_start

MEAN = """() => {
  for (const {type, name, renderers} of Bokeh.documents[0].all_models) {
    if (type != "Figure" || name != "prediction") continue
    const {data, tags} = renderers[0].data_source
    const image = data.image[0]
    return tags.length > 0 ? image.reduce((sum, u) => sum + u, 0) / image.length : null
  }
}"""
"""Of the painting's map, in what is drawn; nothing where nothing is."""

ARROWS = """() => {
  for (const {type, data} of Bokeh.documents[0].all_models) {
    if (type == "ColumnDataSource" && data.xs?.length) return data.xs.length
  }
  return 0
}"""
"""Number of arrows."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("starts")
    (folder / "simulations").mkdir()
    write_start(folder / "simulations")
    write_emulators(folder / "weights")
    started = Server(
        [sys.executable, "-m", "panel", "serve", "explorer", "--port", "0"], ROOT, folder
    )
    yield started
    started.stop()


@pytest.fixture
def volumes(server, visit):
    return visit(server)


def painted(visit, query):
    visit.open(query)
    visit.page.wait_for_function(f"() => ({MEAN})() != null")
    visit.page.get_by_text("Masses and geometry", exact=True).wait_for()
    return visit.page.evaluate(MEAN)


def test_the_map_follows_a_slider_while_it_is_dragged_and_goes_back(volumes):
    page = volumes.page
    fitted = painted(volumes, "?scene=volumes&simulation=start&field=stars&emulator=jerald")
    slider = page.locator(".parameters .MuiSlider-root").first
    volumes.rest()
    place = slider.bounding_box()
    y = place["y"] + place["height"] / 2
    thumb = slider.locator(".MuiSlider-thumb").bounding_box()
    page.mouse.move(thumb["x"] + thumb["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(place["x"] + 0.9 * place["width"], y, steps=6)
    page.wait_for_function(f"() => Math.abs(({MEAN})() - {fitted}) > 1e-3")
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"parameters=stars\.map\."))
    expect(page.locator(".parameters")).to_contain_text("1 of 23 numbers changed")
    page.get_by_role("button", name="Reset to the fit").click()
    page.wait_for_function(f"() => Math.abs(({MEAN})() - {fitted}) < 1e-6")
    expect(page).not_to_have_url(re.compile("parameters="))


def test_displacements_are_drawn_on_request(volumes):
    painted(volumes, "?scene=volumes&simulation=start&field=dm&emulator=jerald")
    page = volumes.page
    page.get_by_label("Displacements").click()
    page.wait_for_function(f"() => ({ARROWS})() > 0")
    expect(page.get_by_text("times as long")).to_be_visible()
    expect(page).to_have_url(re.compile("arrows=yes"))


def test_a_new_universe_is_made_and_painted(volumes):
    painted(volumes, "?scene=volumes&simulation=start&field=dm&emulator=jerald")
    page = volumes.page
    page.get_by_role("button", name="New universe").click()
    expect(page.locator(".new-universe")).to_contain_text("for JERALD, Particle mesh")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page).to_have_url(re.compile("simulation=universe-7.5-64-1-z2"), timeout=3 * SETTLE)
    page.wait_for_function(f"() => ({MEAN})() != null")
