"""A slider with two handles for a range of the selection."""

from typing import Any

import panel_material_ui as pmui
import param

STEPS = 100
"""From one end to the other."""


def range_control(selection: Any, name: str) -> pmui.RangeSlider:
    """Make a slider for a range; it is there while the range has ends.

    The selection is set when a handle is let go: what it stands for is summed up anew.

    Parameters
    ----------
    selection : Parameterized
        Whose parameter it sets.
    name : str
        Of the parameter.
    """
    about = selection.param[name]
    slider = pmui.RangeSlider(
        label=about.label,
        size="small",
        format="0.00",
        sizing_mode="stretch_width",
        margin=(5, 8),
        **shown(about.bounds, getattr(selection, name)),
    )

    def select(event: param.parameterized.Event) -> None:
        if slider.visible:
            low, high = (round(float(end), 4) for end in event.new)
            selection.param.update(**{name: (low, high)})

    def follow(*_: param.parameterized.Event) -> None:
        slider.param.update(**shown(about.bounds, getattr(selection, name)))

    slider.param.watch(select, "value_throttled")
    selection.param.watch(follow, name)
    selection.param.watch(follow, name, what="bounds")
    return slider


def shown(bounds: tuple[float, float] | None, value: Any) -> dict[str, Any]:
    """Ends, handles and step of a slider."""
    if bounds is None:
        return {"visible": False}
    start, end = bounds
    step = (end - start) / STEPS
    value = value or bounds
    return {"start": start, "end": end, "value": value, "step": step, "visible": True}
