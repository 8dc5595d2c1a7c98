"""Faults that only the real page shows."""

import re

import pytest

LINK = "?simulation=hydro11-z2&field=gas&emulator=ember-unet"

RULER = """() => {
  const models = Array.from(Bokeh.documents[0].all_models)
  const state = models.find((model) => model.type.endsWith("MapState"))
  const {x_range, below, center} = models.find((model) => model.name == "truth")
  const {range} = center.find((part) => part.type == "ScaleBar" && part.visible)
  return [range.end - range.start, state.length * (x_range.end - x_range.start), state.length]
}"""
"""Width of the map on the scale bar's ruler, what it is in the unit shown, and 1 cMpc/h in it."""


def lightness(colour):
    """Of a CSS colour, from 0 to 255, and how opaque it is."""
    parts = [float(part) for part in re.findall(r"[\d.]+", colour)]
    return sum(parts[:3]) / 3, (parts[3] if len(parts) > 3 else 1.0)


def test_a_link_in_physical_units_has_a_true_scale_bar_and_buttons_stay_readable(explorer):
    explorer.open(LINK + "&units=physical&view=3,7,2,6").painted()
    ruler, shown, length = explorer.page.evaluate(RULER)
    assert ruler == pytest.approx(shown)
    assert ruler == pytest.approx(4 * length)
    assert length < 0.6
    for name in ("Whole map", "Min–max", "Reset limits"):
        button = explorer.page.get_by_role("button", name=name, exact=True)
        button.hover()
        button.evaluate("(b) => Promise.all(b.getAnimations().map(({finished}) => finished))")
        look = button.evaluate("(b) => [getComputedStyle(b).color, "
                               "getComputedStyle(b).backgroundColor]")  # fmt: skip
        (text, _), (behind, opaque) = map(lightness, look)
        assert text > 180, "the dark theme's text"
        assert opaque < 0.3 or behind < 90, f"{name}: {look}"


def test_maps_come_once_the_network_is_back(explorer):
    explorer.open(LINK).painted()
    explorer.rest()
    shown, lost = explorer.shown(), []

    def lose(route):
        lost.append(route.request.url)
        route.abort("internetdisconnected")

    explorer.page.route("**/viewport?*", lose)
    explorer.figure("truth").hover()
    explorer.page.mouse.wheel(0, -300)
    explorer.until(lambda: len(lost) > 1)
    assert explorer.shown() in (0, shown)
    explorer.page.unroute("**/viewport?*")
    explorer.settle(after=shown)
    window = explorer.maps()["truth"]
    assert window["x"] <= window["start"]
    assert window["x"] + window["dw"] >= window["end"]
    # The browser says so itself; nothing of the page's own may be left unhandled.
    assert all("ERR_INTERNET_DISCONNECTED" in each for each in explorer.wrong), explorer.wrong
    explorer.wrong.clear()
