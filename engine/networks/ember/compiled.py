"""EMBER's networks on a CPU by OpenVINO: `unet`, `generator` and `gated`, from their weights.

No compiler is needed at run time, no tracing, and no torch; eager torch is the reference it
is tested against.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from queue import SimpleQueue
from weakref import ReferenceType, ref

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as op

from engine.free_memory import share_between_threads
from engine.networks.ember.gated import GatedConfig
from engine.networks.ember.gated_graph import GatedGraph
from engine.networks.ember.graph import Graph, Weights
from engine.networks.ember.stages import INPUT
from engine.networks.ember.tile_graph import TileGraph
from engine.networks.ember.unet import UNetConfig
from engine.tile_plan import Stage
from engine.tiling import Keep

Array = NDArray[np.float32]


def compile_graph(
    outputs: Sequence[openvino.Node],
    inputs: Sequence[openvino.Node],
    threads: int | None = None,
    streams: int = 1,
) -> openvino.CompiledModel:
    """Make operations ready to run on a CPU. See `Compiled`."""
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = str(threads)
    if streams > 1:
        settings["NUM_STREAMS"] = str(streams)
    model = openvino.Model(list(outputs), list(inputs))
    return openvino.Core().compile_model(model, "CPU", settings)


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
        self._model = model = compile_graph([output], inputs, threads, streams)
        self._free: SimpleQueue[_Call] = SimpleQueue()
        self._calls = [_Call(model.create_infer_request(), {}) for _ in range(streams)]
        for call in self._calls:
            self._free.put(call)

    def __call__(self, *arrays: Array) -> Array:
        """Run once."""
        made: list[Array] = []
        self.run(arrays, lambda output: made.append(output.copy()))
        return made[0]

    def run(self, arrays: Sequence[Array], keep: Keep) -> None:
        """Run once and hand on what comes out, which is `keep`'s only until it returns.

        No other call overwrites it meanwhile.
        """
        call = self._free.get()
        try:
            read = {number: call.in_a_row(number, each) for number, each in enumerate(arrays)}
            (output,) = call.request.infer(read, share_inputs=True, share_outputs=True).values()
            keep(output)
        finally:
            # A request holds on to what it has read.
            call.request._inputs_data = None
            self._free.put(call)

    def release(self) -> None:
        """Give back the memory of calls; none is under way."""
        for call in self._calls:
            call.rows.clear()
        self._model.release_memory()


@dataclass
class _Call:
    """What one call at a time needs.

    Parameters
    ----------
    request : openvino.InferRequest
        Runs it.
    rows : dict of int to array
        Memory for what it reads, used again from call to call.
    """

    request: openvino.InferRequest
    rows: dict[int, Array]

    def in_a_row(self, number: int, array: Array) -> Array:
        """An input as OpenVINO reads it, all numbers one after the other in memory."""
        if array.flags.c_contiguous:
            return array
        if number not in self.rows or self.rows[number].size < array.size:
            self.rows[number] = np.empty(array.size, np.float32)
        row = self.rows[number][: array.size].reshape(array.shape)
        row[:] = array
        return row


def _begin() -> None:
    """Run once what OpenVINO and numpy share before several threads do.

    Its bindings look numpy up when they first meet an array; two threads that did so at the same
    time waited for each other for ever, one for the interpreter's lock and one with it.
    """
    x = op.parameter([1], np.float32)
    share_between_threads()
    Compiled(op.relu(x), [x], threads=1)(np.zeros(1, np.float32))


_begin()


class CompiledUNet:
    """The full-size map of a network in evaluation, for one map size; safe between threads.

    A stream paints one map at a time on cores of its own: one stream of all cores has the
    first map soonest, several paint more maps an hour. What of a map of up to 512^2 pixels hangs
    on no noise is kept until another one is painted: a further sample takes three fifths of the
    time.

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
        network = graph(config, weights, padding)
        features, skips = network.encode(x)
        beside = [network.beside(i, skip) for i, skip in enumerate(skips)]
        # Channels last, as OpenVINO has them: handed over in another order they'd cost a fifth.
        encoded = [
            op.transpose(node, np.array([0, 2, 3, 1])) for node in (features, *chain(*beside))
        ]
        shapes = [node.get_output_partial_shape(0) for node in encoded]
        values = sum(math.prod(shape.to_shape()) for shape in shapes)
        self._encoder: openvino.CompiledModel | None = None
        if noise and 4 * values <= MOST_KEPT:
            self._encoder = compile_graph(encoded, [x], threads, streams)
            given = [op.parameter(shape, np.float32) for shape in shapes]
            bottom, *levels = (op.transpose(node, np.array([0, 3, 1, 2])) for node in given)
            again = iter(levels)
            read = [list(islice(again, len(nodes))) for nodes in beside]
            drawn = network.decode(bottom, read, x, noise)
            self._draw = Compiled(drawn, [x, *noise, *given], threads, streams)
        else:
            drawn = network.decode(features, beside, x, noise)
            self._draw = Compiled(drawn, [x, *noise], threads, streams)

    def __call__(self, x: Array, *noise: Array) -> Array:
        """Normalised map (1, in_channels, ny, nx) -> (1, out_channels, ny, nx), not negative.

        A generator's noise (1, noise_maps, ny / 2^i, nx / 2^i) follows, coarsest first.
        """
        if self._encoder is None:
            return self._draw(x, *noise)
        return self._draw(x, *noise, *LAST.encoded(self._encoder, x))


class LastEncoded:
    """What an encoder made of the map painted last: the one such map of a process.

    Safe between threads: each takes what it finds, or works it out.
    """

    def __init__(self) -> None:
        self._last: tuple[ReferenceType[openvino.CompiledModel], Array, list[Array]] | None = None

    def encoded(self, encoder: openvino.CompiledModel, x: Array) -> list[Array]:
        """What an encoder makes of a map."""
        last = self._last
        if last is not None and last[0]() is encoder and np.array_equal(last[1], x):
            return last[2]
        self._last = last = None  # its memory can be used for these
        # A request of its own, since what it makes is kept where it is.
        made = encoder.create_infer_request().infer([x], share_inputs=True, share_outputs=True)
        found = list(made.values())
        self._last = (ref(encoder), x.copy(), found)
        return found


MOST_KEPT = 2**26
"""Bytes of a map's features that are kept: the 63 MB of 512^2 pixels are."""

LAST = LastEncoded()


class CompiledStages:
    """Runs a network's stages, see `engine.networks.ember.stages`; safe between threads.

    Each is compiled once for blocks of all sizes, in their order and in a thread beside: the
    first are at work while the others are made ready.

    Parameters
    ----------
    config, weights, padding, threads, streams
        See `CompiledUNet`.
    stages : sequence of Stage
        All of them.
    """

    def __init__(
        self,
        config: UNetConfig,
        weights: Weights,
        stages: Sequence[Stage],
        padding: str = "replicate",
        threads: int | None = None,
        streams: int = 1,
    ) -> None:
        self._graph = graph(config, weights, padding)
        self._threads, self._streams = threads, streams
        known = {INPUT: config.in_channels} | {stage.name: stage.channels for stage in stages}
        compiling = ThreadPoolExecutor(1, "compile")
        self._compiled = {
            stage.name: compiling.submit(self._compile, stage, channels)
            for stage in stages
            for channels in [[known.get(name, config.noise_maps) for name in stage.sources]]
        }
        compiling.shutdown(wait=False)

    def __call__(self, stage: Stage, arrays: Sequence[Array], keep: Keep) -> None:
        """Make the result of a stage, (channels, ny, nx), of what its sources hold."""
        compiled = self._compiled[stage.name].result()
        compiled.run([a[None] for a in arrays], lambda made: keep(made[0]))

    def release(self, stage: Stage) -> None:
        """Give back the memory that runs of a stage left."""
        self._compiled[stage.name].result().release()

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
        beside = self._graph.beside(int(number), skip)
        features = self._graph.level(int(number), features, beside, noise)
        return self._graph.drawn(features, others[-1], noise) if last else features


def graph(config: UNetConfig, weights: Weights, padding: str) -> Graph:
    """Choose what builds a network's operations."""
    if isinstance(config, GatedConfig):
        return GatedGraph(config, weights, padding)
    return (TileGraph if padding == "zeros" else Graph)(config, weights, padding)
