"""Which matrices magnitude pruning is about, how much of them is zero, and making the smallest of them zero at once.

Plain numpy; additions/sparsity.py does it little by little while a model learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from albert_edge.model.tensors import BASE_PREFIX, WORD_EMBEDDINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def prunable(name: str, values: Any) -> bool:
    """Whether the tensor of that Hugging Face name, of the shape of `values`, is one that zeros are made in."""
    if len(values.shape) != 2 or not name.startswith(BASE_PREFIX):
        return False
    return name == WORD_EMBEDDINGS or not name.startswith(f"{BASE_PREFIX}embeddings.")


def zero_share(tensors: Mapping[str, NDArray[np.float32]]) -> float:
    """Share of zeros in the matrices that can be pruned, of all of them together."""
    matrices = [values for name, values in tensors.items() if prunable(name, values)]
    return sum(int((values == 0).sum()) for values in matrices) / sum(values.size for values in matrices)


def least_zero_share(tensors: Mapping[str, NDArray[np.float32]]) -> float:
    """Share of zeros in that matrix, of those that can be pruned, which has the fewest."""
    return min(float((values == 0).mean()) for name, values in tensors.items() if prunable(name, values))


def without_smallest(values: NDArray[np.float32], sparsity: float) -> NDArray[np.float32]:
    """`values` with the smallest ones zero, exactly `sparsity` of them but for rounding to whole weights."""
    dropped = values.size - max(1, round(values.size * (1 - sparsity)))
    if dropped <= 0:
        return values
    pruned = values.flatten()
    pruned[np.argpartition(np.abs(pruned), dropped - 1)[:dropped]] = 0
    return pruned.reshape(values.shape)


def pruned_tensors(tensors: Mapping[str, NDArray[np.float32]], sparsity: float) -> dict[str, NDArray[np.float32]]:
    """`tensors` by Hugging Face's names with `sparsity` of each matrix zero; the others untouched."""
    return {
        name: without_smallest(values, sparsity) if prunable(name, values) else values
        for name, values in tensors.items()
    }
