"""What an emulator eats at a place, what its painting is compared with, and from which runs.

The one place that knows: the page, recipes, training and reports all ask here.
"""

from collections.abc import Mapping

from engine.catalogue_grids import SUBHALOS, galaxy_grid, subhalo_grid
from engine.fields import INPUT_FIELDS, LEVELS, ORIGINS, field_named
from engine.mesh import Grid, Mesh, Slab
from engine.places import BoxPlace, ObjectPlace, Place, Run, SlabPlace, kind_of
from engine.simulation import Simulation
from engine.systems.card import Input, ModelCard, same_resolution
from engine.units import MPC_IN_KPC


def inputs(
    simulation: Simulation, card: ModelCard, place: Place, run: Run | None = None
) -> dict[str, Mesh]:
    """Gather what an emulator eats at a place.

    Parameters
    ----------
    simulation : Simulation
        Where.
    card : ModelCard
        Of the emulator.
    place : Place
        What is painted. The inputs of a region of a box are the whole box: what lies around
        the region has its part in the painting. So are those of a slab that is cut from a
        painted box.
    run : Run, optional
        Which run its dark matter is of; the first of `runs` if left out, or if it is the run of a
        slab's map, which says nothing of boxes.

    Returns
    -------
    dict of str to Mesh
        By the names of the card's inputs.

    Raises
    ------
    ValueError
        In one sentence, if the simulation lacks one of them.
    """
    check_kind(card, place)
    if is_cut(card, place):
        run = None
    around = BoxPlace() if card.output.kind == "grid" else place
    chosen = run or next(iter(runs(simulation, card, around)), Run())
    return {
        each.name: subhalo_grid(simulation, cells_of(simulation, card))
        if each.field == SUBHALOS
        else mesh_at(simulation, around, chosen if is_chosen(card, each) else own_run(each))
        for each in card.inputs
    }


def truth(simulation: Simulation, card: ModelCard, place: Place) -> Mesh | None:
    """What a painting is compared with: the same mesh of the simulation, if there is one.

    What is painted by subhalo is compared with the galaxies that are matched with them; a slab
    that is cut from a painted box with the field's map, or else with the same part of its box.
    """
    check_kind(card, place)
    if isinstance(place, SlabPlace) and is_cut(card, place):
        return _true_slab(simulation, card, place)
    if paints_by_subhalo(card):
        if not simulation.has_galaxies:
            return None
        whole = galaxy_grid(simulation, cells_of(simulation, card))
        region = place.region if isinstance(place, BoxPlace) else None
        return whole if region is None else whole.cut(region)
    run = Run(card.field)
    return mesh_at(simulation, place, run) if has(simulation, place, run) else None


def is_cut(card: ModelCard, place: Place) -> bool:
    """Whether what an emulator paints at a place is a slab cut from the box that it paints."""
    return card.output.kind == "grid" and isinstance(place, SlabPlace)


def _true_slab(simulation: Simulation, card: ModelCard, place: SlabPlace) -> Mesh | None:
    run, box = Run(card.field), BoxPlace()
    if has(simulation, place, run):
        return mesh_at(simulation, place, run)
    there = has(simulation, box, run)
    whole = mesh_at(simulation, box, run) if there else truth(simulation, card, box)
    return layer_at(simulation, whole, place) if isinstance(whole, Grid) else None


def layer_at(simulation: Simulation, box: Grid, place: SlabPlace) -> Slab:
    """Sum a box along the line of sight over the depth of one of a simulation's slabs.

    Raises
    ------
    ValueError
        In one sentence, if the simulation has no such slab.
    """
    slabs = simulation.n_slabs(place.axis)
    if place.index >= slabs:
        raise ValueError(
            f"slab is {place.index}, expected 0 to {slabs - 1} along {place.axis} of "
            f"{simulation.name}."
        )
    start = simulation.offset + place.index * simulation.depth
    return box.slab(place.axis, start, simulation.depth, place.index)


def by_kind(eaten: Mapping[str, Mesh]) -> dict[str, Mesh]:
    """Name boxes that an emulator eats: "initial" conditions, which are signed, and "input".

    The dark matter around subhaloes is "dark".
    """
    found: dict[str, Mesh] = {}
    low = "dark" if SUBHALOS in eaten else "input"
    for mesh in eaten.values():
        found.setdefault("initial" if mesh.about.signed else low, mesh)
    return {name: found[name] for name in ("initial", "dark", "input") if name in found}


def with_start(simulation: Simulation, boxes: Mapping[str, Mesh]) -> dict[str, Mesh]:
    """Add a simulation's initial conditions to boxes that are painted without, but by subhalo."""
    if {"initial", "dark"} & set(boxes) or not simulation.has_initial_conditions:
        return dict(boxes)
    return {"initial": simulation.initial_conditions(), **boxes}


def true_box(
    simulation: Simulation, field: str, initial: Mesh | None, card: ModelCard | None = None
) -> Mesh | None:
    """The simulation's own box of a field, or None without one.

    Parameters
    ----------
    field : str
        What is painted.
    card : ModelCard, optional
        Of what paints it: what is painted by subhalo is compared with galaxies.
    initial : Grid or None
        Initial conditions that are painted from: a true box of finer cells is taken on theirs.
    """
    if card is not None and paints_by_subhalo(card):
        return truth(simulation, card, BoxPlace())
    run = Run(field)
    if not has(simulation, BoxPlace(), run):
        return None
    cells = simulation.grids()[run]
    wanted = cells if initial is None else len(initial.values)
    coarser = wanted if cells > wanted and not cells % wanted else None
    box: Mesh = simulation.grid(run.field, coarser, run.level, run.origin)
    return box


def runs(simulation: Simulation, card: ModelCard, place: Place) -> list[Run]:
    """Runs whose dark matter can feed an emulator at a place, those of its own resolution first.

    An emulator without dark matter among its inputs has none, nor one that takes it of the run
    its subhaloes are of.
    """
    eaten = [each for each in card.inputs if is_chosen(card, each)]
    if not eaten:
        return []
    there = [run for run in dark_matter_runs(simulation) if has(simulation, place, run)]
    return sorted(
        there,
        key=lambda run: not same_resolution(eaten[0], run.level, separation(simulation, run)),
    )


def can_feed(simulation: Simulation, card: ModelCard, place: Place) -> bool:
    """Whether a simulation holds all that an emulator eats at a place."""
    if is_cut(card, place):
        return can_feed(simulation, card, BoxPlace()) and of_its_cells(simulation, card)
    kind = kind_of(place)
    if card.output.kind != kind or any(each.kind != kind for each in card.inputs):
        return False
    if paints_by_subhalo(card):
        return has_subhalos_for(simulation, card)
    signed = [each for each in card.inputs if field_named(each.field).signed]
    if signed and not simulation.has_initial_conditions:
        return False
    return not any(map(eats_dark_matter, card.inputs)) or bool(runs(simulation, card, place))


def of_its_cells(simulation: Simulation, card: ModelCard) -> bool:
    """Whether boxes of a simulation have cells of the size that an emulator paints."""
    sides = simulation.grids().values()
    return any(_of_cells(simulation, cells, card.output.cell_size) for cells in sides)


def paints_by_subhalo(card: ModelCard) -> bool:
    """Whether an emulator paints subhalo by subhalo, from a catalogue of them."""
    return any(each.field == SUBHALOS for each in card.inputs)


def is_chosen(card: ModelCard, eaten: Input) -> bool:
    """Whether an input may be of any run: dark matter, unless subhaloes say of which."""
    return eats_dark_matter(eaten) and not paints_by_subhalo(card)


def has_subhalos_for(simulation: Simulation, card: ModelCard) -> bool:
    """Whether a simulation can feed an emulator that paints subhalo by subhalo."""
    eaten = [each for each in card.inputs if eats_dark_matter(each)]
    return simulation.has_subhalos and all(
        _of_cells(simulation, simulation.grids().get(own_run(each), 1), each.cell_size)
        for each in eaten
    )


def cells_of(simulation: Simulation, card: ModelCard) -> int:
    """Cells a side of a box's catalogues as an emulator sees them.

    As many as of a grid of dark matter whose cells are of the emulator's size, if there is one.
    """
    size = card.output.cell_size
    grids = simulation.grids()
    there = [grids[run] for run in dark_matter_runs(simulation) if run in grids]
    fitting = [cells for cells in there if _of_cells(simulation, cells, size)]
    return fitting[0] if fitting else max(round(simulation.box_size * MPC_IN_KPC / size), 1)


CELLS_APART = 0.1
"""Relative difference of cell sizes from which on an emulator refuses a mesh."""


def _of_cells(simulation: Simulation, cells: int, size: float) -> bool:
    """Whether a grid has cells of a size, [kpc/h]."""
    return abs(simulation.box_size * MPC_IN_KPC / cells / size - 1) <= CELLS_APART


def separation(simulation: Simulation, run: Run) -> float:
    """Mean particle separation of a run that a simulation has maps of, [kpc/h]; 0 if not known."""
    where = (run.level, run.origin)
    axis = next((a for a in simulation.axes if simulation.has(run.field, a, *where)), "")
    number = simulation.particles(run.field, axis, *where) if axis else 0
    return simulation.box_size * MPC_IN_KPC / number ** (1 / 3) if number else 0.0


def dark_matter_runs(simulation: Simulation) -> list[Run]:
    """All runs that a simulation has dark matter of, dm before dmo, high resolution first."""
    keys = {key[:3] for key in simulation.available()}
    keys |= {(run.field, run.level, run.origin) for run in simulation.grids()}
    keys |= {(field, LEVELS[0], ORIGINS[0]) for field, _ in simulation.cutouts()}
    return sorted(
        (Run(*key) for key in keys if key[0] in INPUT_FIELDS),
        key=lambda run: (
            INPUT_FIELDS.index(run.field),
            LEVELS.index(run.level),
            ORIGINS.index(run.origin),
        ),
    )


def eats_dark_matter(eaten: Input) -> bool:
    """Whether an input is dark matter, which any run may give."""
    return eaten.field in INPUT_FIELDS


def own_run(eaten: Input) -> Run:
    """Which run an input is of that isn't chosen: of its own level."""
    return Run(eaten.field, eaten.level or LEVELS[0])


def check_kind(card: ModelCard, place: Place) -> None:
    """Refuse a place where there is no mesh of the kind that an emulator paints.

    A slab can be cut from a box.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if kind_of(place) != card.output.kind and not is_cut(card, place):
        raise ValueError(
            f"{card.title} paints a {card.output.kind}, and {place} is a place of a "
            f"{kind_of(place)}: choose another place or emulator."
        )


def has(simulation: Simulation, place: Place, run: Run) -> bool:
    """Whether a simulation holds a mesh of a run at a place."""
    if isinstance(place, SlabPlace):
        return simulation.has(run.field, place.axis, run.level, run.origin)
    if isinstance(place, ObjectPlace):
        return (run.field, place.axis) in simulation.cutouts() and run.level == LEVELS[0]
    if field_named(run.field).signed:
        return simulation.has_initial_conditions
    return simulation.has_grid(run.field, run.level, run.origin)


def mesh_at(simulation: Simulation, place: Place, run: Run) -> Mesh:
    """Read the mesh of a run at a place.

    Raises
    ------
    ValueError
        In one sentence, if there is none.
    """
    if isinstance(place, SlabPlace):
        return simulation.slab(run.field, place.axis, place.index, run.level, run.origin)
    if isinstance(place, ObjectPlace):
        return simulation.cutout(run.field, place.number, place.axis)
    if field_named(run.field).signed:
        box: Mesh = simulation.initial_conditions()
    else:
        box = simulation.grid(run.field, level=run.level, origin=run.origin)
    return box if place.region is None else box.cut(place.region)
