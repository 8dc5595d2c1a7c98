"""One request for clusters: the one on the maps first, then all others; the newest one wins."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.inference import prediction_key
from engine.mesh import Cutout
from engine.simulation import Simulation
from explorer import threads
from explorer.clusters.objects import QUANTITIES, Batch, Measures, measure, read_batch
from explorer.clusters.results import (
    ClusterResults,
    Every,
    card_for,
    eaten_of,
    noted,
    read_cluster,
    remembered_cluster,
    summarised,
    with_map,
)
from explorer.clusters.selection import ClusterRequest
from explorer.painting import PATIENCE, Painting, paint
from explorer.results import PAINTING, Results, device_in_words, trained
from explorer.threads import in_reader

AT_A_TIME = 16
"""Clusters that are read or measured in one go: between two others get their turn."""

Rows = dict[str, dict[str, dict[int, Measures]]]


class ClusterPainting(Painting):
    """What is under way for one session, of clusters.

    Whatever was measured of them stays until other maps are asked for: another cluster, another
    filter and another field need none of it again.
    """

    refused = "The emulator\ncan't paint it"

    _rows: Rows
    _of: ClusterRequest | None = None

    def begin(self, simulation: Simulation, request: Any) -> Results:
        """Find what can be shown of a request without painting."""
        found = read_cluster(simulation, request)
        return summarised(remembered_cluster(simulation, found, threads.WORKER.cache))

    async def _compute(self, number: int, simulation: Simulation, request: Any) -> None:
        """Show one cluster, paint it if need be, then measure and paint all."""
        if self._of != request.maps:
            self._of, self._rows = request.maps, {}
        found = await self._cluster(number, simulation, request)
        self._check(number)
        found = await self._tell(number, found)
        if found.measured:
            return
        batches = await self._read(number, simulation, found)
        found = await self._tell(number, found)
        for name in found.paintings():
            await self._paint_all(number, simulation, found, name, batches)
        await self._tell(number, replace(found, measured=True))

    def _check(self, number: int) -> None:
        """End what nobody waits for any more."""
        if not self.turn.is_newest(number):
            raise asyncio.CancelledError

    async def _tell(self, number: int, found: ClusterResults) -> ClusterResults:
        """Give the page what there is by now."""
        every: Every = {
            name: {field: dict(rows) for field, rows in fields.items()}
            for name, fields in self._rows.items()
        }
        found = await in_reader(summarised, replace(found, every=every))
        self.turn.tell(number, results=found)
        return found

    async def _cluster(
        self, number: int, simulation: Simulation, request: ClusterRequest
    ) -> ClusterResults:
        """Read and paint the cluster that is asked for, unless it is on show."""
        shown = self.page.results
        if not isinstance(shown, ClusterResults) or shown.request.maps != request.maps:
            shown = None
        if shown is not None and shown.request.number == request.number:
            found = replace(shown, request=request)
        else:
            self.turn.tell(number, busy=f"Reading {self.scene.where(request)}")
            found = await in_reader(read_cluster, simulation, request)
            found = replace(found, measured=shown is not None and shown.measured)
        if found.has_paintings:
            return found
        painting = asyncio.ensure_future(self._with_paintings(number, simulation, found))
        await asyncio.wait({painting}, timeout=PATIENCE)
        if not painting.done():
            await self._tell(number, found)
        painted: ClusterResults = await painting
        return painted

    async def _with_paintings(self, number: int, simulation: Simulation, found: Any) -> Any:
        """Add the paintings of the cluster on show."""
        for name, request in found.paintings().items():
            for field in QUANTITIES:
                if found.notes[field].get(name) != PAINTING:
                    continue
                try:
                    found = await self._painted(simulation, found, name, request, field)
                except ValueError as error:
                    self.turn.tell(number, error=str(error))
                    notes = noted(found, name, field, self.refused)
                    found = replace(found, notes=notes)
        return found

    async def _painted(
        self,
        simulation: Simulation,
        found: ClusterResults,
        name: str,
        request: ClusterRequest,
        field: str,
    ) -> ClusterResults:
        """Add one painting of the cluster on show."""
        dark: Any = found.input
        card = card_for(request, field)
        assert card is not None  # its note would say so
        eaten = await in_reader(eaten_of, simulation, card, dark)
        asked = replace(request, field=field)
        emulator, cutout, seconds = await paint(self.owner, asked, eaten)
        painting: Any = cutout
        found = with_map(found, name, field, painting)
        return replace(found, device=device_in_words(emulator.device), seconds=seconds)

    async def _read(
        self, number: int, simulation: Simulation, found: ClusterResults
    ) -> list[Batch]:
        """Read and measure all clusters as the simulation has them."""
        assert found.table is not None
        batches = []
        for numbers in in_batches([int(n) for n in found.table.numbers]):
            self._check(number)
            self.turn.tell(number, busy=f"Reading clusters from {numbers[0]}")
            batch = await in_reader(read_batch, simulation, found.request, numbers)
            batches.append(batch)
            for field, rows in batch.truth.items():
                self._rows.setdefault("truth", {}).setdefault(field, {}).update(rows)
        return batches

    async def _paint_all(
        self,
        number: int,
        simulation: Simulation,
        found: ClusterResults,
        name: str,
        batches: Sequence[Batch],
    ) -> None:
        """Paint and measure all clusters; one that is refused stays out."""
        assert found.table is not None
        request, radius = found.paintings()[name], found.table.radius
        fields = [field for field in QUANTITIES if card_for(request, field) is not None]
        fields = [each for each in fields if found.notes[each].get(name) != self.refused]
        rows = self._rows.setdefault(name, {field: {} for field in fields})
        batches = batches if fields else []
        for batch in batches:
            for field in fields:
                some = [n for n in batch.dark if n not in rows[field]]
                dark = [batch.dark[n] for n in some]
                painted = await self._some(number, simulation, request, field, dark)
                measured = await in_reader(measure_all, dark, painted, radius)
                rows[field].update(zip(some, measured, strict=True))
            last, all_of_them = len(rows[fields[-1]]), len(found.table.numbers)
            self.turn.tell(number, busy=f"Painting clusters: {100 * last // all_of_them} %")

    async def _some(
        self,
        number: int,
        simulation: Simulation,
        request: ClusterRequest,
        field: str,
        dark: Sequence[Cutout],
    ) -> tuple[Cutout, ...]:
        """Paint some clusters together, after what others wait for."""
        self._check(number)
        card = card_for(request, field)
        if card is None or not dark:
            return ()
        emulator = await in_reader(trained, request.emulator, field, request.run.level)
        eaten = [eaten_of(simulation, card, each) for each in dark]
        key = tuple(prediction_key(emulator, each) for each in eaten)
        job = threads.WORKER.submit(
            f"{self.owner} other", key, lambda: Painted(tuple(emulator.predict_each(eaten)))
        )
        painted: Painted = await asyncio.wrap_future(job)
        return painted.cutouts


@dataclass(frozen=True, eq=False)
class Painted:
    """Clusters that were painted together, as the worker remembers them.

    Parameters
    ----------
    cutouts : tuple of Cutout
        One for each.
    """

    cutouts: tuple[Cutout, ...]

    @property
    def values(self) -> NDArray[np.float32]:
        """All pixels: what they take of the worker's memory."""
        return np.concatenate([cutout.values.ravel() for cutout in self.cutouts])


def measure_all(
    dark: Sequence[Cutout], painted: Sequence[Cutout], radius: NDArray[np.float64]
) -> list[Measures]:
    """Measure some maps against their dark matter."""
    return [measure(*pair, radius) for pair in zip(dark, painted, strict=True)]


def in_batches(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Cut a list into short ones."""
    for start in range(0, len(numbers), AT_A_TIME):
        yield tuple(numbers[start : start + AT_A_TIME])
