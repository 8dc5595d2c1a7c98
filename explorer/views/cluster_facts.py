"""What is known of the cluster on show, and how far its paintings are off, as HTML."""

from html import escape
from typing import Any

import numpy as np

from explorer.clusters.objects import KELVIN_IN_KEV, QUANTITIES
from explorer.clusters.results import ClusterResults
from explorer.names import painting_names
from explorer.style import LINE
from explorer.views.facts import table
from explorer.words import number

TOTALS = {"hot_gas": "Gas mass", "temperature_sl": "T", "xray": "Lₓ"}
"""Total of each quantity, in a narrow column."""

LOOK = f"""
dl {{ gap: 4px 6px; font-size: 12px; }}
dd {{ white-space: nowrap; }}
.painted {{ border-top: 1px solid {LINE}; margin-top: 8px; padding-top: 6px; font-size: 12px; }}
"""


def facts_of(results: ClusterResults) -> str:
    """Write what is known of the cluster on show, as HTML."""
    place, known = results.request.number, results.table
    if known is None:
        return ""
    rows: list[Any] = []
    if known.m500[place] > 0:
        rows.append(("M₅₀₀ [M⊙/h]", number(known.m500[place])))
        rows.append(("R₅₀₀ [ckpc/h]", f"{known.radius[place]:.0f}"))
    for name, label in (
        ("luminosity", "Lₓ [erg/s]"),
        ("temperature", "T [keV]"),
        ("offset", "Offset [R₅₀₀]"),
    ):
        value = known.value(name, place)
        if np.isfinite(value):
            rows.append((label, number(10**value if name == "luminosity" else value)))
    title = f'<div class="heading"><b>Cluster {place}</b></div>'
    return title + table(rows) + painted_facts(results)


def painted_facts(results: ClusterResults) -> str:
    """Write how far the totals of this cluster's paintings are off, as HTML."""
    text = ""
    names = painting_names(results)
    for name in ("prediction", "other"):
        found: list[Any] = []
        for field in QUANTITIES:
            painted = results.every.get(name, {}).get(field, {}).get(results.request.number)
            true = results.every.get("truth", {}).get(field, {}).get(results.request.number)
            if painted is None:
                continue
            if true is not None and true.total > 0:
                off = f"{100 * (painted.total / true.total - 1):+.0f} %".replace("-", "−")
                found.append((TOTALS[field], off))
            else:
                found.append((TOTALS[field], total_of(field, painted.total)))
        if found:
            words = f"{names[name]} / truth − 1" if results.has_truth else names[name]
            text += f'<div class="painted">{escape(words)}</div>{table(found)}'
    return text


def total_of(field: str, value: float) -> str:
    """Write the total of a map."""
    if field == "temperature_sl":
        return f"{number(KELVIN_IN_KEV * value)} keV"
    return f"{number(value)} {'erg/s' if field == 'xray' else 'M⊙/h'}"
