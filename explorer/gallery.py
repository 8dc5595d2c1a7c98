"""Starting points for who looks for a paper: a link to what it is about, as far as it is here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.systems.card import ModelCard


@dataclass(frozen=True)
class Start:
    """One starting point.

    Parameters
    ----------
    system : str
        The emulator that the paper is on.
    name, words : str
        What it is called, and what the link shows.
    simulation : str
        What it is shown on.
    query : str
        The rest of the link.
    scene : str
        That it opens.
    """

    system: str
    name: str
    words: str
    simulation: str
    query: str
    scene: str = "slabs"

    @property
    def link(self) -> str:
        """From anywhere on the page."""
        scene = f"scene={self.scene}&" if self.scene != "slabs" else ""
        return f"?{scene}simulation={self.simulation}&{self.query}"


STARTS = (
    Start(
        "ember-wgan",
        "EMBER",
        "neutral hydrogen of a slab, another universe for every seed",
        "hydro11-z2",
        "axis=z&slab=3&field=hi&emulator=ember-wgan&other=ember-unet",
    ),
    Start(
        "super-resolution",
        "Super-resolution",
        "a box of 250 Mpc/h at eight times the resolution",
        "quijote-103-z0",
        "emulator=super-resolution&other=trilinear",
        "volumes",
    ),
    Start(
        "jerald",
        "JERALD",
        "stars made of the initial conditions alone",
        "validation-z2",
        "field=stars&emulator=jerald",
        "volumes",
    ),
    Start(
        "dm2gal",
        "dm2gal",
        "galaxies in the subhaloes of a run without baryons, against HOD",
        "validation-z2",
        "field=stars&emulator=dm2gal&other=hod&layer=20&depth=16&rings=yes",
        "volumes",
    ),
    Start(
        "cluster-unet",
        "Cluster painting",
        "hot gas, its temperature and X-rays around the clusters of a box",
        "groups-202-z0",
        "axis=z&emulator=cluster-unet&other=mean-profile",
        "clusters",
    ),
)


def starts(
    cards: Sequence[ModelCard], simulations: Collection[str]
) -> list[tuple[Start, ModelCard]]:
    """List the starting points whose emulator and simulation are here, with the emulator's card."""
    by_system = {card.system: card for card in cards}
    return [
        (start, by_system[start.system])
        for start in STARTS
        if start.system in by_system and start.simulation in simulations
    ]
