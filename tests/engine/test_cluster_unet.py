"""The U-Net of clusters and its baselines: sizes, units, redshifts, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.mesh import Cutout
from engine.networks.cluster.unet import PRESETS, ClusterUNetConfig
from engine.normalization import Decades
from engine.systems.cluster_unet import ClusterPainter
from engine.systems.local_map import LocalMap
from engine.systems.mean_profile import MeanProfile
from engine.systems.proper import mass_in
from tests.engine.systems import cluster_unet, mean_profile
from tests.engine.systems.cutout_example import EATEN, PAINTED, cutout_card, dark_matter


@pytest.fixture
def painter():
    return ClusterPainter(cluster_unet.card(), cluster_unet.weights(), "cpu")


def test_the_papers_network_has_its_number_of_parameters():
    with torch.device("meta"):
        network = PRESETS["paper"].build()
    assert sum(p.numel() for p in network.parameters()) == 31_042_369
    statistics = [b for name, b in network.named_buffers() if "running" in name]
    assert sum(b.numel() for b in statistics) == 11_776


def test_normalisation_folded_into_convolutions_changes_nothing():
    torch.manual_seed(1)
    network = ClusterUNetConfig((4, 6, 8), outputs=3).build()
    x = torch.rand(3, 1, 16, 24)
    for _ in range(5):
        network(x)  # averages that are not those of a fresh network
    network.eval()
    expected = network(x)
    assert expected.shape == (3, 3, 16, 24)
    folded = network.folded()
    assert not any("running" in name for name in folded.state_dict())
    torch.testing.assert_close(folded(x), expected, rtol=1e-4, atol=1e-5)


def test_numbers_that_make_no_network_are_refused():
    with pytest.raises(ValueError, match="expected two levels or more"):
        ClusterUNetConfig((16,))
    with pytest.raises(ValueError, match=r"adds inputs .* expected one of 2 for each of 1 outputs"):
        ClusterUNetConfig((4, 4), inputs=2, added=(2,))


def test_a_fresh_network_paints_what_is_added():
    network = ClusterUNetConfig((4, 6), outputs=2, inputs=3, added=(2, 1)).build().eval()
    x = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(network(x), x[:, (2, 1)])


def test_an_even_map_is_painted_evenly_where_the_way_up_interpolates():
    x = torch.ones(1, 1, 64, 64)

    def uneven(upsampling):
        """How far pixels differ that no edge reaches, in units of what is painted."""
        torch.manual_seed(0)
        network = ClusterUNetConfig((8, 8), upsampling=upsampling).build().eval()
        with torch.no_grad():
            middle = network(x)[0, 0, 24:40, 24:40]
        return float(middle.std() / middle.abs().mean())

    assert uneven("bilinear") < 1e-5
    assert uneven("transposed") > 0.05
    with pytest.raises(ValueError, match="expected one of transposed, bilinear"):
        ClusterUNetConfig((4, 4), upsampling="nearest")


def test_both_ways_up_fold_into_what_they_were():
    for upsampling in ("transposed", "bilinear"):
        network = ClusterUNetConfig((4, 6, 8), upsampling=upsampling).build().eval()
        x = torch.rand(2, 1, 16, 16)
        torch.testing.assert_close(network.folded()(x), network(x), rtol=1e-4, atol=1e-5)


def test_mean_profiles_of_the_maps_mass_go_in_beside_dark_matter():
    numbers = {"widths": [3, 4], "inputs": 3, "added": [2]}
    network = ClusterUNetConfig(**numbers).build().folded()
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    powers = np.zeros((2, 3, 2))
    powers[:, 0] = 0.9, 0.2
    powers[1, 1] = 0.1
    weights |= {"profile.radius": np.array([0.1, 1.0]), "profile.powers": powers}
    card = cutout_card("cluster-unet", "hot_gas", {"network": "u", **numbers}, EATEN, PAINTED)
    painted = ClusterPainter(card, weights, "cpu").predict(dark_matter()).values
    # Fresh: the second profile alone, 10^0.5 heavier than the pivot.
    assert PAINTED.forward(painted)[7, 11] == pytest.approx(0.9 + 0.05, abs=1e-4)
    del weights["profile.radius"]
    with pytest.raises(ValueError, match="doesn't fit the network of its card"):
        ClusterPainter(card, weights, "cpu")


def test_many_maps_are_painted_as_one_by_one(painter):
    maps = [dark_matter().with_values(dark_matter().values * factor) for factor in (1, 2, 0.5)]
    together = painter.predict_objects(maps)
    for each, same in zip(painter.predict_each(maps), together, strict=True):
        np.testing.assert_array_equal(each.values, same.values)
    for mesh, painting in zip(maps, together, strict=True):
        np.testing.assert_allclose(painting.values, painter.predict(mesh).values, rtol=1e-4)
    assert [each.number for each in together] == [3, 3, 3]
    assert isinstance(together[0], Cutout)


def test_a_cluster_of_the_same_proper_density_is_painted_the_same_at_any_redshift(painter):
    now, then = dark_matter(), dark_matter(redshift=1.0)
    assert then.values.sum() == pytest.approx(now.values.sum() / 4)
    first, second = painter.predict(now), painter.predict(then)
    np.testing.assert_allclose(second.values * 4, first.values, rtol=1e-4)
    assert any("The redshift is 1" in words for words in second.warnings)
    eaten = replace(painter.card.inputs[0], redshift_to=1.0)
    painter.card = replace(painter.card, inputs=(eaten,))
    assert painter.predict(then).warnings == ()


def test_a_pixel_is_as_large_in_proper_lengths(painter):
    # As wide in comoving lengths as at z = 0, so half as wide in proper ones.
    with pytest.raises(ValueError, match=r"50 % less than the 84.67 kpc/h of the training"):
        painter.predict(replace(dark_matter(), redshift=1.0))


def test_a_run_without_baryons_is_painted_as_one_with_them(painter):
    mesh = dark_matter()
    share = mesh.cosmology.dark_matter_fraction
    bare = replace(mesh, field="dmo", values=mesh.values / np.float32(share))
    np.testing.assert_allclose(
        painter.predict(bare).values, painter.predict(mesh).values, rtol=1e-4
    )


def test_sides_that_cannot_be_halved_and_foreign_weights_are_refused(painter):
    with pytest.raises(ValueError, match=r"has 16 x 22 pixels, expected sides that are mult"):
        painter.predict(dark_matter().with_values(dark_matter().values[:, :22]))
    for wrong in ({}, {**cluster_unet.weights(), "last.bias": np.zeros(7)}):
        with pytest.raises(ValueError, match="doesn't fit the network of its card") as error:
            ClusterPainter(cluster_unet.card(), wrong, "cpu")
        assert "\n" not in str(error.value)


def test_a_mean_profile_is_round_and_goes_with_mass():
    painter = MeanProfile(mean_profile.card(), mean_profile.weights())
    mesh = dark_matter()
    assert mass_in(mesh) == pytest.approx(1e14, rel=1e-5)
    painted = painter.predict(mesh).values
    np.testing.assert_allclose(painted, painted[::-1, ::-1], rtol=1e-5)
    # Within the first ring: 2 (log M - 13.5) + 0.1 (log M - 13.5)^2 - 4.
    assert np.log10(painted[7, 11]) == pytest.approx(-4 + 2 * 0.5 + 0.1 * 0.25, abs=1e-5)
    with pytest.raises(ValueError, match="as many of constant, slope and running"):
        MeanProfile(mean_profile.card(), {"radius": np.array([1.0])})


def test_a_local_map_of_cutouts_is_one_of_proper_densities():
    card = cutout_card("local-map", "hot_gas", {"network": "table", "points": 2}, EATEN, PAINTED)
    table = {"dark_matter": np.array([0.0, 1.0]), "painted": np.array([0.0, 1.0])}
    painter = LocalMap(card, table)
    now, then = (painter.predict(dark_matter(redshift=z)) for z in (0.0, 1.0))
    np.testing.assert_allclose(then.values * 4, now.values, rtol=1e-3)
    expected = PAINTED.inverse(EATEN.forward(dark_matter().values))
    np.testing.assert_allclose(now.values, expected, rtol=1e-3)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_decades_go_there_and_back_and_nothing_stays_nothing(kind):
    scaling = Decades(2.0, 6.0)
    values = kind([0.0, 1.0, 1e2, 1e4, 1e6, 1e7])
    scaled = scaling.forward(values)
    assert np.asarray(scaled) == pytest.approx([0, 0, 0.1 / 4.1, 2.1 / 4.1, 1, 5.1 / 4.1])
    back = np.asarray(scaling.inverse(scaled))
    assert back == pytest.approx([0, 0, 1e2, 1e4, 1e6, 1e7])
    with pytest.raises(ValueError, match="expected a lowest and a higher one"):
        Decades(3.0, 3.0)
