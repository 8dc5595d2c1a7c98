"""Results and looks to make files of."""

from explorer.exports import EXPORTS
from explorer.plots.paper_look import Colours, Look
from tests.explorer.slab_store import computed

LOOK = Look(Colours("Ice", 3, 5), Colours("Fire", 2, 5))


def export(shown, what):
    """Content of a file."""
    return EXPORTS[what][1](shown)


def painted(**link):
    """A store that shows a painted slab."""
    return computed(**{"simulation": "with-gas", "axis": "z", "slab": "2"} | link)
