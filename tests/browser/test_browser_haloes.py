"""Haloes on the real page: their legend from field to field, and a brush over them."""

SETTLE = 120_000  # milliseconds a busy machine may take to send the page
LINK = "?simulation=hydro11-z2&field=gas&emulator=ember-unet"

MODELS = "Array.from(Bokeh.documents[0].all_models)"
RINGS = f"""() => {{
  const truth = {MODELS}.find(({{type, name}}) => type == "Figure" && name == "truth")
  const rings = truth.renderers[2]
  return [rings.visible, Array.from(rings.data_source.data.width).filter((w) => w > 2).length]
}}"""
"""Whether there are rings, and how many of them stand out."""


def test_haloes_keep_their_legend_from_field_to_field_and_a_brush_is_seen_on_the_maps(explorer):
    page = explorer.page
    page.set_default_navigation_timeout(SETTLE)
    explorer.open(LINK).painted()
    page.get_by_text("Click a halo for its profile").wait_for()
    for field, legends in (("Neutral hydrogen", 1), ("Gas", 0), ("Neutral hydrogen", 1)):
        page.get_by_role("combobox", name="Field").click()
        page.get_by_role("menuitem", name=field).click()
        page.wait_for_function(
            f"(many) => {MODELS}.filter(({{type, visible, items}}) => type == 'Legend' && visible"
            " && items.some(({label}) => String(label?.value).startsWith('Padmana'))).length"
            " == many",
            arg=legends,
            timeout=SETTLE,
        )
        explorer.settle()
    assert explorer.wrong == []
    assert page.evaluate(RINGS)[0] is False
    plot = page.locator(".haloes .bk-Figure")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    page.mouse.up()
    page.wait_for_function(f"() => ({RINGS})()[0] && ({RINGS})()[1] > 0")
    page.get_by_text("haloes are lit on the maps").wait_for()
    page.get_by_role("button", name="Show on the maps").click()
    page.wait_for_timeout(300)
    shown = explorer.figure("truth").bounding_box()
    assert shown["y"] >= 0
    assert shown["y"] + shown["height"] <= 900
