"""The Keras model on many texts: the reference that the deployed file is compared with.

Texts are sorted by length and batched, each batch padded to its own longest text, so that little work goes into
padding; the answers come back in the order of the texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from albert_edge.errors import DataError
from albert_edge.files import PathLike
from albert_edge.model.folder import read_folder
from albert_edge.model.heads import AlbertClassifier
from albert_edge.model.keras import tf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed


class BatchScorer:
    """A model in memory and its compiled forward pass, for any length and batch size."""

    def __init__(self, model: AlbertClassifier, batch_size: int = 32) -> None:
        self.model = model
        self._batch_size = batch_size
        ids = tf.TensorSpec((None, None), tf.int32)
        self._run = tf.function(lambda *batch: model(*batch).logits, input_signature=(ids, ids, ids))

    def logits(self, texts: Sequence[Packed]) -> NDArray[np.float32]:
        """Float32 [N, labels] for N packed texts, without dropout.

        Raises `DataError` for a text without tokens or with more than the model has positions.
        """
        import numpy as np

        config = self.model.config
        lengths = [len(packed.input_ids) for packed in texts]
        _check_lengths(lengths, config.max_position_embeddings)
        order = sorted(range(len(texts)), key=lambda index: lengths[index])
        logits = np.zeros((len(texts), len(config.labels)), np.float32)
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            logits[batch] = self._run(*pad([texts[index] for index in batch], config.pad_token_id)).numpy()
        return logits


class KerasPredictor(BatchScorer):
    """The model in a folder, or at `hf:owner/name@revision`, with its configuration and tokenizer."""

    def __init__(self, folder: PathLike, task: str = "text-classification", batch_size: int = 32) -> None:
        loaded = read_folder(folder, task)
        super().__init__(loaded.model, batch_size)
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
