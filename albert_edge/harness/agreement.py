"""How far two models' logits for the same texts lie apart. numpy only; where they came from doesn't matter here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from albert_edge.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def compare_logits(a: NDArray[Any], b: NDArray[Any]) -> dict[str, float]:
    """Compare `b` with the reference `a`.

    Arguments:
        a: float [N, labels], logits of the reference; N and labels are at least 1.
        b: float [N, labels], logits of the other model for the same texts in the same order.

    Returns `top1_agreement` (fraction of the rows whose largest logit is the same label; the first of equals),
    `max_abs_difference` and `mean_abs_difference` over all logits, and `kl`: the mean over the rows of
    KL(softmax(a) || softmax(b)) in nats.

    Raises `DataError` if the shapes differ or are not [N, labels], or if a value is NaN or infinite: a difference to
    NaN would pass every `difference > limit`.
    """
    import numpy as np

    reference, other = (_checked(name, values) for name, values in (("a", a), ("b", b)))
    if reference.shape != other.shape:
        raise DataError(f"both logits must have one shape; received {list(reference.shape)} and {list(other.shape)}")
    difference = np.abs(reference - other)
    log_p, log_q = _log_softmax(reference), _log_softmax(other)
    kl = np.sum(np.exp(log_p) * (log_p - log_q), axis=1)
    return {
        "top1_agreement": float(np.mean(reference.argmax(axis=1) == other.argmax(axis=1))),
        "max_abs_difference": float(difference.max()),
        "mean_abs_difference": float(difference.mean()),
        "kl": float(kl.mean()),
    }


def _checked(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise DataError(f"logits {name} must have the shape [examples, labels]; received {list(array.shape)}")
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise DataError(f"logits {name} must be finite; received {array[row].tolist()} for example {row}")
    return array


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    shifted = logits - logits.max(axis=1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
