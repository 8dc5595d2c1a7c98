"""Whether the truth looks like one more sample of the ensemble on show."""

from collections.abc import Awaitable, Callable, Sequence
from html import escape
from math import ceil
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from engine.calibration import CLASSES, Calibration
from engine.leaning import Leaning
from engine.likeness import CLASSES as PATCHES
from engine.likeness import Likeness
from engine.odd_one import KINDS, OddOnes
from engine.peaks import CLASSES as PEAKS
from engine.spread_by_scale import SIZES, SpreadByScale
from explorer.ensemble import HALO_GROUPS, Ranked
from explorer.plots.power_ranks import LEVELS, PowerRanks
from explorer.plots.rank_histogram import COLOURS, DASHES, RankHistogram
from explorer.store import Store
from explorer.style import CARD, CARDS, FREE, GREY
from explorer.views import legend
from explorer.views.text import html

HALO_BARS = 5
"""A slab has a hundred haloes, and ten whose mass can be trusted."""

STROKES = {
    "solid": "",
    "dashed": "6 4",
    "dotted": "2 4",
    "dotdash": "2 4 6 4",
    "dashdot": "6 4 2 4",
}

TABLE = f"""
.coverage {{ display: flex; flex-wrap: wrap; gap: 0 40px; }}
table {{ border-collapse: collapse; flex: 3 1 280px; margin: 8px 0; }}
th {{ font-weight: 400; color: {GREY}; }}
th, td {{ text-align: right; padding: 3px 0 3px 10px; vertical-align: bottom; }}
th:first-child, td:first-child {{ text-align: left; padding-left: 0; }}
td {{ font-variant-numeric: tabular-nums; white-space: nowrap; }}
p {{ color: {GREY}; line-height: 1.4; margin: 10px 0; flex: 2 1 260px; }}
"""

WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}

ROW = """
@media (min-width: 1300px) and (max-width: 1660px) { :host { grid-column: 1 / -1; } }
"""
"""Where three columns have room, cards of numbers go across them all, their words beside them."""

CURVES = {"bispectrum": "B(k)", "cddf": "Column densities"}
"""What is ranked beside P(k), in words."""

TEXTURE_HEADING = legend.title("Texture", "of samples, whole maps")

TEXTURE = (
    "Patches of 8 × 8 pixels: how far those of the first sample lie from the truth’s, 0 where "
    "alike, and how far half of the truth’s from the other half. Diagonals: power along one over "
    "that along the other, the mean of all samples; ± is how far from it the truth may lie by "
    "chance. Of the difference of two samples it should be about 1. Detail below 7 × 10⁻⁴ dex, "
    "the rounding of the maps, doesn’t count."
)

SCALES_HEADING = legend.title("Spread / error by scale", "of whole maps")

SCALES = (
    "Of detail of 1, 2, 4 … pixels of the maps, and of all that is larger, by dark matter painted "
    "on in units of the mean: 1 where calibrated, less where samples are too alike at that scale, "
    "more where they differ too much. What is large and wrong in one box is a single chance."
)

ODD_HEADING = legend.title("The odd one of four", "in squares of whole maps")

ODD = (
    "How often the truth is the one that is unlike the other three, among itself and three "
    "samples, in squares of 48 pixels, each looked at with every three samples: 25 % if it might "
    "be one of them, more where samples agree with each other and not with it, less where they "
    "differ too much. Of fine detail a few per cent of its strength decide: sizes don’t compare. "
    "Voids have dark matter up to 3 times the mean, filaments up to 10, but for their densest "
    "fiftieth."
)

FEW_SAMPLES = "Takes three samples, of maps of 48 pixels a side or more."

DENSITIES = ("< 1", "1–2", "2–5", "5–20", "> 20")
"""Of dark matter, short for `engine.calibration.CLASSES`."""

HINT = (
    "Paint an ensemble to see how the truth ranks among its samples, and how often their "
    "intervals hold it."
)


class CalibrationCards(pn.viewable.Viewer):
    """Rank histograms of pixels and haloes, ranks of P(k), coverage and texture in numbers.

    Parameters
    ----------
    store : Store
        Its ensemble is judged.
    paint : callable
        Paints an ensemble; called by the button that is there while there is none.
    """

    def __init__(self, store: Store, paint: Callable[[Any], Awaitable[None]]) -> None:
        super().__init__()
        self.store = store
        self.pixels = RankHistogram(len(CLASSES))
        self.power = PowerRanks()
        self.halos = RankHistogram(len(HALO_GROUPS), HALO_BARS)
        self.table = html("", TABLE)
        self.heading = html()
        self.texture = html("", TABLE)
        self.scales = html("", TABLE)
        self.odd = html("", TABLE)
        self.halos_card = framed(halos_heading(), self.halos, "halos")
        cards = (
            framed(pixels_heading(), self.pixels, "pixels"),
            framed(POWER_HEADING, self.power, "power"),
            self.halos_card,
            pn.Column(self.heading, self.table, stylesheets=[FREE, CARD, ROW], **WIDE),
            pn.Column(
                html(TEXTURE_HEADING),
                self.texture,
                css_classes=["calibration-texture"],
                stylesheets=[FREE, CARD, ROW],
                **WIDE,
            ),
            pn.Column(
                html(SCALES_HEADING),
                self.scales,
                css_classes=["calibration-scales"],
                stylesheets=[FREE, CARD, ROW],
                **WIDE,
            ),
            pn.Column(
                html(ODD_HEADING),
                self.odd,
                css_classes=["calibration-odd"],
                stylesheets=[FREE, CARD, ROW],
                **WIDE,
            ),
        )
        grid = pn.Column(*cards, stylesheets=[FREE, CARDS], **WIDE)
        self.cards = pn.Column(grid, stylesheets=[FREE], **WIDE)  # a grid insists on being shown
        self.words = html()
        self.button = pmui.Button(
            label="Paint ensemble", variant="outlined", size="small", margin=(10, 0, 6, 0)
        )
        self.button.on_click(paint)
        self.message = pn.Column(self.words, self.button, stylesheets=[FREE, CARD], **WIDE)
        store.param.watch(
            lambda _: pn.state.execute(self._show_ranks, schedule=True), ["results", "ensemble"]
        )
        self._show_ranks()

    def _show_ranks(self) -> None:
        ranked = ranks_of(self.store)
        missing = "" if ranked else why_not(self.store)
        self.words.object = escape(missing)
        self.button.visible = missing == HINT
        self.message.visible = bool(missing)
        self.cards.visible = ranked is not None
        if ranked is None:
            return
        self.pixels.show(ranked.pixels)
        self.power.show(ranked.power, ranked.wavenumber)
        self.halos.show(ranked.halos)
        self.halos_card.visible = ranked.halos is not None
        samples = ranked.pixels.samples
        self.heading.object = legend.title("Coverage", f"{samples} samples")
        numbers = table(rows(ranked)) + remarks(samples)
        self.table.object = f'<div class="coverage">{numbers}</div>'
        looks = texture_table(ranked.likeness, ranked.leaning)
        self.texture.object = f'<div class="coverage">{looks}<p>{TEXTURE}</p></div>'
        spreads = scales_table(ranked.scales)
        self.scales.object = f'<div class="coverage">{spreads}<p>{SCALES}</p></div>'
        odd = odd_table(ranked.odd) if ranked.odd.squares.any() else f"<p>{FEW_SAMPLES}</p>"
        self.odd.object = f'<div class="coverage">{odd}<p>{ODD}</p></div>'

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            self.message,
            self.cards,
            css_classes=["calibration"],
            stylesheets=[FREE],
            **WIDE,
        )


def framed(heading: str, panels: RankHistogram | PowerRanks, name: str) -> pn.Column:
    """Put a figure under its heading."""
    return pn.Column(
        html(heading, min_height=42),
        *(
            pn.pane.Bokeh(each, height=each.height, sizing_mode="stretch_width", margin=0)
            for each in panels.figures
        ),
        css_classes=[f"calibration-{name}"],
        stylesheets=[FREE, CARD],
        **WIDE,
    )


def ranks_of(store: Store) -> Ranked | None:
    """Take the ranks of the ensemble, if it is of what is on show."""
    results, ensemble = store.results, store.ensemble
    if results is None or ensemble is None or not ensemble.is_of(results.request):
        return None
    return ensemble.ranked


def why_not(store: Store) -> str:
    """Say in one sentence why nothing is ranked."""
    results, card = store.results, store.card
    if results is None:
        return "Nothing is on show yet."
    if results.truth is None:
        return f"{in_line(results.no_truth)}, so there is no truth to rank among samples."
    if card is None:
        return f"{in_line(results.no_prediction)}, so there are no samples."
    if not card.stochastic:
        return (
            f"{card.title} paints every slab in one way only, so it has no spread to judge; pick "
            "an emulator with many samples."
        )
    return HINT


def in_line(words: str) -> str:
    """Join the lines of a note that stands on a map."""
    return words.replace("\n", " ")


Row = tuple[str, Calibration, int]
"""What was ranked, how, and its group."""


def rows(ranked: Ranked) -> list[Row]:
    """List what was ranked, as far as there is some of it."""
    found: list[Row] = [("All pixels", ranked.pixels.together, 0)]
    found += [(name, ranked.pixels, group) for group, name in enumerate(CLASSES)]
    found.append(("P(k)", ranked.power.together, 0))
    found += [(CURVES[name], each.together, 0) for name, each in ranked.curves.items()]
    if ranked.halos is not None:
        found += [(name, ranked.halos, group) for group, name in enumerate(HALO_GROUPS)]
    if ranked.peaks is not None:
        found += [(f"input’s {name}", ranked.peaks, group) for group, name in enumerate(PEAKS)]
    return [row for row in found if row[1].count[row[2]]]


def table(of: Sequence[Row]) -> str:
    """Write number, coverage and spread over error of each row."""
    levels = LEVELS[::-1]
    heads = ["", "number", *(percent(level) for level in levels), "spread / error"]
    lines = [f"<tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"]
    for name, ranked, group in of:
        shares = [percent(ranked.coverage(level)[group]) for level in levels]
        ratio = f"{ranked.spread_error[group]:.2f}"
        cells = [escape(name), f"{ranked.count[group]:,}".replace(",", " "), *shares, ratio]
        lines.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def texture_table(found: Likeness, leaning: Leaning) -> str:
    """Write how a sample looks, beside what the truth has."""
    names = zip(PATCHES, found.patches, found.patches_of_truth, strict=True)
    lines = [(f"Patches, {name}", here, true) for name, here, true in names]
    rows = [(name, number(here), number(aim)) for name, here, aim in lines if np.isfinite(here)]
    true, painted, difference = leaning.ratios
    if np.isfinite(painted):
        chance = f" ± {number(painted * leaning.spread)}" if np.isfinite(leaning.spread) else ""
        rows.append(("Diagonals", number(painted) + chance, number(true)))
        rows.append(("Diagonals, differences", number(difference), number(1.0)))
    true_empty, empty = (percent(share) for share in found.empty)
    rows.append(("Empty pixels", empty, true_empty))
    head = "<tr><th></th><th>painted</th><th>truth</th></tr>"
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def scales_table(found: SpreadByScale) -> str:
    """Write spread over error of each scale, where there are pixels."""
    there = found.count[0] > 0
    heads = [name for name, some in zip(DENSITIES, there, strict=True) if some]
    lines = [f"<tr><th></th>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"]
    for size, ratios in zip(SIZES, found.spread_error, strict=True):
        cells = "".join(f"<td>{number(ratio)}</td>" for ratio in ratios[there])
        lines.append(f"<tr><td>{size}</td>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def odd_table(found: OddOnes) -> str:
    """Write how often the truth is the odd one, by size and kind, where there are squares."""
    there = found.squares > 0
    heads = [name for name, some in zip(KINDS, there, strict=True) if some]
    lines = [f"<tr><th></th>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"]
    for size, shares in zip(SIZES, found.share, strict=True):
        cells = "".join(f"<td>{percent(share)}</td>" for share in shares[there])
        lines.append(f"<tr><td>{size}</td>{cells}</tr>")
    counts = "".join(f"<td>{count}</td>" for count in found.squares[there])
    return f"<table>{''.join(lines)}<tr><td>looks</td>{counts}</tr></table>"


def number(value: float) -> str:
    """Write a number with two decimals, a dash if it is none; noise about zero is zero."""
    if not np.isfinite(value):
        return "–"
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def percent(share: float) -> str:
    """Write a share; a dash where nothing is known of it."""
    return f"{100 * share:.0f}\u00a0%" if np.isfinite(share) else "–"


def remarks(samples: int) -> str:
    """Say how to read the table, and what it takes to fill it."""
    words = (
        "Share of truths inside the central intervals of the samples; spread over error is 1 "
        "where calibrated, less where samples are too alike. Neighbouring pixels aren't "
        "independent."
    )
    for level in LEVELS:
        fewest = ceil((1 + level) / (1 - level) - 1e-9)
        if samples < fewest:
            words += f" {percent(level)} takes {fewest} samples."
    return f"<p>{words}</p>"


def key(names: Sequence[str]) -> str:
    """Legend of the groups of a rank histogram."""
    looks = (
        f'stroke="{colour}" stroke-width="2" stroke-dasharray="{STROKES[dash]}"'
        for colour, dash in zip(COLOURS, DASHES, strict=True)
    )
    return legend.key(
        legend.stroke(look, escape(name)) for name, look in zip(names, looks, strict=False)
    )


def pixels_heading() -> str:
    """Title and legend of the pixels' histogram."""
    return legend.title("Ranks of pixels", "by dark matter painted on") + key(CLASSES)


def halos_heading() -> str:
    """Title and legend of the haloes' histogram."""
    return legend.title("Ranks of halo masses", "within Rᵥᵢᵣ") + key(HALO_GROUPS)


POWER_HEADING = legend.title("Ranks of P(k)") + legend.key(
    ["<span>shaded: central 68 and 95 %</span>"]
)
