"""Many realisations of what is on show: an ensemble of its curves, and the truth's rank in it."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

from engine.results import Curve
from explorer import threads
from explorer.ensemble import FEWEST, ensemble
from explorer.painting import UNEXPECTED, paint
from explorer.ranking import Ranker
from explorer.results import Results, curves_of, cut, profile
from explorer.threads import in_reader
from explorer.turn import Turn

log = logging.getLogger(__name__)


class Sampling:
    """The ensemble that is under way for one session.

    Parameters
    ----------
    owner : str
        Of its place in the queue, between the requests of all sessions.
    turn : Turn
        Through which it arrives: `ensemble`, `error`, `busy`.
    """

    def __init__(self, owner: str, turn: Turn) -> None:
        self.owner, self.turn = owner, turn

    def stop(self) -> None:
        """Let it end, and drop what it waits for; the samples so far stay."""
        self.turn.begin()
        threads.WORKER.cancel(self.owner)

    async def paint(self, shown: Results, count: int) -> None:
        """Paint what is on show with the seeds below `count`; bands and ranks follow."""
        self.stop()
        number = self.turn.begin()
        try:
            await self._paint(number, shown, count)
        except asyncio.CancelledError:
            return
        except ValueError as error:
            self.turn.tell(number, error=str(error))
        except Exception:
            log.exception("painting samples of %s failed", shown.request)
            self.turn.tell(number, error=UNEXPECTED)
        self.turn.tell(number, busy="")

    async def _paint(self, number: int, shown: Results, count: int) -> None:
        samples: list[Mapping[str, Curve]] = []
        ranker = await in_reader(Ranker, shown)
        while len(samples) < count and self.turn.is_newest(number):
            self.turn.tell(number, busy=f"Painting sample {len(samples) + 1} of {count}")
            samples.append(await self._sample(number, shown, len(samples), ranker))
            if len(samples) == count or len(samples) % FEWEST == 0:
                ranked = await in_reader(ranker.found)
                self.turn.tell(number, ensemble=ensemble(shown.request, samples, ranked))

    async def _sample(
        self, number: int, shown: Results, seed: int, ranker: Ranker
    ) -> Mapping[str, Curve]:
        """Paint one realisation and rank it; its curves."""
        painted = []
        for each in shown.along or (shown,):
            if not self.turn.is_newest(number):
                raise asyncio.CancelledError  # its next painting would take a newer one's place
            request = replace(each.request, seed=seed)
            _, painting, _ = await paint(self.owner, request, each.eaten)
            slab = await in_reader(cut, painting, each.input)
            painted.append(replace(each, prediction=slab))
        sample = replace(painted[0], along=tuple(painted) if shown.along else ())
        return await in_reader(summed, sample, ranker)


def summed(sample: Results, ranker: Ranker) -> Mapping[str, Curve]:
    """Rank one realisation and take its curves."""
    ranker.add(sample)
    found = curves_of(sample.request.field, replace(sample, other=None).compared())
    drawn = {name: of["prediction"] for name, of in found.items() if "prediction" in of}
    around = profile(sample, "prediction")
    return drawn | ({"halo_profile": around} if around else {})
