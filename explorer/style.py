"""Colours, colour maps and the look of the page."""

from typing import Any

import colorcet
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

PREDICTION = "#56b4e9"
"""Colour of controls, of the agreement aimed for, and of a painting that nothing is known of."""

OTHER = "#cc79a7"
"""Colour of a second painting that nothing is known of."""

EMULATORS = (
    ("#cc79a7", "#a8447c"),
    ("#56b4e9", "#0072b2"),
    ("#e2703a", "#d55e00"),
    ("#9a86e8", "#5b46b8"),
    ("#a8a636", "#77760c"),
    ("#c29067", "#8a5a2e"),
    ("#4fc4b4", "#0d7f72"),
    ("#e8889a", "#b5364f"),
    ("#78b356", "#3f7d1e"),
    ("#9fb0c6", "#52647c"),
    ("#d768dc", "#8e1f96"),
    ("#5f86d6", "#23429c"),
)
"""Colours of emulators on the page, readable on both themes, and on paper, darker. Paintings are
told apart by dashes and marks as well, so that no colour is needed."""

SAMPLES = "#e69f00"
"""Colour of the band of many samples; apart from the prediction's for every colour vision."""

PUBLISHED = "#009e73"
"""Colour of relations from the literature; thin as well."""

INK = {True: "#f2f4f7", False: "#14181d"}
"""Colour of the truth's curves: near-white on the dark theme, near-black on the light."""

GREY = "#8a94a3"
"""Of bands and notes; readable on both themes."""

LINE = "rgba(130, 142, 158, 0.26)"
"""Of borders, on both themes."""

FONT = "Roboto, Helvetica, Arial, sans-serif"
"""Ships with panel-material-ui: nothing is fetched from elsewhere."""

HIGHLIGHT = "#00e5ffb8"
"""Of pixels and rings that are lit: cyan stands out from both maps' usual colours."""

RING = "#ffffff"
"""Of a halo's ring; a dark line lies below it."""

SAFE = {
    "Ice": "linear_tritanopic_kcw_5_95_c22",
    "Blue": "kbc",
    "Amber": "linear_protanopic_deuteranopic_kyw_5_95_c49",
    "Green": "kgy",
    "Gouldian": "gouldian",
    "Grey": "gray",
    "Viridis": "viridis",
    "Cividis": "cividis",
}
"""Even steps of lightness for every colour vision; colorcet's or matplotlib's names by the
picker's."""

OTHERS = {"Fire": "fire", "Plasma": "bmy", "Inferno": "inferno"}
"""Perceptually uniform, but steps of lightness vanish for who sees no blue."""

MATPLOTLIBS = ("viridis", "cividis", "inferno")
"""Those that are matplotlib's: colorcet has others of these names, or none."""

COLOUR_MAPS = SAFE | OTHERS
"""All are dark at the low end."""

DIVERGING = list(colorcet.palette["diverging_bky_60_10_c30"])
"""Of differences: blue, black, yellow; apart for every colour vision, dark where maps agree."""


THIRDS = {True: (0.35, 0.62, 0.95), False: (0.1, 0.35, 0.6)}
"""Places on `SURROUNDINGS` of low, middle and high by theme: a fifth of the range of lightness
apart, all of them readable on the cards."""

SURROUNDINGS = "Gouldian"
"""Colour map of a halo's surroundings."""


def palette(name: str) -> list[str]:
    """List the 256 colours of a colour map, low to high."""
    known = COLOUR_MAPS[name]
    if known in MATPLOTLIBS:
        return [to_hex(colour) for colour in colormaps[known](np.arange(256))]
    return list(colorcet.palette[known])


def thirds(dark: bool) -> list[str]:
    """List the colours of low, middle and high surroundings on a theme."""
    colours = palette(SURROUNDINGS)
    return [colours[round(place * (len(colours) - 1))] for place in THIRDS[dark]]


def blend(colours: list[str], stops: int = 24) -> str:
    """Write colours as a CSS gradient from left to right."""
    picked = [colours[round(i)] for i in np.linspace(0, len(colours) - 1, stops)]
    return f"linear-gradient(to right, {', '.join(picked)})"


def _spoken(word: str) -> dict[str, Any]:
    """Give the button beside a number's box its name, which is heard and not seen."""
    unseen = {"position": "absolute", "clipPath": "inset(50%)", "fontSize": "1px"}
    return {"& .MuiIconButton-root::after": {"content": f'"{word}"', **unseen}}


def _scheme(background: str, card: str, text: str, muted: str) -> dict[str, Any]:
    return {
        "palette": {
            "primary": {"main": PREDICTION},
            "background": {"default": background, "paper": card},
            "text": {"primary": text, "secondary": muted},
            "divider": LINE,
        },
        "typography": {"fontFamily": FONT, "fontSize": 13},
        "shape": {"borderRadius": 8},
        "components": {
            "MuiPaper": {"styleOverrides": {"root": {"backgroundImage": "none"}}},
            # What a picker offers are options; panel-material-ui has them as items of a menu.
            "MuiMenuItem": {"defaultProps": {"role": "option"}},
            "MuiInputAdornment": {
                "styleOverrides": {"positionStart": _spoken("Less"), "positionEnd": _spoken("More")}
            },
            "MuiMenu": {"styleOverrides": {"paper": {"border": f"1px solid {LINE}"}}},
        },
    }


THEME = {
    "dark": _scheme("#0f1216", "#161a20", "#e6e9ee", "#98a2b0"),
    "light": _scheme("#f3f4f6", "#ffffff", "#1a1f26", "#5a6472"),
}
"""Both schemes are needed, or the toggle has nothing to toggle to."""

PAGE_CSS = ":root { --bokeh-font-size: 13px !important; }"
"""Text of plots is sized relative to this; the theme would make it the page's 16 pixels.
13 is also what Bokeh takes before it knows: text keeps its size while the page settles."""

NARROW = "@media (max-width: 600px)"
"""Screens as wide as one map."""

PAGE_SX = {
    "& .main": {"backgroundColor": "background.default"},
    "& .MuiToolbar-root": {"minHeight": "48px !important"},
    "& .header": {
        "backgroundColor": "background.paper",
        "backgroundImage": "none",
        "boxShadow": "none",
        "borderBottom": f"1px solid {LINE}",
        "color": "text.primary",
    },
    "& .header .title": {
        "color": "text.primary",
        "fontSize": "1rem",
        "fontWeight": 500,
        "letterSpacing": "0.02em",
        "whiteSpace": "nowrap",
    },
    NARROW: {
        "& .header .MuiToolbar-root": {"padding": "0 8px"},
        "& .header .MuiToolbar-root > button:first-of-type": {"margin": "0 2px 0 -6px"},
        "& .header .title": {"fontSize": "0.85rem", "letterSpacing": 0},
    },
    "& .sidebar": {"borderRight": f"1px solid {LINE}", "backgroundImage": "none"},
}


HANDLE = 8
"""Width of a colour bar's handle, [pixels]."""


ROOM = 8
"""Marks that have room below a colour bar there."""


def crowded(last: int) -> list[int]:
    """Numbers of the marks that have no room on a narrow screen; those at the ends have.

    Parameters
    ----------
    last : int
        Number of the last mark.
    """
    if last < ROOM:
        return []
    odd = set(range(1, last, 2))
    return sorted(odd if last % 2 == 0 else odd | {last - 1})


SLIDER: dict[str, Any] = {
    "& .MuiFormLabel-root": {
        "fontSize": "12px",
        "lineHeight": "18px",
        "whiteSpace": "nowrap",
        "overflow": "hidden",
        "textOverflow": "ellipsis",
    },
    "& .MuiSlider-root": {
        "height": 12,
        "padding": "6px 0",
        "width": f"calc(100% - {HANDLE}px)",
        "mx": f"{HANDLE / 2}px",
    },
    "& .MuiSlider-thumb": {
        "width": HANDLE,
        "height": 20,
        "borderRadius": "3px",
        "backgroundColor": "#ffffff",
        "border": "1px solid #3a424d",
        "boxShadow": "0 1px 3px rgba(0, 0, 0, 0.5)",
    },
    "& .MuiSlider-mark": {"display": "none"},
    "& .MuiSlider-markLabel": {"top": 20, "fontSize": "12px", "color": "text.secondary"},
    "& .MuiSlider-markLabel[data-index='0']": {"transform": "translateX(-4px)"},
    "& .MuiSlider-valueLabel": {"fontSize": "12px", "padding": "2px 6px"},
}
"""Look of a slider that is a colour bar, whatever its colours."""


def slider_sx(colours: list[str], last: int, middle: float) -> dict[str, Any]:
    """Style a slider as a colour bar: the colour map between the handles, its ends beyond.

    Parameters
    ----------
    colours : list of str
        Low to high.
    last : int
        Number of the last mark; it and the first are kept within the bar.
    middle : float
        Fraction of the bar that lies below the middle between the handles.
    """
    lowest, highest, split = colours[0], colours[-1], f"{100 * middle:.1f}%"
    return SLIDER | {
        "& .MuiSlider-rail": {
            "opacity": 1,
            "borderRadius": "2px",
            "background": f"linear-gradient(to right, {lowest} {split}, {highest} {split})",
            "boxShadow": f"0 0 0 1px {LINE}",
        },
        "& .MuiSlider-track": {"border": "none", "borderRadius": 0, "background": blend(colours)},
        f"& .MuiSlider-markLabel[data-index='{last}']": {
            "transform": "translateX(calc(4px - 100%))"
        },
        NARROW: {
            f"& .MuiSlider-markLabel[data-index='{number}']": {"display": "none"}
            for number in crowded(last)
        },
    }


FREE = ":host, .bk-panel-models-layout-Column, .bk-Figure { max-height: none !important; }"
"""Lets parts be as tall as they are: Bokeh would squeeze them into the window."""

CONTENT = """
:host { gap: 12px; padding: 12px 14px; box-sizing: border-box; }
.bk-panel-models-layout-Column { flex: none !important; }
"""
"""Of the page's main column: its parts keep their height and the page scrolls."""

CARDS = """
:host {
  display: grid !important;
  grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr));
  align-items: stretch;
  align-content: start;
  gap: 10px;
}
.bk-panel-models-layout-Column { height: auto !important; }
.scroll-button { display: none !important; }
"""
"""As many columns as have room for a legend and the ticks of 20 decades."""


LATER = ":host { min-height: 100vh; }"
"""Of parts that are filled after the first paint: what lies below them doesn't jump in sight."""

CARD = f"""
:host {{
  background: var(--panel-surface-color);
  border: 1px solid {LINE};
  border-radius: 10px;
  padding: 10px 12px 6px 12px;
  box-sizing: border-box;
  overflow: hidden;
  position: relative;
}}
"""

TEXT = f"""
:host {{ font-family: {FONT}; font-size: 13px; color: var(--panel-on-surface-color); }}
.muted, small {{ color: {GREY}; }}
.heading {{ display: flex; align-items: baseline; gap: 8px; min-height: 20px; }}
.heading {{ white-space: nowrap; justify-content: var(--caption, flex-start); }}
.heading b {{ font-weight: 500; font-size: 14px; }}
.heading .legend {{ margin-left: auto; display: flex; gap: 12px; font-size: 12px; color: {GREY}; }}
.heading b, .heading small {{ overflow: hidden; text-overflow: ellipsis; }}
.heading b {{ flex: 0 1 auto; min-width: 0; }}
.heading small {{ flex: 0 3 auto; min-width: 0; }}
.heading .mark {{ flex: none; align-self: center; width: 10px; height: 10px; border-radius: 2px; }}
.hint {{ display: var(--hint, flex) !important; overflow: hidden; flex: 0 4 auto; min-width: 0; }}
@media (min-width: 901px) and (max-width: 1300px) {{ .hint {{ display: none !important; }} }}
.key {{ display: flex; gap: 10px; font-size: 12px; color: {GREY}; white-space: nowrap; }}
.legend svg, .key svg {{ width: 22px; height: 8px; margin-right: 5px; overflow: visible; }}
.group {{
  font-size: 11px; letter-spacing: 0.09em; color: {GREY}; text-transform: uppercase;
  padding: 14px 0 4px 0;
}}
dl {{ display: grid; grid-template-columns: auto 1fr; gap: 5px 14px; margin: 8px 0 0 0; }}
dt {{ color: {GREY}; }}
dd {{ margin: 0; text-align: right; font-variant-numeric: tabular-nums; }}
dl hr {{ grid-column: 1 / -1; width: 100%; margin: 4px 0; }}
dl hr {{ border: 0; border-top: 1px solid {LINE}; }}
details {{ margin: 2px 0 6px 0; }}
summary {{ cursor: pointer; font-weight: 500; font-size: 14px; }}
details dd {{ text-align: left; overflow-wrap: anywhere; }}
.warning {{ color: #d39a2d; margin: 8px 0 0 0; line-height: 1.35; }}
"""
