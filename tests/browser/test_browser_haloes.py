"""Haloes on the real page: their legend from field to field, brushes, taps and their centres."""

import numpy as np

LINK = "?simulation=hydro11-z2&field=gas&emulator=ember-unet"

MODELS = "Array.from(Bokeh.documents[0].all_models)"
RINGS = f"""() => {{
  const truth = {MODELS}.find(({{type, name}}) => type == "Figure" && name == "truth")
  const rings = truth.renderers[2]
  return [rings.visible, Array.from(rings.data_source.data.width).filter((w) => w > 2).length]
}}"""
"""Whether there are rings, and how many of them stand out."""

CIRCLES = f"""() => {{
  const truth = {MODELS}.find(({{type, name}}) => type == "Figure" && name == "truth")
  const {{x, y, radius, number}} = truth.renderers[2].data_source.data
  const pixel = (truth.x_range.end - truth.x_range.start) / truth.inner_width
  return [...[x, y, radius, number].map((each) => Array.from(each)), pixel, truth.x_range.end]
}}"""
"""Places, radii and numbers of the rings, how wide a screen pixel is, and the map, [Mpc/h]."""

TAPPED = f"""() => {MODELS}.find((model) =>
  model.name == "maps" && model.type.endsWith("MapState")).tapped"""

CENTRE = f"""([x, y, radius]) => {{
  const truth = {MODELS}.find(({{type, name}}) => type == "Figure" && name == "truth")
  const {{data}} = truth.renderers[0].data_source
  const [image, [left], [low], [dw], [dh]] = [data.image[0], data.x, data.y, data.dw, data.dh]
  const [ny, nx] = image.shape
  const inside = Array.from(image).filter((_, i) => {{
    const [u, v] = [left + (i % nx + 0.5) * dw / nx, low + (Math.floor(i / nx) + 0.5) * dh / ny]
    return Math.hypot(u - x, v - y) < radius
  }})
  const {{high}} = truth.renderers[0].glyph.color_mapper
  return inside.filter((dex) => dex >= high).length / inside.length
}}"""
"""Share of the pixels of the truth around a place that have the brightest colour."""


def inside(box):
    """Whether a map is wholly on the screen."""
    return box["y"] >= 0 and box["y"] + box["height"] <= 900


def test_haloes_keep_their_legend_from_field_to_field_and_a_brush_is_seen_on_the_maps(explorer):
    page = explorer.page
    explorer.open(LINK).painted()
    page.get_by_text("Click a halo for its profile").wait_for()
    for field, legends in (("Neutral hydrogen", 1), ("Gas", 0), ("Neutral hydrogen", 1)):
        page.get_by_role("combobox", name="Field").click()
        page.get_by_role("option", name=field).click()
        page.wait_for_function(
            f"(many) => {MODELS}.filter(({{type, visible, items}}) => type == 'Legend' && visible"
            " && items.some(({label}) => String(label?.value).startsWith('Padmana'))).length"
            " == many",
            arg=legends,
        )
        explorer.settle()
    assert explorer.wrong == []
    assert page.evaluate(RINGS)[0] is False
    plot = page.locator(".haloes .bk-Figure")
    plot.scroll_into_view_if_needed()
    explorer.rest()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    page.mouse.up()
    page.wait_for_function(f"() => ({RINGS})()[0] && ({RINGS})()[1] > 0")
    page.get_by_text("haloes are lit on the maps").wait_for()
    page.get_by_role("button", name="Show on the maps").click()
    explorer.until(lambda: inside(explorer.figure("truth").bounding_box()))


def test_a_tap_inside_a_large_ring_is_not_taken_by_a_small_one_nearby(explorer):
    page = explorer.page
    explorer.open(LINK + "&rings=yes").painted()
    page.wait_for_function(f"() => ({RINGS})()[0]")
    explorer.rest()
    *columns, pixel, side = page.evaluate(CIRCLES)
    x, y, radius, number = map(np.array, columns)
    large, place = next(
        (i, (u, v))
        for i in np.argsort(-radius)
        for j in np.argsort(radius)
        for u, v in [(x[j] - radius[j] - 3 * pixel, y[j])]
        if 0 < u < side and 0 < v < side
        if (inside := np.hypot(x - u, y - v) < radius - pixel)[i]
        and inside.sum() == 1
        and (np.hypot(x - u, y - v) < radius).sum() == 1
    )
    box = explorer.figure("truth").bounding_box()
    page.mouse.click(
        box["x"] + place[0] / side * box["width"], box["y"] + (1 - place[1] / side) * box["height"]
    )
    page.wait_for_function(f"() => ({TAPPED})() >= 0")
    assert page.evaluate(TAPPED) == number[large]


def test_centres_of_haloes_keep_their_structure_under_the_default_limits(explorer):
    page = explorer.page
    explorer.open(LINK.replace("field=gas", "field=hi")).painted()
    x, y, radius, *_ = page.evaluate(CIRCLES)
    heaviest = np.argsort(radius)[::-1][:12]
    white = [page.evaluate(CENTRE, [x[i], y[i], 0.3 * radius[i]]) for i in heaviest]
    assert np.median(white) < 0.3
