"""What of a machine and its releases may change the last digits of a painting."""

from dataclasses import dataclass, fields
from importlib import metadata
from typing import Self

import openvino
import torch

from engine.fields import one_of
from engine.json_reader import checked_number

TOLERANCE = "1e-5 in normalised units"
"""What another backend, release or number of threads may change of a painting."""


@dataclass(frozen=True)
class Surroundings:
    """What else may change the last digits.

    Parameters
    ----------
    baryon_explorer, torch, openvino, numpy : str
        Versions.
    device : str
        What the emulator ran on, "cpu" or a CUDA device.
    processor : str
        Its maker's name for it.
    threads : int
        Of the CPU.
    """

    baryon_explorer: str
    torch: str
    openvino: str
    numpy: str
    device: str
    processor: str
    threads: int

    def __post_init__(self) -> None:
        """Refuse what no machine has."""
        checked_number("made_with.threads", self.threads, 1, None)
        one_of("recipe entry made_with.device", self.device.split(":")[0], ("cpu", "cuda"))

    @classmethod
    def here(cls, device: str) -> Self:
        """Describe this process as it computes on a device."""
        return cls(
            baryon_explorer=_version("baryon-explorer"),
            torch=_version("torch"),
            openvino=_version("openvino"),
            numpy=_version("numpy"),
            device=device,
            processor=_processor(device),
            threads=torch.get_num_threads(),
        )


def differences(then: Surroundings, now: Surroundings) -> tuple[str, ...]:
    """Say in a sentence which of them differ; nothing if none does."""
    pairs = {f.name: (getattr(then, f.name), getattr(now, f.name)) for f in fields(then)}
    pairs["device"] = (then.device.split(":")[0], now.device.split(":")[0])
    other = [
        f"{name.replace('_', ' ')} {was} (here {here})"
        for name, (was, here) in pairs.items()
        if was != here
    ]
    if not other:
        return ()
    return (
        f"The recipe was made with {', '.join(other)}: paintings agree to {TOLERANCE}, not "
        "necessarily to the bit.",
    )


def _processor(device: str) -> str:
    if device.startswith("cuda"):
        return str(torch.cuda.get_device_name(device))
    return str(openvino.Core().get_property("CPU", "FULL_DEVICE_NAME")).strip()


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "not installed"
