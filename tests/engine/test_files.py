"""Files are written whole or not at all."""

import hashlib

import pytest

from engine.files import sha256, written_whole


def test_it_appears_when_all_went_well(tmp_path):
    path = tmp_path / "a.json"
    with written_whole(path) as part:
        part.write_text("new")
        assert not path.exists()
        assert part.parent == tmp_path
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(OSError, match="full"), written_whole(path) as part:  # noqa: PT012
        part.write_text("half")
        raise OSError("full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_written_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "a"):
        pass
    assert not list(tmp_path.iterdir())


def test_the_hash_is_of_the_content(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 300_000)
    assert sha256(path) == hashlib.sha256(b"x" * 300_000).hexdigest()
