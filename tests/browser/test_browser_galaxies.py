"""Galaxies in the real page: points on the maps, their cards, and the way from one to the other."""

import re

import pytest
from playwright.sync_api import expect

import engine
from tests.browser.conftest import SETTLE

LINK = (
    "?scene=volumes&simulation=validation-z2&field=stars&emulator=dm2gal&other=hod&layer=20"
    "&depth=16&rings=yes"
)

SLABS = "?simulation=validation-z2&field=stars&emulator=dm2gal&other=hod&slab=1"

MODELS = "Array.from(Bokeh.documents[0].all_models)"

POINTS = f"""(names) => Object.fromEntries({MODELS}
  .filter(({{type, name}}) => type == "Figure" && names.includes(name))
  .map(({{name, renderers}}) => {{
    const drawn = renderers.find(({{glyph}}) => glyph.type == "Scatter")
    return [name, Array.from(drawn?.data_source.data.size ?? []).length]
  }}))"""
"""Galaxies on each map."""

BOX, SLAB = (["dark", "truth", "prediction", "other"], ["input", "truth", "prediction", "other"])
"""Maps that show galaxies, by scene."""

GALAXIES = f"""(label) => {{
  const fig = {MODELS}.find(({{type, below}}) =>
    type == "Figure" && below.some(({{axis_label}}) => axis_label == label))
  return fig.renderers.filter(({{glyph}}) => glyph.type == "Scatter")
    .map(({{data_source}}) => Array.from(data_source.data.x).length)
}}"""
"""Galaxies in the figure over that axis, by what they are of."""

HEAVIEST = f"""(label) => {{
  const fig = {MODELS}.find(({{type, below}}) =>
    type == "Figure" && below.some(({{axis_label}}) => axis_label == label))
  const data = fig.renderers.find(({{glyph}}) => glyph.type == "Scatter").data_source.data
  const view = Bokeh.index.find_one(fig)
  if (view?.frame == null || data.x.length == 0) return null
  const i = Array.from(data.x).indexOf(Math.max(...data.x))
  const {{left, top}} = view.el.getBoundingClientRect()
  return [left + view.frame.x_scale.compute(data.x[i]),
          top + view.frame.y_scale.compute(data.y[i]), data.row[i]]
}}"""
"""Where on the screen the galaxy with most true stars is, and its subhalo."""

AT_REST = f"""(label) => {{
  const place = ({HEAVIEST})(label), before = window.placeBefore
  window.placeBefore = JSON.stringify(place)
  return place != null && before == window.placeBefore && place
}}"""
"""The same once nothing has moved between two looks: cards above it may still be growing."""

IN_VIEW = f"""([x, y, side]) => {MODELS}
  .filter(({{type, name}}) => type == "Figure" && {SLAB}.includes(name))
  .every(({{x_range, y_range}}) => x_range.end - x_range.start < side / 2
    && x_range.start <= x && x <= x_range.end && y_range.start <= y && y <= y_range.end)"""
"""Whether all maps show the surroundings of a place, and not the whole slab."""

NEAREST = f"""([x, y]) => {{
  const fig = {MODELS}.find(({{type, name}}) => type == "Figure" && name == "prediction")
  const {{data}} = fig.renderers.find(({{glyph}}) => glyph.type == "Scatter").data_source
  return Math.min(...Array.from(data.x).map((each, i) => Math.hypot(each - x, data.y[i] - y)))
}}"""
"""How far from a place the nearest galaxy on the painting is, [Mpc/h]."""

SCATTER = "true stellar mass + 10⁷ [M⊙/h]"


@pytest.fixture
def galaxies(explorer):
    """The shipped box, painted and measured."""
    page = explorer.page
    explorer.open(LINK).painted()
    to_galaxies(page, BOX)
    return explorer


def to_galaxies(page, maps):
    """Open their cards once both paintings are there."""
    painted = f"(names) => ({POINTS})(names).other > 0"
    page.wait_for_function(painted, arg=maps, timeout=2 * SETTLE)
    page.get_by_role("tab", name="Galaxies").click()
    expect(page.get_by_text("at fixed true mass").first).to_be_visible()


def tap_heaviest(page):
    """Tap the galaxy with most true stars; its subhalo."""
    page.locator(".galaxies-0").scroll_into_view_if_needed()
    found = page.wait_for_function(AT_REST, arg=SCATTER, polling=500)
    x, y, row = found.json_value()
    page.mouse.click(x, y)
    return int(row)


def test_galaxies_are_on_the_maps_and_in_cards_with_hod_beside(galaxies):
    page = galaxies.page
    for words in ("Painted against true", "Stars by subhalo", "Stellar mass function"):
        expect(page.get_by_text(words)).to_be_visible()
    told = page.get_by_text("at fixed true mass").first
    expect(told).to_contain_text("dm2gal")
    expect(told).to_contain_text("HOD")
    expect(told).to_contain_text("are matched with a subhalo")
    galaxies.rest()
    of_scatter = page.evaluate(GALAXIES, SCATTER)
    assert len(of_scatter) == 2
    assert of_scatter[0] == of_scatter[1] > 300
    assert len(page.evaluate(GALAXIES, "subhalo mass [M⊙/h]")) == 3
    points = page.evaluate(POINTS, BOX)
    assert all(number > 0 for number in points.values()), points
    page.get_by_label("Galaxies", exact=True).uncheck()
    none = f"(names) => Object.values(({POINTS})(names)).every((many) => many == 0)"
    page.wait_for_function(none, arg=BOX)
    expect(page).to_have_url(re.compile("galaxies=no"))


def test_a_tap_on_a_galaxy_goes_to_its_subhalo(galaxies):
    page = galaxies.page
    galaxies.rest()
    shown = galaxies.shown()
    row = tap_heaviest(page)
    expect(page).to_have_url(re.compile(rf"halo={row}\b"))
    galaxies.settle(after=shown)
    expect(page.get_by_text(f"Subhalo {row} of")).to_be_visible()
    expect(page).not_to_have_url(re.compile("layer=20"))


def test_curves_hold_truth_and_both_paintings(galaxies):
    page = galaxies.page
    page.get_by_role("tab", name="Curves").click()
    for words in ("Power spectrum", "Pixel PDF", "Bispectrum by angle", "Reduced bispectrum"):
        card = page.get_by_text(words, exact=True).filter(visible=True).first
        expect(card).to_be_visible(timeout=2 * SETTLE)
    expect(page.get_by_text("HOD, seed 0").filter(visible=True)).not_to_have_count(0)


def test_slabs_show_the_galaxies_and_a_tap_goes_to_the_slab_and_place_of_one(explorer):
    page, simulation = explorer.page, engine.open_simulation("validation-z2")
    explorer.open(SLABS).painted()
    to_galaxies(page, SLAB)
    explorer.rest()
    points = page.evaluate(POINTS, SLAB)
    assert points.keys() == set(SLAB)
    assert all(number > 0 for number in points.values()), points
    told = page.get_by_text("at fixed true mass").first
    for words in ("dm2gal", "HOD", "galaxies of the whole box"):
        expect(told).to_contain_text(words)
    first, second = page.evaluate(GALAXIES, SCATTER)
    assert first == second > 300
    shown = explorer.settle()
    row = tap_heaviest(page)
    x, y, z = simulation.subhalos("dmo").position[row] % simulation.box_size
    number = int(z // 1.5)
    assert number != 1
    expect(page).to_have_url(re.compile(rf"slab={number}\b"))
    explorer.settle(after=shown)
    place = [float(x), float(y)]
    page.wait_for_function(IN_VIEW, arg=[*place, simulation.box_size])
    expect(page).to_have_url(re.compile("view="))
    assert page.evaluate(NEAREST, place) < 1e-3
    expect(page.get_by_text(f"Subhalo {row} of")).to_be_visible()
