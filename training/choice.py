"""Which weights of a run to keep: those that score best on training examples."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.torch import save_file

from engine.files import written_whole
from training.checkpoint import Progress
from training.systems.contract import Picture, Scored

BEST = "best.safetensors"


class Choice:
    """Looks at the network to keep every few updates and keeps the best so far.

    Parameters
    ----------
    system : Scored
        Which scores it, and says by which score it is chosen.
    examples : Examples
        That the run trains on. What scores a finished network has no say.
    folder : path
        Of the run.
    """

    def __init__(self, system: Scored[Any, Any], examples: Any, folder: Path) -> None:
        self.system, self.examples = system, examples
        self.path = folder / BEST

    def look(self, progress: Progress) -> tuple[dict[str, float], Picture]:
        """Score a run's network, keep it if it is the best so far.

        Returns
        -------
        dict, array
            Settings and scores by name, and a picture of one example, (rows, columns).
        """
        network, settings = self.system.settled(progress.kept, self.examples)
        scores, picture = self.system.score(network, self.examples)
        name = self.system.chosen_by
        if scores[name] < best_so_far(self.path, name)[1]:
            note = {"update": progress.update, name: scores[name], "settings": settings}
            # One entry: the order of several would differ from run to run.
            with written_whole(self.path) as part:
                save_file(network.state_dict(), part, {"choice": json.dumps(note)})
        return settings | scores, picture


def best_so_far(path: Path, name: str) -> tuple[int, float]:
    """Update and score of that name of the weights that are kept; (0, infinity) without any."""
    if not path.exists():
        return 0, np.inf
    note = noted(path)
    return note["update"], note[name]


def noted(path: Path) -> dict[str, Any]:
    """What was noted of the weights that are kept: update, score, and settings by name."""
    with safe_open(path, "pt") as file:
        found: dict[str, Any] = json.loads(file.metadata()["choice"])
    return found
