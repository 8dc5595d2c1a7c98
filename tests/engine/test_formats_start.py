"""Files of initial conditions, and lists of subhaloes, are read or refused in a sentence."""

import h5py
import numpy as np
import pytest

from engine.formats.rockstar import read_rockstar
from engine.formats.start import read_start

HEADER = {"BoxSize": 6000.0, "Redshift": 49.0, "Omega0": 0.3}
N = 6


def write(path, header=HEADER, **blocks):
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(header)
        for name, values in blocks.items():
            file[name] = values
    return path


class TestStart:
    def test_overdensity_is_turned_from_x_y_z_to_z_y_x(self, tmp_path):
        values = np.random.default_rng(0).standard_normal((N, N, N))
        header = HEADER | {"LatticeOffset": np.array([0.0, 500.0, 0.0])}
        found = read_start(write(tmp_path / "ics.hdf5", header, LinearDensity=values))
        assert np.array_equal(found.overdensity, values.transpose(2, 1, 0))
        assert (found.at, found.lattice) == ((0, 0, 0), (0, 0.5, 0))
        assert (found.redshift, found.box_size, found.Omega_m) == (49, 6000, 0.3)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_displacements_compress_along_their_own_axis(self, tmp_path, axis):
        wave = np.sin(2 * np.pi * np.arange(N) / N)
        shape = [1, 1, 1]
        shape[axis] = N
        values = np.zeros((N, N, N, 3))
        values[..., axis] = 10 * wave.reshape(shape)
        found = read_start(write(tmp_path / "ics.hdf5", Displacement=values)).overdensity
        expected = -10 * 2 * np.pi / 6000 * np.cos(2 * np.pi * np.arange(N) / N)
        across = tuple(i for i in range(3) if i != 2 - axis)
        assert found.mean(across) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize(
        ("header", "blocks", "words"),
        [
            ({"BoxSize": 6.0}, {}, "has no BoxSize, Redshift, Omega0 in its Header"),
            (HEADER, {}, "holds neither Displacement nor LinearDensity"),
            (HEADER, {"LinearDensity": np.ones((4, 4, 5))}, r"shape \(4, 4, 5\), expected \(n, n"),
            (HEADER, {"Displacement": np.ones((4, 4, 4))}, r"expected \(n, n, n, 3\)"),
            (HEADER, {"LinearDensity": np.full((4, 4, 4), np.nan)}, "not finite, expected none"),
            (HEADER | {"BoxSize": 0.0}, {"LinearDensity": np.ones((4, 4, 4))}, "BoxSize of 0"),
        ],
    )
    def test_what_is_none_is_refused(self, tmp_path, header, blocks, words):
        with pytest.raises(ValueError, match=words) as error:
            read_start(write(tmp_path / "ics.hdf5", header, **blocks))
        assert "\n" not in str(error.value)


HEADING = "#ID DescID Mvir Vmax Vrms Rvir Rs Np X Y Z left out PID\n"
COMMENTS = "#a = 0.500000\n#Box size: 6.000000 Mpc/h\n"
ROWS = [
    "30 -1 1e10 40 1 30 1 9 5.9 6.0 3.0 10",  # a subhalo may stand before its host
    "10 -1 1e12 150 1 200 1 900 0.1 2.0 3.0 -1",
    "20 -1 1e11 90 1 80 1 90 4.0 4.0 4.0 -1",
]


class TestRockstar:
    def read(self, tmp_path, text, box_size=6.0, redshift=1.0):
        path = tmp_path / "parents.list"
        path.write_text(text)
        return read_rockstar(path, "dmo", box_size, redshift)

    def test_hosts_are_rows_whatever_the_order(self, tmp_path):
        found = self.read(tmp_path, HEADING + COMMENTS + "\n".join(ROWS) + "\n")
        assert found.host.tolist() == [1, -1, -1]
        assert found.mvir.tolist() == pytest.approx([1e10, 1e12, 1e11])
        assert found.rvir.tolist() == [30, 200, 80]
        assert found.vmax.tolist() == [40, 150, 90]
        assert found.position[0] == pytest.approx([5.9, 0, 3])
        assert found.run == "dmo"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "has no heading, expected Rockstar's list"),
            (HEADING.replace(" PID", "") + COMMENTS + ROWS[1], "no column PID, .* find_parents"),
            (HEADING + COMMENTS, "can't be read"),
            (HEADING + COMMENTS + ROWS[1] + "\n10 -1 1e12", "can't be read"),
            (HEADING + COMMENTS + ROWS[1].replace("1e12", "massive"), "can't be read"),
            (HEADING + COMMENTS + ROWS[1].replace("1e12", "nan"), "not finite"),
            (HEADING + COMMENTS + ROWS[0], "1 parents are not in the list"),
            (HEADING + "#a = 0.5\n" + ROWS[1], "of a box of unknown size Mpc/h, expected 6"),
            (HEADING + COMMENTS.replace("6.0", "7.0") + ROWS[1], "box of 7.0 Mpc/h, expected 6"),
            (HEADING + COMMENTS.replace("0.5", "0.9") + ROWS[1], "scale factor 0.9, expected 0.5"),
        ],
    )
    def test_what_is_none_is_refused(self, tmp_path, text, words):
        with pytest.raises(ValueError, match=words) as error:
            self.read(tmp_path, text)
        assert "\n" not in str(error.value)

    def test_a_file_of_bytes_is_refused(self, tmp_path):
        path = tmp_path / "parents.list"
        path.write_bytes(b"\x89HDF\xff\xfe")
        with pytest.raises(ValueError, match="has no heading"):
            read_rockstar(path, "dmo", 6.0, 1.0)
