"""What a private training promises: (epsilon, delta) of its noise, its sampling and its number of updates.

Two data sets are neighbours if one has one row more. Each update takes every row with the probability
`sampling_rate`, independent of all others (Poisson sampling), clips each row's gradient to the norm `clip`, and adds
Gaussian noise of standard deviation `noise_multiplier * clip` to their sum: Abadi et al. 2016, algorithm 1. The
accountants are dp-accounting's: privacy loss distributions (Koskela et al. 2020), and Renyi divergences (Mironov,
Talwar and Zhang 2019), which are never below them and are what most papers report.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Callable, Optional

from albert_edge.errors import ConfigError, MissingPackageError
from albert_edge.quiet import absl_errors_only
from albert_edge.training.settings import TrainingSettings

DEFAULT_CLIP = 1.0

NOISE_RANGE = (0.2, 200.0)
"""Between which the noise of an epsilon is looked for; none but 0 may be chosen below."""

MOST_EPSILON = 200.0
"""By either accountant. Above, a guarantee has long not been worth its name, and privacy loss distributions, whose grid
grows with epsilon, take minutes and gigabytes."""


@dataclasses.dataclass(frozen=True)
class PrivacyPlan:
    """One private training, known before its first update."""

    noise_multiplier: float
    """Standard deviation of the noise in the sum of gradients, over `clip`. 0: none, and no guarantee."""
    clip: float
    """The largest Euclidean norm of one row's gradient."""
    examples: int
    """Rows of the training set, a number which isn't secret."""
    sampling_rate: float
    """The probability with which an update takes a row."""
    steps: int
    """Updates, at most: stopping early lets less out than what is promised."""
    delta: float
    """The probability that isn't covered by epsilon."""
    epsilon: Optional[float]
    """By privacy loss distributions. None without noise."""
    epsilon_rdp: Optional[float]
    """The same by Renyi divergences."""

    @property
    def expected_batch(self) -> float:
        """What the sum of gradients is divided by: the rows that an update takes on average, however many it took."""
        return self.sampling_rate * self.examples

    def facts(self) -> dict[str, Any]:
        """As the report has it."""
        return {
            **dataclasses.asdict(self),
            "unit": "one row of the training set, added or removed",
            "sampling": "poisson",
        }


def make_plan(settings: TrainingSettings, examples: int, steps: int) -> Optional[PrivacyPlan]:
    """The plan of `steps` updates on so many `examples`, or None of settings that ask for none.

    Raises `ConfigError` for a delta, an epsilon or a noise that can't be, `MissingPackageError` without dp-accounting.
    """
    if not settings.private:
        return None
    accounting()
    delta = 0.1 / examples if settings.dp_delta is None else settings.dp_delta
    if delta >= 1 / examples:
        raise ConfigError(
            f"dp_delta must be below 1/{examples}, or it permits to publish a row of the {examples}; received {delta}"
        )
    rate = min(1.0, settings.batch_size / examples)
    noise = settings.dp_noise_multiplier
    if noise is None:
        assert settings.dp_epsilon is not None
        noise = noise_for(settings.dp_epsilon, rate, steps, delta)
    clip = DEFAULT_CLIP if settings.dp_clip is None else settings.dp_clip
    found = epsilons(noise, rate, steps, delta) if noise else (None, None)
    return PrivacyPlan(noise, clip, examples, rate, steps, delta, *found)


def promise(plan: PrivacyPlan) -> str:
    """The guarantee in words."""
    noise = f"noise multiplier {plan.noise_multiplier:g}, clip {plan.clip:g}"
    if plan.epsilon is None:
        return f"without noise there is no privacy guarantee ({noise})"
    return (
        f"epsilon {plan.epsilon:.3g} at delta {plan.delta:.3g} for each row of the training set ({noise}, "
        f"{plan.steps} updates that take a row with probability {plan.sampling_rate:.3g})"
    )


def epsilons(noise_multiplier: float, sampling_rate: float, steps: int, delta: float) -> tuple[float, float]:
    """Epsilon at `delta` after so many `steps`, by privacy loss distributions and by Renyi divergences.

    Raises `ConfigError` above `MOST_EPSILON`.
    """
    event = (noise_multiplier, sampling_rate, steps, delta)
    by_renyi = _epsilon("rdp", *event)
    if by_renyi > MOST_EPSILON:
        raise ConfigError(
            f"a noise multiplier must promise an epsilon of at most {MOST_EPSILON:g}, or be 0; "
            f"received {noise_multiplier:g}, which promises {by_renyi:.3g} in {steps} updates"
        )
    return _epsilon("pld", *event), by_renyi


def noise_for(epsilon: float, sampling_rate: float, steps: int, delta: float) -> float:
    """The least noise multiplier in `NOISE_RANGE` that promises `epsilon`, rounded up to a thousandth.

    Raises `ConfigError` where none does, where less would do, and above `MOST_EPSILON`.
    """

    def keeps(accountant: str, noise: float) -> bool:
        return _epsilon(accountant, noise, sampling_rate, steps, delta) <= epsilon

    if epsilon > MOST_EPSILON:
        raise ConfigError(f"dp_epsilon must be at most {MOST_EPSILON:g}; received {epsilon}")
    low, high = NOISE_RANGE
    if keeps("rdp", low) or not keeps("rdp", high):
        raise ConfigError(f"dp_epsilon must be reached by a noise multiplier from {low} to {high}; received {epsilon}")
    # The one accountant only says where to look: the other, which takes a hundred times as long, decides on both ends.
    high = _least(lambda noise: keeps("rdp", noise), low, high)
    while not keeps("pld", high):  # its grid rounds up
        high *= 1.01
    below = max(low, 0.9 * high)
    while below > low and keeps("pld", below):
        high, below = below, max(low, 0.9 * below)
    return _least(lambda noise: keeps("pld", noise), below, high)


def _least(keeps: Callable[[float], bool], low: float, high: float) -> float:
    """The least noise between `low`, which may be too little, and `high`, which isn't; rounded up to a thousandth."""
    while high - low > 5e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return math.ceil(high * 1000) / 1000


def _epsilon(accountant: str, noise_multiplier: float, sampling_rate: float, steps: int, delta: float) -> float:
    library = accounting()
    found = library.pld.PLDAccountant() if accountant == "pld" else library.rdp.RdpAccountant()
    event = library.PoissonSampledDpEvent(sampling_rate, library.GaussianDpEvent(noise_multiplier))
    # The Renyi accountant warns of each order that it leaves out; its epsilon stays a bound.
    with absl_errors_only():
        return float(found.compose(event, steps).get_epsilon(delta))


def accounting() -> Any:
    """dp-accounting; raises `MissingPackageError` without it."""
    try:
        import dp_accounting
        import dp_accounting.pld
        import dp_accounting.rdp
    except ModuleNotFoundError as reason:
        if reason.name != "dp_accounting":
            raise
        raise MissingPackageError(
            "a private training needs an accountant (pip install 'albert-edge[privacy]'); received no 'dp_accounting'"
        ) from reason
    return dp_accounting
