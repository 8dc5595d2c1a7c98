"""A new system is one file: an emulator of each kind of mesh, from its card to painting a place."""

from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.cosmology import Cosmology
from engine.formats.catalogues import write_objects
from engine.formats.cutouts import create_cutouts
from engine.formats.grids import create_grid
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.halos import Objects
from engine.inputs import mesh_at, runs
from engine.normalization import normalization
from engine.places import BoxPlace, ObjectPlace, Run, SlabPlace, kind_of
from engine.systems import registry
from engine.systems.card import Input, ModelCard, Output, read_card, write_card
from engine.systems.checks import check_input
from engine.systems.contract import Emulator
from engine.systems.weights import write_model

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
PLACES = [SlabPlace("y", 1), BoxPlace(), BoxPlace((-1, 3, 0, 4, 2, 6)), ObjectPlace(1, "x")]
CELL = 500.0
"""Of all meshes, [kpc/h]."""


class Share(Emulator):
    """All that a file of a new system holds: gas as a share of the dark matter."""

    title = "A share"
    paper = "none"

    def __init__(self, card, weights, device="auto", streams=None):
        self.card, self.device, self.share = card, "cpu", float(weights["share"][0])

    def predict_many(self, inputs, realisations, region=None, parameters=None):
        (eaten,) = self.card.inputs
        mesh = self.named(inputs)[eaten.name]
        check_input(mesh, eaten, self.card)
        mesh = mesh if region is None else mesh.cut(region)
        painted = mesh.with_values(self.share * mesh.values, field="gas", emulator="share")
        return [painted] * len(realisations)


def card_of(kind):
    scaling = normalization("dm")
    return ModelCard(
        system="share",
        title="A share",
        paper="none",
        inputs=(Input("matter", "dm", kind, CELL, 2.0, scaling),),
        output=Output("gas", kind, CELL, scaling),
        architecture={},
        cosmology=PLANCK,
        stochastic=False,
        training_data=(),
        recipe={},
        seed=0,
        hours=0.0,
        device="none",
        licence="none",
    )


@pytest.fixture(scope="module")
def simulation(tmp_path_factory):
    """A box of 4 Mpc/h with slabs, grids and two objects, each of dark matter and gas."""
    path = tmp_path_factory.mktemp("box") / "box.hdf5"
    header = SimulationHeader(
        name="box", box_size=4.0, redshift=2.0, cosmology=PLANCK, code="none", provenance="a test"
    )
    random = np.random.default_rng(0)
    layout = SlabLayout(pixels=8, n_slabs=2, box_size=4.0)
    with new_simulation_file(path, header) as file:
        write_objects(file, Objects(random.uniform(0, 4, (2, 3)), {}, {}, "clusters"))
        for field in ("dm", "gas"):
            maps = create_maps(file, layout, (field, "HR", "ds", "y"), 512, "made up")
            maps[:] = random.lognormal(size=(2, 8, 8))
            create_grid(file, Run(field), 8, 512, "made up")[:] = random.lognormal(size=(8, 8, 8))
            cutouts = create_cutouts(file, (field, "x"), (2, 6, 6), CELL, 3.0, "made up")
            cutouts[:] = random.lognormal(size=(2, 6, 6))
    return engine.open_simulation(path)


@pytest.mark.parametrize("place", PLACES, ids=repr)
def test_a_system_of_any_mesh_is_listed_loaded_and_paints(place, simulation, tmp_path, monkeypatch):
    monkeypatch.setitem(registry.CLASSES, "share", Share)
    card = card_of(kind_of(place))
    monkeypatch.setenv("BARYON_EXPLORER_DATA", str(tmp_path))
    path, _ = write_model(tmp_path / "weights", card, {"share": np.array([0.2])}, half=False)
    assert path.name == "share-gas.json"
    emulator = engine.load_emulator("share", field="gas", level="")
    painted = engine.paint(emulator, simulation, place)
    true = engine.truth(emulator, simulation, place)
    assert painted.KIND == true.KIND == kind_of(place)
    assert painted.shape == true.shape
    eaten = mesh_at(simulation, place, Run("dm"))
    np.testing.assert_allclose(painted.values, np.float32(0.2) * eaten.values, rtol=1e-6)
    assert runs(simulation, card, place)[0] == Run("dm")
    write_card(path, replace(read_card(path), title="Another"))
    assert [c.title for c in engine.emulators() if c.system == "share"] == ["Another"]
