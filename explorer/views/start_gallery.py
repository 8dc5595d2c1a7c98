"""A few links for who comes looking for a paper, folded into one line of the sidebar."""

from html import escape

import panel as pn

import engine
from explorer.gallery import starts
from explorer.style import GREY
from explorer.views.text import html

STYLE = f"""
details {{ margin: 10px 0 0 0; }}
summary {{ font-size: 13px; font-weight: 400; }}
a {{ display: block; color: inherit; text-decoration: none; padding: 5px 0 5px 12px; }}
a b {{ font-weight: 500; color: #56b4e9; }}
a:hover b, a:focus-visible b {{ text-decoration: underline; }}
a small {{ display: block; color: {GREY}; line-height: 1.35; }}
"""


class StartGallery(pn.viewable.Viewer):
    """Links to what each paper is about; nothing where none of it is here."""

    def __init__(self) -> None:
        super().__init__()
        found = starts(engine.emulators(), engine.simulations())
        links = "".join(
            f'<a href="{escape(start.link)}"><b>{escape(start.name)}</b>'
            f"<small>{escape(start.words)}</small><small>{escape(card.paper)}</small></a>"
            for start, card in found
        )
        self.pane = html(
            f"<details><summary>Start from a paper</summary>{links}</details>" if links else "",
            STYLE,
            margin=(0, 18),
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self.pane
