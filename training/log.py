"""What a run leaves to be read: a log, curves and sample pictures."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.files import written_whole

LOG_EVERY = 20
"""Updates whose mean is one line of the log."""

Report = Callable[[int, dict[str, float]], None]
"""Called after every line of losses with the updates done and their means."""


class Log:
    """Means of the losses over every few updates, one JSON object a line, and as curves.

    Parameters
    ----------
    folder : path
        Of the run; lines go to `log.jsonl`, curves and pictures to `tensorboard`.
    update : int
        Where the run goes on; what was noted of later ones, before it was killed, is dropped.
    report : callable
        Told each line of losses.
    writes : bool
        Whether this process is the one that writes.
    """

    def __init__(self, folder: Path, update: int, report: Report, *, writes: bool = True) -> None:
        self.path = folder / "log.jsonl"
        self.report = report
        self.writes = writes
        self.sums: dict[str, Tensor] = {}
        self.count = 0
        if writes:
            folder.mkdir(parents=True, exist_ok=True)
            _drop_after(self.path, update)
            # Needed only to be looked at, and slow to import.
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(folder / "tensorboard", purge_step=update + 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.writes:
            self.board.close()

    def add(self, update: int, terms: Mapping[str, Tensor], last: bool) -> None:
        """Note the losses of one update; write a line if it is time to or the last.

        Raises
        ------
        FloatingPointError
            If they are no longer finite.
        """
        for name, term in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + term.detach()
        self.count += 1
        if not (last or update % LOG_EVERY == 0):
            return
        means = {name: float(total) / self.count for name, total in self.sums.items()}
        self.sums, self.count = {}, 0
        if self.writes:
            self._write(update, "loss", means)
            self.report(update, means)
        _check(update, means)

    def check(self, update: int) -> None:
        """Look at what isn't in a line yet, so that a broken run leaves no checkpoint.

        Raises
        ------
        FloatingPointError
            If the losses are no longer finite.
        """
        _check(update, {name: float(total) for name, total in self.sums.items()})

    def look(self, update: int, scores: Mapping[str, float], picture: NDArray[np.uint8]) -> None:
        """Note scores of training examples and a picture of one, (rows, columns)."""
        self._write(update, "training examples", scores)
        self.board.add_image("input, truth, painting", picture, update, dataformats="HW")

    def _write(self, update: int, group: str, values: Mapping[str, float]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"update": update, **values}) + "\n")
        for name, value in values.items():
            self.board.add_scalar(f"{group}/{name}", value, update)


def _check(update: int, losses: Mapping[str, float]) -> None:
    if not np.isfinite(list(losses.values())).all():
        raise FloatingPointError(
            f"The loss became {dict(losses)} by update {update}, expected finite numbers: lower "
            "the learning rate."
        )


def _drop_after(path: Path, update: int) -> None:
    if not path.exists():
        return
    lines = path.read_text().splitlines()
    # The last one may have been cut by a kill.
    whole = [line for line in lines if line.endswith("}")]
    with written_whole(path) as part:
        part.write_text("".join(f"{x}\n" for x in whole if json.loads(x)["update"] <= update))
