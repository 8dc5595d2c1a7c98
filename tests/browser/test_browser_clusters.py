"""The scene of clusters in a real browser."""

import re
import sys

import pytest
from playwright.sync_api import expect

from engine.cluster_recipe import ClusterRecipe
from engine.formats.map_file import read_map_file
from tests.browser.conftest import ROOT, Server
from tests.explorer.clusters import NUMBER, write_clusters, write_emulators

CLUSTERS = "?scene=clusters&simulation=groups"

DRAWN = """() => Array.from(Bokeh.documents[0].all_models)
  .filter(({type}) => type == "Figure")
  .filter(({name}) => /^(input|error-.*|.*-(truth|prediction))$/.test(name))
  .filter(({renderers}) => renderers[0].data_source.tags.length > 0).map(({name}) => name)"""
"""Names of the maps that draw something."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clusters")
    simulations = folder / "simulations"
    simulations.mkdir()
    write_clusters(simulations, "groups")
    write_emulators(folder / "weights")
    command = [sys.executable, "-m", "panel", "serve", "explorer", "--port", "0"]
    started = Server(command, ROOT, folder)
    yield started
    started.stop()


def test_a_tap_shows_a_cluster_and_a_drag_over_the_relation_picks_some(server, visit):
    clusters = visit(server)
    clusters.open(CLUSTERS)
    page = clusters.page
    page.wait_for_function(f"() => ({DRAWN})().length == 10")
    rows = page.locator(".cluster-table tbody tr")
    expect(rows).to_have_count(NUMBER)
    expect(page.get_by_text(re.compile("slope .* scatter .* dex")).first).to_be_visible()
    expect(rows.first).to_contain_text("%")

    clusters.rest()  # a row that is written anew while it is clicked doesn't hear of it
    shown = clusters.shown()
    rows.nth(4).click()
    clusters.settle(after=shown)
    expect(page).to_have_url(re.compile("number=4"))
    expect(page.get_by_text("Cluster 4", exact=True)).to_be_visible()
    expect(rows.nth(4)).to_have_attribute("aria-selected", "true")

    page.get_by_role("button", name=re.compile("^offset")).click()
    offsets = [float(row.split("\t")[5]) for row in rows.all_inner_texts()]
    assert offsets == sorted(offsets, reverse=True)
    clusters.rest()

    plot = page.locator(".clusters-relation .bk-Figure")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    left, top = box["x"] + 70, box["y"] + 12
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 0.4 * box["width"], top + 0.6 * box["height"], steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile("picked="))
    expect(rows).not_to_have_count(NUMBER)
    link = page.url
    left_over = rows.count()
    clusters.rest()  # what is left amid a request counts as failed
    page.goto(link)
    expect(page.locator(".cluster-table tbody tr")).to_have_count(left_over)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".cluster-table tbody tr")).to_have_count(NUMBER)
    clusters.rest()


def test_maps_curves_and_table_are_downloaded(server, visit, tmp_path):
    clusters = visit(server)
    page = clusters.page
    clusters.open(f"{CLUSTERS}&number=2&axis=x&mass=13.4,14.7")
    page.wait_for_function(f"() => ({DRAWN})().length == 10")
    clusters.rest()
    page.get_by_role("combobox", name="File", exact=True).click()
    page.get_by_role("option", name="Maps, curves, table (HDF5)").click()
    button = page.get_by_role("button", name="Download", exact=True)
    expect(button).to_be_enabled()
    with page.expect_download() as coming:
        button.click()
    assert coming.value.suggested_filename == "groups_clusters_x2_local-map.hdf5"
    coming.value.save_as(tmp_path / "kept.hdf5")
    kept, text = read_map_file(tmp_path / "kept.hdf5")
    recipe = ClusterRecipe.from_json(text)
    assert (recipe.source.number, recipe.source.axis) == (2, "x")
    rows = page.locator(".cluster-table tbody tr")
    assert 2 < rows.count() == len(recipe.shown) < NUMBER
    assert kept.maps["xray_prediction"].number == 2
    assert len(kept.tables["clusters"].columns["xray_prediction"]) == rows.count()
    clusters.rest()
