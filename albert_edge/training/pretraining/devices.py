"""The devices that share a pretraining's batches: one, the GPUs of a machine, or those of several machines.

All copies of the model have the same weights. Each computes its rows of every batch, the gradients are added up, and
each makes the same update: `tf.distribute`'s MirroredStrategy, and with `TF_CONFIG` its MultiWorkerMirroredStrategy.
What an update adds up goes in two vectors, the counts of the batch and then all gradients with the sums.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, Optional, Sequence

import numpy as np

from albert_edge.errors import ConfigError
from albert_edge.model.keras import tf, traced
from albert_edge.training.pretraining.workers import WorkerLostError, Workers

_LOST = (
    *(tf.errors.UnavailableError, tf.errors.AbortedError),
    *(tf.errors.CancelledError, tf.errors.DeadlineExceededError),
)
"""What a worker sees when another is gone, by the moment at which it went; other kinds only name the collective."""


def open_devices(workers: Workers) -> Devices:
    """All devices of `workers`, this process among them; waits for the others.

    Raises `WorkerLostError` if they don't come, `ConfigError` if this process can't be the worker that it is to be.
    """
    try:
        return Devices(workers)
    except (tf.errors.OpError, RuntimeError) as reason:
        if workers.count == 1:
            raise
        words = str(reason).strip().splitlines()[0]
        if isinstance(reason, _LOST):
            raise WorkerLostError(
                f"all workers must be started within minutes of each other; received {words}"
            ) from reason
        raise ConfigError(f"worker {workers.index} must be able to serve at its address; received {words}") from reason


class Devices:
    """The copies of this process, and how they and those of other workers meet."""

    def __init__(self, workers: Optional[Workers] = None, names: Optional[Sequence[str]] = None) -> None:
        """`workers`: None for this process alone. `names`: devices of TensorFlow to use, as `GPU:0`; None: all GPUs, or
        the CPU. With several workers this waits for all of them, and must come before TensorFlow's first operation."""
        self.workers = workers = workers or Workers()
        if workers.count > 1:
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        else:
            used = [f"GPU:{index}" for index in range(len(tf.config.list_physical_devices("GPU")))]
            used = list(names or used)
            self._strategy = tf.distribute.MirroredStrategy(used) if len(used) > 1 else tf.distribute.get_strategy()
        self.copies: int = self._strategy.num_replicas_in_sync
        """Of the model, at all workers together."""
        self._here = self.copies // workers.count
        self._totals = traced(lambda values: self._strategy.run(self._total_of, (values,)))

    def scope(self) -> Any:
        """Inside, variables are made with a copy a device."""
        return self._strategy.scope()

    def check_batch(self, inputs: int, parts: int) -> None:
        """Raises `ConfigError` unless a batch of `inputs` in `parts` gives each copy as many."""
        if inputs % (parts * self.copies):
            raise ConfigError(
                f"the inputs of an update must be a multiple of accumulate ({parts}) times the devices of all workers "
                f"({self.copies}); received {inputs}"
            )

    def on_each(self, function: Callable[..., Any], jit: bool, across: bool = False) -> Callable[..., Any]:
        """A graph of `function`, run by each copy of this process; XLA compiles it with `jit`.

        `across`: it adds up over the copies, which XLA can't if there are several. Nor does it compile for several
        devices of one process.
        """
        if self.copies == 1:
            return traced(function, jit_compile=jit)  # type: ignore[no-any-return]
        # XLA takes the variables of one device only, whichever it is that runs (its "known issues" say so).
        inner = function if across or self._here > 1 else traced(function, jit_compile=jit)
        return traced(lambda *values: self._strategy.run(inner, values))  # type: ignore[no-any-return]

    def shared_out(self, values: Sequence[Any]) -> list[Any]:
        """Arrays of this worker's rows, each cut into as many runs of rows as it has devices."""
        if self._here == 1:
            return list(values)
        return [self._strategy.experimental_distribute_values_from_function(self._rows(each)) for each in values]

    def _rows(self, values: Any) -> Callable[[Any], Any]:
        size = len(values) // self._here

        def rows(context: Any) -> Any:
            first = context.replica_id_in_sync_group % self._here * size
            return tf.constant(values[first : first + size])

        return rows

    def summed(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Float32 tensors of any shape, inside `on_each(..., across=True)`: added up over all copies."""
        if self.copies == 1:
            return list(values)
        # What leaves a step of its own has a device, which the reduction asks for.
        flat = tf.concat([tf.reshape(each, [-1]) for each in values], 0)
        total = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, flat)
        parts = tf.split(total, [each.shape.num_elements() for each in values])
        return [tf.reshape(part, each.shape) for part, each in zip(parts, values)]

    def copy_index(self) -> Any:
        """Which of all copies this is, inside `on_each`; the first is 0."""
        context = tf.distribute.get_replica_context()
        return 0 if self.copies == 1 or context is None else context.replica_id_in_sync_group

    def first(self, values: Any) -> Any:
        """What the first copy here returned from `on_each`."""
        if self._here == 1:
            return values
        return tf.nest.map_structure(lambda each: self._strategy.experimental_local_results(each)[0], values)

    def total(self, values: Sequence[float]) -> list[float]:
        """Numbers of each worker, float64, added up over all of them: all come here, or none goes on."""
        if self.workers.count == 1:
            return [float(each) for each in values]
        # Every copy of a worker brings the same numbers.
        found = self._totals(tf.constant(np.array(values, np.float64) / self._here))
        return [float(each) for each in self._strategy.experimental_local_results(found)[0]]

    def _total_of(self, values: tf.Tensor) -> tf.Tensor:
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(values))

    def agree(self, value: int) -> bool:
        """Whether all workers brought the same `value`, of less than 2^32."""
        parts = value >> 16, value & 0xFFFF
        sums = self.total([number for part in parts for number in (part, part * part)])
        # Of numbers that aren't all equal the mean of squares is above the square of the mean. Halves of 16 bits: all
        # sums are exact in float64, for more workers than there are.
        return all(self.workers.count * squares == total * total for total, squares in (sums[:2], sums[2:]))

    @contextlib.contextmanager
    def noticed_loss(self) -> Iterator[None]:
        """What TensorFlow raises inside because another worker is gone becomes a `WorkerLostError`."""
        try:
            yield
        except tf.errors.OpError as reason:
            if self.workers.count == 1 or not (isinstance(reason, _LOST) or "ollective" in reason.message):
                raise
            raise WorkerLostError(
                "all workers must run to the end (start every one again with its command: they go on from the last "
                f"snapshot); received {type(reason).__name__} from another one"
            ) from reason
