"""A band of wavenumbers is picked on the real page, and its maps follow the others."""

import pytest

MODELS = "Array.from(Bokeh.documents[0].all_models)"
SPECTRUM = ".curves-power_spectrum .bk-Figure"
LEFT, RIGHT = 64, 12  # pixels of the frame's margins

MARKS = f"""() => {MODELS}
  .filter((model) => model.type == "BoxAnnotation" && model.visible && model.left > 1)
  .map(({{left, right}}) => [left, right])"""
"""Bands that are marked on the spectrum; those of the ratio have no left side."""

RANGES = f"""(() => Object.fromEntries({MODELS}
  .filter(({{type, name}}) => type == "Figure" && ["truth", "band-truth"].includes(name))
  .map(({{name, x_range}}) => [name, [x_range.start, x_range.end]])))()"""


@pytest.fixture
def spectrum(explorer):
    explorer.open("?simulation=hydro11-z2").painted()
    return explorer


def drag(explorer, low, high, panel=0):
    """Drag over fractions of the frame of a panel of the spectrum."""
    page = explorer.page
    figure = page.locator(SPECTRUM).nth(panel)
    figure.scroll_into_view_if_needed()
    explorer.rest()
    box = figure.bounding_box()
    y = box["y"] + 30
    x0, x1 = (box["x"] + LEFT + part * (box["width"] - LEFT - RIGHT) for part in (low, high))
    page.mouse.move(x0, y)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, y, steps=3)
    page.mouse.move(x1, y, steps=3)
    page.mouse.up()


@pytest.mark.parametrize("panel", [0, 1])
def test_a_drag_on_the_spectrum_shows_the_waves_it_went_over(spectrum, panel):
    page = spectrum.page
    assert not page.locator(".band-truth").count()
    drag(spectrum, 0.4, 0.6, panel)
    page.locator(".band-residual .bk-Figure canvas").first.wait_for()
    low, high = page.evaluate(
        f"""() => {{
          const {{x_range}} = {MODELS}.find(({{type, below}}) => type == "Figure" &&
            below?.[0]?.axis_label == "k [h/Mpc]")
          const at = (part) => x_range.start * (x_range.end / x_range.start) ** part
          return [at(0.4), at(0.6)]
        }}"""
    )
    # On both panels of P(k) and of B(k), on T(k) and on r(k).
    page.wait_for_function(f"() => ({MARKS})().length == 6")
    for mark in page.evaluate(MARKS):
        assert mark == pytest.approx([low, high], rel=0.03)
    page.get_by_text(f"Waves of {low:.1f}"[:11]).wait_for()


def test_the_maps_of_a_band_move_with_the_others_and_go_when_it_is_cleared(spectrum):
    page = spectrum.page
    drag(spectrum, 0.4, 0.6)
    waves = page.locator(".band-truth .bk-Figure")
    waves.scroll_into_view_if_needed()
    spectrum.rest()
    before = page.evaluate(RANGES)["truth"]
    waves.hover()
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"() => {RANGES}.truth[1] != {before[1]}")
    page.wait_for_function(f"() => {RANGES}.truth.join() == {RANGES}['band-truth'].join()")
    page.get_by_role("button", name="Clear", exact=True).first.click()
    waves.wait_for(state="hidden")
    page.wait_for_function(f"() => ({MARKS})().length == 0")
    drag(spectrum, 0.5, 0.7)
    waves.wait_for()
    page.locator(SPECTRUM).first.dblclick()
    waves.wait_for(state="hidden")
