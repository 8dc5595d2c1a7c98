"""EMBER's networks on a CPU by OpenVINO: `unet`, `generator` and `gated`, from their weights.

No compiler is needed at run time, no tracing, and no torch; eager torch is the reference it
is tested against.
"""

import threading
from collections.abc import Sequence
from queue import SimpleQueue

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from engine.free_memory import give_back
from engine.networks.ember.gated import GatedConfig
from engine.networks.ember.gated_graph import GatedGraph
from engine.networks.ember.graph import Graph, Weights
from engine.networks.ember.stages import INPUT
from engine.networks.ember.tile_graph import TileGraph
from engine.networks.ember.unet import UNetConfig
from engine.tiling import Stage

Array = NDArray[np.float32]


class Compiled:
    """Operations ready to run; safe between threads.

    Parameters
    ----------
    output : openvino.Node
        What they make.
    inputs : sequence of openvino.Node
        Parameters of it, in the order of a call.
    threads : int, optional
        CPU threads; all cores if left out.
    streams : int
        Calls that run at a time; they share the threads.
    """

    def __init__(
        self,
        output: openvino.Node,
        inputs: Sequence[openvino.Node],
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        if streams > 1:
            settings["NUM_STREAMS"] = str(streams)
        model = openvino.Model([output], list(inputs))
        self._model = compiled = openvino.Core().compile_model(model, "CPU", settings)
        self._free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(streams):
            self._free.put(compiled.create_infer_request())

    def __call__(self, *arrays: Array) -> Array:
        """Run once."""
        request = self._free.get()
        try:
            read = dict(enumerate(arrays))
            (output,) = request.infer(read, share_inputs=True, share_outputs=True).values()
            return np.array(output)
        finally:
            self._free.put(request)

    def release(self) -> None:
        """Give back the memory of calls that are done."""
        self._model.release_memory()
        give_back()


def _begin() -> None:
    """Run once what OpenVINO and numpy share before several threads do.

    Its bindings look numpy up when they first meet an array; two threads that did so at the same
    time waited for each other for ever, one for the interpreter's lock and one with it.
    """
    x = op.parameter([1], np.float32)
    Compiled(op.relu(x), [x], threads=1)(np.zeros(1, np.float32))


_begin()


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
    threads, streams : int, optional
        See `Compiled`.
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
        output = graph(config, weights, padding).output(x, noise)
        self._run = Compiled(output, [x, *noise], threads, streams)

    def __call__(self, x: Array, *noise: Array) -> Array:
        """Normalised map (1, in_channels, ny, nx) -> (1, out_channels, ny, nx), not negative.

        A generator's noise (1, noise_maps, ny / 2^i, nx / 2^i) follows, coarsest first.
        """
        return self._run(x, *noise)


class CompiledStages:
    """Runs a network's stages, see `engine.networks.ember.stages`; safe between threads.

    Each is compiled when it is first asked for, once for blocks of all sizes.

    Parameters
    ----------
    config, weights, padding, threads, streams
        See `CompiledUNet`.
    """

    def __init__(
        self,
        config: UNetConfig,
        weights: Weights,
        padding: str = "replicate",
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        self._graph = graph(config, weights, padding)
        self._threads, self._streams = threads, streams
        self._compiled: dict[str, Compiled] = {}
        self._lock = threading.Lock()

    def __call__(self, stage: Stage, arrays: Sequence[Array]) -> Array:
        """Result of a stage, (channels, ny, nx), of what its sources hold."""
        with self._lock:
            if stage.name not in self._compiled:
                self._compiled[stage.name] = self._compile(stage, [len(a) for a in arrays])
        return self._compiled[stage.name](*(np.ascontiguousarray(a)[None] for a in arrays))[0]

    def release(self, stage: Stage) -> None:
        """Give back the memory that runs of a stage left."""
        if stage.name in self._compiled:
            self._compiled[stage.name].release()

    def _compile(self, stage: Stage, channels: Sequence[int]) -> Compiled:
        inputs = [op.parameter([1, n, -1, -1], np.float32) for n in channels]
        return Compiled(self._output(stage, inputs), inputs, self._threads, self._streams)

    def _output(self, stage: Stage, read: list[openvino.Node]) -> openvino.Node:
        kind, _, number = stage.name.partition(".")
        features, *others = read
        if kind == "entry":
            return self._graph.entry(features)
        if kind == "down":
            return self._graph.down(int(number), features)
        if kind == "bottom":
            assert isinstance(self._graph, GatedGraph)
            return self._graph.bottom(features, others)
        skip, *noise = others[:-1] if stage.sources[-1] == INPUT else others
        last = int(number) == self._graph.config.halvings - 1
        features = self._graph.level(int(number), features, skip, noise)
        return self._graph.drawn(features, others[-1]) if last else features


def graph(config: UNetConfig, weights: Weights, padding: str) -> Graph:
    """Choose what builds a network's operations."""
    if isinstance(config, GatedConfig):
        return GatedGraph(config, weights, padding)
    return (TileGraph if padding == "zeros" else Graph)(config, weights, padding)
