"""EMBER's networks on a CPU by OpenVINO: `unet`, `generator` and `gated`, from their weights.

No compiler is needed at run time, no tracing, and no torch; eager torch is the reference it
is tested against.
"""

from queue import SimpleQueue

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from engine.networks.ember.gated import GatedConfig
from engine.networks.ember.gated_graph import GatedGraph
from engine.networks.ember.graph import Graph, Weights
from engine.networks.ember.unet import UNetConfig


class CompiledUNet:
    """The full-size map of a network in evaluation, for one map size; safe between threads.

    A stream paints one map at a time on cores of its own: one stream of all cores has the
    first map soonest, several paint more maps an hour.

    Parameters
    ----------
    config : UNetConfig
        Numbers that fix the network; a generator's has noise.
    weights : mapping of str to array
        By the names of the torch module's parameters.
    shape : (ny, nx)
        Of the maps, multiples of 2^halvings.
    padding : {"circular", "replicate"}
        How a map goes on beyond its edges.
    threads : int, optional
        CPU threads; all cores if left out.
    streams : int
        Maps painted at a time, of as many callers; they share the threads.
    """

    def __init__(
        self,
        config: UNetConfig,
        weights: Weights,
        shape: tuple[int, int],
        padding: str = "circular",
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        x = op.parameter([1, config.in_channels, *shape], np.float32)
        noise = [
            op.parameter([1, config.noise_maps, *sides], np.float32)
            for sides in config.noise_shapes(shape)
        ]
        graph = (
            GatedGraph(config, weights, padding)
            if isinstance(config, GatedConfig)
            else Graph(config, weights, padding)
        )
        model = openvino.Model([graph.output(x, noise)], [x, *noise])
        settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        if streams > 1:
            settings["NUM_STREAMS"] = str(streams)
        compiled = openvino.Core().compile_model(model, "CPU", settings)
        self._free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(streams):
            self._free.put(compiled.create_infer_request())

    def __call__(self, x: NDArray[np.float32], *noise: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalised map (1, in_channels, ny, nx) -> (1, out_channels, ny, nx), not negative.

        A generator's noise (1, noise_maps, ny / 2^i, nx / 2^i) follows, coarsest first.
        """
        request = self._free.get()
        try:
            (output,) = request.infer(dict(enumerate((x, *noise)))).values()
            return np.array(output)
        finally:
            self._free.put(request)
