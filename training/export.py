"""From a finished run to weights with their card."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from engine.systems.card import ModelCard
from engine.systems.weights import write_model
from training.checkpoint import Progress
from training.choice import BEST, noted
from training.systems.contract import Scored, System


def export(
    folder: Path,
    system: System[Any, Any],
    card: ModelCard,
    progress: Progress,
    began: ModelCard | None = None,
) -> Path:
    """Write the weights of a run and its card, or cards; return the path of the first.

    The weights are those that were chosen, and the card's recipe says which; a run that
    chose none keeps what it has at its end.

    Parameters
    ----------
    folder : path
        Of the run.
    system : System
        What was trained.
    card : ModelCard
        As the system filled it in.
    progress : Progress
        At the end of the run.
    began : ModelCard, optional
        Of the weights that the run started from: their recipe is a part of this one, and what
        they were trained on has trained these.
    """
    best = folder / BEST
    if isinstance(system, Scored) and best.exists():
        tensors = load_file(best)
        note, name = noted(best), system.chosen_by
        chosen = {"chosen_update": note["update"], f"chosen_{name}": round(note[name], 4)}
        set_then = {setting: round(value, 4) for setting, value in note["settings"].items()}
        card = replace(card, recipe={**card.recipe, **chosen, **set_then})
    else:
        tensors = progress.kept.state_dict()
    if began is not None:
        stage = {"recipe": began.recipe, "hours": began.hours, "device": began.device}
        files = {(f.name, f.axes): f for f in (*began.training_data, *card.training_data)}
        recipe = {**card.recipe, "began_with": stage}
        card = replace(card, recipe=recipe, training_data=tuple(files.values()))
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    written = [
        write_model(folder, each, weights, half=system.half)[0]
        for each, weights in system.models(card, arrays)
    ]
    return written[0]
