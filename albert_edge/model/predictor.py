"""The Keras model on many texts: the reference that the deployed file is compared with.

Texts are sorted by length and batched, each batch padded to its own longest text, so that little work goes into
padding; the answers come back in the order of the texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Sequence

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.model.folder import read_folder
from albert_edge.model.heads import TaskModel
from albert_edge.model.keras import tf, traced
from albert_edge.tasks import task_named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed


Outputs = dict[str, "NDArray[np.float32]"]
"""The task's outputs for one text by their names in `tasks.Task.outputs`, without the axis of texts and padding."""


class BatchScorer:
    """A model in memory and its compiled forward pass, for any length and batch size."""

    def __init__(self, model: TaskModel, batch_size: int = 32, max_depth: Optional[int] = None) -> None:
        """`max_depth`: apply only so many layers; None: all. Raises `ConfigError` for more than there are."""
        layers = model.config.num_hidden_layers
        if max_depth is not None and not 1 <= max_depth <= layers:
            raise ConfigError(
                f"max_depth must be an integer from 1 to {layers}, the model's depth; received {max_depth!r}"
            )
        self.model = model
        self.task = task_named(model.task)
        self._batch_size = batch_size
        ids = tf.TensorSpec((None, None), tf.int32)
        inputs = 3 + self._fills
        self._run = traced(lambda *batch: model(*batch, depth=max_depth).named, input_signature=(ids,) * inputs)

    @property
    def _fills(self) -> bool:
        return any("masks" in axes for axes in self.task.outputs.values())

    def outputs(self, texts: Sequence[Packed]) -> list[Outputs]:
        """The task's outputs for each of N packed texts, float32, without dropout, in the order of the texts.

        Of fill-mask the texts have `masked_positions`. Raises `DataError` for a text without tokens or with more than
        the model has positions, and for masked positions that aren't positions of the text.
        """
        config = self.model.config
        lengths = [len(packed.input_ids) for packed in texts]
        _check_lengths(lengths, config.max_position_embeddings)
        order = sorted(range(len(texts)), key=lambda index: lengths[index])
        outputs: list[Outputs] = [{} for _ in texts]
        for start in range(0, len(order), self._batch_size):
            rows = order[start : start + self._batch_size]
            batch = [texts[index] for index in rows]
            positions = (pad_positions(batch),) if self._fills else ()
            named = self._run(*pad(batch, config.pad_token_id), *positions)
            for name, values in named.items():
                self._cut(name, values.numpy(), rows, texts, outputs)
        return outputs

    def _cut(
        self,
        name: str,
        values: NDArray[np.float32],
        rows: Sequence[int],
        texts: Sequence[Packed],
        outputs: Sequence[Outputs],
    ) -> None:
        """Give each text its row of `values`, without padding."""
        axis = self.task.outputs[name][0]
        for row, index in enumerate(rows):
            sizes = {"tokens": texts[index].input_ids, "masks": texts[index].masked_positions}
            size = sizes.get(axis)
            outputs[index][name] = values[row] if size is None else values[row, : len(size)]

    def logits(self, texts: Sequence[Packed]) -> NDArray[np.float32]:
        """Float32 [N, labels] for N packed texts, of a task with one row of `logits` a text; raises as `outputs`."""
        import numpy as np

        if not self.task.is_pooled or "logits" not in self.task.outputs:
            raise ConfigError(f"a task must have logits of a whole text; received {self.task.name}")
        rows = [outputs["logits"] for outputs in self.outputs(texts)]
        return np.stack(rows) if rows else np.zeros((0, len(self.model.config.labels)), np.float32)


class KerasPredictor(BatchScorer):
    """The model in a folder, or at `hf:owner/name@revision`, with its configuration and tokenizer."""

    def __init__(
        self, folder: PathLike, task: Optional[str] = None, batch_size: int = 32, max_depth: Optional[int] = None
    ) -> None:
        loaded = read_folder(folder, task)
        super().__init__(loaded.model, batch_size, max_depth)
        self.config = loaded.config
        self.tokenizer = loaded.tokenizer


def _check_lengths(lengths: Sequence[int], longest_allowed: int) -> None:
    for number, length in enumerate(lengths):
        if not 0 < length <= longest_allowed:
            raise DataError(
                f"a packed text must have 1 to {longest_allowed} tokens; received {length} in text {number}"
            )


def pad(
    texts: Sequence[Packed], pad_token_id: int = 0
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """`input_ids`, `attention_mask`, `token_type_ids`: int32 [B, T], T the longest of the B texts."""
    import numpy as np

    shape = len(texts), max(len(packed.input_ids) for packed in texts)
    input_ids = np.full(shape, pad_token_id, np.int32)
    mask, segments = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for row, packed in enumerate(texts):
        length = len(packed.input_ids)
        input_ids[row, :length] = packed.input_ids
        mask[row, :length] = 1
        segments[row, :length] = packed.token_type_ids
    return input_ids, mask, segments


def pad_positions(texts: Sequence[Packed]) -> NDArray[np.int32]:
    """`masked_positions`: int32 [B, K], K the most of the B texts, filled up with 0.

    Raises `DataError` for a text without any, or with one that lies outside of it.
    """
    import numpy as np

    positions = [() if packed.masked_positions is None else packed.masked_positions for packed in texts]
    padded = np.zeros((len(texts), max(len(each) for each in positions)), np.int32)
    for row, each in enumerate(positions):
        length = len(texts[row].input_ids)
        if not len(each) or min(each) < 0 or max(each) >= length:
            raise DataError(f"masked_positions must be given, each below {length} tokens; received {list(each)}")
        padded[row, : len(each)] = each
    return padded
