"""Legends in the page's style, as HTML: what each line, dot or band of a card stands for."""

from collections.abc import Iterable
from html import escape


def stroke(look: str, words: str) -> str:
    """Entry of a line, which looks as the attributes of an SVG say."""
    return shape(f'<line x1="0" y1="4" x2="22" y2="4" {look}/>', words)


def box(colour: str, alpha: float, words: str) -> str:
    """Entry of a band."""
    return shape(f'<rect y="-1" width="22" height="10" fill="{colour}" opacity="{alpha}"/>', words)


def shape(drawn: str, words: str) -> str:
    """Entry of anything drawn by an SVG."""
    return f"<span><svg>{drawn}</svg>{words}</span>"


def sign(text: str, colour: str, words: str) -> str:
    """Entry of a character in a colour."""
    return f'<span><b style="color: {colour}">{text}</b> {words}</span>'


def key(entries: Iterable[str], about: str = "") -> str:
    """Put entries in a line, which wraps where it has no room, with a tooltip."""
    wrapping = "flex-wrap: wrap; row-gap: 0"
    return f'<div class="key" style="{wrapping}" title="{escape(about)}">{"".join(entries)}</div>'


def title(words: str, legend: str = "", about: str = "", hint: str = "") -> str:
    """Title of a card, with a hint behind it, something on its right and a tooltip."""
    return (
        f'<div class="heading"><b title="{escape(about)}">{words}</b><small>{hint}</small>'
        f'<span class="legend">{legend}</span></div>'
    )
