"""dm2gal: the stars of every subhalo, by what lies around it (Kasmanoff et al. 2020)."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.catalogue_grids import SUBHALOS, GalaxyGrid, SubhaloGrid, density, in_cells
from engine.checks import place
from engine.galaxies import ADDED, Galaxies
from engine.halos import Subhalos
from engine.mesh import Mesh, dark_matter_of_hydro
from engine.networks.dm2gal.network import Dm2Gal, Dm2GalConfig
from engine.networks.dm2gal.ways import WAYS
from engine.noise import Realisation
from engine.systems.card import DARK_MATTER, ModelCard
from engine.systems.checks import check_inputs, check_region
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register
from engine.systems.super_resolution import around

TILE = 64
"""Side of what is seen at a time, [cells]: some 0.2 GB with the first layers' features."""

SHARE_SLOPE = 2.0
"""By which power of their masses the subhaloes of one cell share its stars: what stellar mass
follows at these masses."""

HEAVIEST = 20
"""Haloes whose surroundings say whether a list belongs to the dark matter."""

DENSE = 5.0
"""Least median density there, over the mean: of the shipped boxes several hundred, of places that
have nothing to do with the dark matter below one."""


RELATION = ("relation.mass", "relation.stars")
"""Names of the median relation among the weights: log10 of the subhaloes' mass in Msun/h, and of
their stars with `engine.galaxies.ADDED`."""


@register("dm2gal")
class Dm2GalEmulator(Emulator):
    """Stars at every subhalo of a dark-matter-only run, from a cube of cells around it.

    The network says the stars of a cell from what surrounds it, and where a cell has several
    subhaloes they share them; or it says by how much the stars of a cell's subhaloes differ from
    the median of their mass, as the card's architecture tells. Each mass is then spread over the
    cells nearest to its subhalo.

    References
    ----------
    Kasmanoff et al. 2020, NeurIPS workshop on Machine Learning and the Physical Sciences.
    """

    title = "dm2gal"
    paper = "Kasmanoff et al. 2020, arXiv 2012.00186"
    baseline = "hod"

    way = "hybrid"
    """How the network is run, see `engine.networks.dm2gal.ways`."""

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Build the network, and take the relation that it corrects."""
        self.network = network_of(self.card, weights).to(self.device).eval()
        self.relation = relation_of(self.card, weights)

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a box, or a region of it. See `Emulator.predict_many`."""
        meshes = self.named(inputs)
        self.values(parameters)
        warnings = checked_inputs(meshes, self.card, region)
        halos = subhalos_of(meshes[SUBHALOS])
        check_together(meshes[DARK_MATTER], meshes[SUBHALOS], halos)
        seen = near(halos, meshes[SUBHALOS], region) & (halos.mvir >= least_mass(self.card))
        stars = self._stars(meshes, halos, seen)
        box = painted(meshes[DARK_MATTER], halos, seen, stars, self.card, warnings)
        return [box if region is None else box.cut(region)] * len(realisations)

    def _stars(
        self, meshes: Mapping[str, Mesh], halos: Subhalos, seen: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Stellar mass of those subhaloes that are seen, (n,), [Msun/h]."""
        grid = meshes[SUBHALOS]
        place = in_cells(halos.position[seen], len(grid.values), grid.box_size)
        cells, number = np.unique(place.astype(int)[:, ::-1], axis=0, return_inverse=True)
        scaled = np.empty(len(cells))
        eaten = scaled_inputs(meshes, self.card)
        tiles = np.unique(cells // TILE, axis=0)
        for done, tile in enumerate(tiles):
            if self.progress is not None:
                self.progress(done, len(tiles))
            here = (cells // TILE == tile).all(1)
            scaled[here] = self._say(eaten, cells[here], tile * TILE)
        mass, cell = halos.mvir[seen].astype(np.float64), number.ravel()
        if self.relation is not None:
            spread = float(self.card.architecture["residual_spread"])
            said = np.interp(np.log10(mass), *self.relation) + spread * scaled[cell]
            return np.maximum(10**said - ADDED, 0.0)
        stars = self.card.output.normalization.inverse(scaled) * self.card.output.cell_size**3
        weight = mass**SHARE_SLOPE
        shared: NDArray[np.float64] = stars[cell] * weight
        return shared / np.bincount(cell, weight, len(cells))[cell]

    def _say(
        self, eaten: Sequence[NDArray[np.float32]], cells: NDArray[np.int64], corner: Any
    ) -> NDArray[np.float64]:
        """Scaled stars of cells of one tile, (n,)."""
        spans = list(zip(corner, cells.max(0) + 1, strict=True))
        margin = self.network.config.margin
        block = np.stack([around(values, spans, margin) for values in eaten])
        with torch.inference_mode():
            given = torch.from_numpy(block).to(self.device)
            at = torch.from_numpy(cells - corner).to(self.device)
            said = WAYS[self.way](self.network, given, at)
        return said.cpu().double().numpy()


def scaled_inputs(meshes: Mapping[str, Mesh], card: ModelCard) -> list[NDArray[np.float32]]:
    """What the network sees of a box: dark matter, then subhaloes, (nz, ny, nx) each.

    One that was trained on subhaloes alone sees nothing of the dark matter.
    """
    scaling = {each.name: each.normalization for each in card.inputs}
    found = [
        np.asarray(scaling[name].forward(dark_matter_of_hydro(meshes[name])), np.float32)
        for name in (DARK_MATTER, SUBHALOS)
    ]
    if card.architecture.get("inputs") == SUBHALOS:
        found[0] = np.zeros_like(found[0])
    return found


def checked_inputs(
    meshes: Mapping[str, Mesh], card: ModelCard, region: Region | None
) -> tuple[str, ...]:
    """Refuse what can't be painted on; say how it differs from what was trained on.

    Raises
    ------
    ValueError
        In one sentence.
    """
    warnings = check_inputs(meshes, card)
    for mesh in meshes.values():
        if not mesh.periodic:
            raise ValueError(
                f"{place(mesh)} is a piece of a box, expected the whole periodic box: choose a "
                "region of the painting instead."
            )
    if region is not None:
        check_region(region, meshes[SUBHALOS])
    return warnings


def subhalos_of(mesh: Mesh) -> Subhalos:
    """The catalogue that a grid of subhaloes was made of.

    Raises
    ------
    ValueError
        In one sentence, if it doesn't know.
    """
    if not isinstance(mesh, SubhaloGrid):
        raise ValueError(
            f"{place(mesh)} has forgotten where its subhaloes are, expected a grid that "
            "engine.catalogue_grids.subhalo_grid makes of a simulation's list."
        )
    return mesh.subhalos


def check_together(dark_matter: Mesh, grid: Mesh, halos: Subhalos) -> None:
    """Refuse dark matter and subhaloes that are not of one box.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if dark_matter.shape != grid.shape or not np.isclose(dark_matter.box_size, grid.box_size):
        raise ValueError(
            f"{place(grid)} has {grid.shape} cells of a box of {grid.box_size:g} Mpc/h and the "
            f"dark matter {dark_matter.shape} of {dark_matter.box_size:g}, expected the same: take "
            "both of one simulation."
        )
    heaviest = np.argsort(-halos.mvir)[:HEAVIEST]
    if not len(heaviest):
        raise ValueError(
            f"{place(grid)} holds no subhalo, expected some: run Rockstar, AHF or Subfind on the "
            "dark-matter-only run and project its snapshot with --subhalos dmo=LIST."
        )
    x, y, z = in_cells(halos.position[heaviest], len(grid.values), grid.box_size).astype(int).T
    mean = dark_matter.values.mean(dtype=np.float64)
    found = float(np.median(dark_matter.values[z, y, x]) / mean)
    if found < DENSE:
        raise ValueError(
            f"The subhaloes of {grid.simulation or 'the list'} are of another universe than the "
            f"dark matter: about the heaviest of them its density is {found:.2g} of the mean, "
            f"expected more than {DENSE:g}; take the list of the same run."
        )


def near(halos: Subhalos, mesh: Mesh, region: Region | None) -> NDArray[np.bool_]:
    """Which subhaloes have a part in the cells of a region, (n,)."""
    if region is None:
        return np.ones(len(halos), bool)
    place_of = in_cells(halos.position, len(mesh.values), mesh.box_size)
    found = np.ones(len(halos), bool)
    for axis, (low, high) in zip(
        (2, 1, 0), zip(region[::2], region[1::2], strict=True), strict=True
    ):
        # The cells of the stars begin half a cell before their place, and of those that share
        # a cell none may be left out.
        begin = np.floor(place_of[:, axis]) - (low - 1)
        found &= np.mod(begin, mesh.shape[2 - axis]) < high - low + 2
    return found


def least_mass(card: ModelCard) -> float:
    """Mass from which subhaloes have stars, [Msun/h]."""
    return float(card.architecture["least_mass"])


def painted(
    like: Mesh,
    halos: Subhalos,
    seen: NDArray[np.bool_],
    stars: NDArray[np.float64],
    card: ModelCard,
    warnings: tuple[str, ...],
    seed: int | None = None,
) -> GalaxyGrid:
    """Put stars where their subhaloes are.

    Parameters
    ----------
    like : Mesh
        A grid of the same box.
    seen : array of bool, (n,)
        Which subhaloes the stars are of.
    stars : array, (m,)
        [Msun/h].
    """
    galaxies = Galaxies(
        halos.position[seen],
        np.asarray(stars, np.float32),
        np.flatnonzero(seen),
        run="dmo",
        definition=card.title,
    )
    common = {
        entry.name: getattr(like, entry.name)
        for entry in fields(Mesh)
        if entry.kw_only and entry.name not in ("emulator", "seed", "warnings")
    }
    return GalaxyGrid(
        density(galaxies.position, galaxies.stars, len(like.values), like.box_size),
        card.field,
        galaxies=galaxies,
        emulator=card.system,
        seed=seed,
        warnings=warnings,
        **common,
    )


def relation_of(
    card: ModelCard, weights: Mapping[str, NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """The median relation that the network says residuals of; None if it says the stars.

    Raises
    ------
    ValueError
        In one sentence, if the weights lack it.
    """
    if "residual_spread" not in card.architecture:
        return None
    mass, stars = (np.ravel(weights.get(name, ())) for name in RELATION)
    if len(mass) < 2 or mass.shape != stars.shape or (np.diff(mass) <= 0).any():
        raise ValueError(
            "The weights of dm2gal hold no relation of rising subhalo masses with the stars of "
            "each; take the file that belongs to the card."
        )
    return mass, stars


def network_of(card: ModelCard, weights: Mapping[str, NDArray[np.float32]]) -> Dm2Gal:
    """Make the network of a card and fill it with weights.

    Raises
    ------
    ValueError
        In one sentence, if they don't fit.
    """
    names = ("layers", "channels", "hidden")
    network = Dm2GalConfig(**{name: card.architecture[name] for name in names}).build()
    state = network.state_dict()
    for name, tensor in state.items():
        found = weights.get(name)
        if name.endswith("num_batches_tracked"):
            continue
        if found is None or tuple(found.shape) != tuple(tensor.shape):
            raise ValueError(
                f"The weights of dm2gal lack {name} with {tuple(tensor.shape)} numbers; take the "
                "file that belongs to the card."
            )
        state[name] = torch.as_tensor(np.asarray(found))
    network.load_state_dict(state)
    return network
