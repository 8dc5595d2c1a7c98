"""Tiles painted by the workers of a Dask cluster, which is found by its scheduler's address."""

from collections.abc import Iterator, Sequence
from itertools import islice

from engine.batch import Array, Painter, Tile, Work, paint_tile

AHEAD = 2
"""Tiles handed out for each thread of the workers: one that runs and one that waits. More would
fill the workers' memory with results that nobody has fetched."""

PATIENCE = "10s"
"""That a scheduler has to answer."""


def painter(address: str) -> Painter:
    """Paint tiles on a cluster.

    Its workers need this program, the emulator's weights, and the simulation under the same
    path. A tile whose worker dies is painted by another.

    Parameters
    ----------
    address : str
        Of the scheduler, as "tcp://host:8786".

    Raises
    ------
    ValueError
        In one sentence, if Dask is not installed or nobody answers there.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise ValueError(
            "--scheduler needs Dask: pip install 'baryon-explorer[cluster]'."
        ) from None
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"No scheduler answers at {address!r} ({type(error).__name__}), expected the address "
            "that `dask scheduler` prints."
        ) from error

    def paint(work: Work, tiles: Sequence[Tile]) -> Iterator[tuple[Tile, Array]]:
        waiting = iter(tiles)
        with client:
            client.wait_for_workers(1)
            threads = sum(client.nthreads().values())
            handed = {
                client.submit(paint_tile, work, tile, pure=False): tile
                for tile in islice(waiting, AHEAD * threads)
            }
            running = as_completed(list(handed), with_results=True)
            for future, values in running:
                yield handed.pop(future), values
                for tile in islice(waiting, 1):
                    following = client.submit(paint_tile, work, tile, pure=False)
                    handed[following] = tile
                    running.add(following)

    return paint
