"""The device that networks run on, and how much of its memory they may take."""

import psutil
import torch

SHARE = 0.5
"""Of what is free, for painting; results and other programs want the rest."""

ENOUGH = 7 * 2**28
"""[bytes] With more, a map in parts takes no less time. Most machines have this much to give, so
that they cut a map into the same parts and give the same bits."""


def choose_device(name: str = "auto") -> str:
    """Device to run on.

    Parameters
    ----------
    name : str
        "auto": CUDA if there is any, else the CPU; or a device of torch.

    Raises
    ------
    ValueError
        In one sentence, if there is no such device here.
    """
    available = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if available else "cpu"
    try:
        kind = torch.device(name).type
    except RuntimeError:
        kind = ""
    if kind not in ("cpu", "cuda"):
        raise ValueError(f"device is {name!r}, expected one of auto, cpu, cuda.")
    if kind == "cuda" and not available:
        raise ValueError(f"device is {name!r} but torch finds no CUDA device: use auto or cpu.")
    return name


def memory_budget(device: str) -> int:
    """Bytes that painting may take on a device, beside its inputs and results."""
    if device == "cpu":
        free = psutil.virtual_memory().available
    else:
        free, _ = torch.cuda.mem_get_info(device)
    return min(int(SHARE * free), ENOUGH)
