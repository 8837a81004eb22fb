"""The settings of a full-integer conversion, refused before anything is built. No TensorFlow.

Leaves out what only the texts tell: whether they can be read (`converters.calibration`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.errors import ConfigError
from converters.calibration.ranges import METHODS

if TYPE_CHECKING:
    from converters.schemes import Plan

SCALES = ("auto", "shared", "per-depth")
"""One range for all layers, one a layer, or whichever of them was measured to lose less."""

DEFAULTS = {"activation_scales": SCALES[0], "range_method": METHODS[0], "integer_outputs": False}
"""Of a build's options."""


def check_options(plan: Plan, layout: str, options: Mapping[str, Any]) -> None:
    """Raise `ConfigError` for `options` (keys of `DEFAULTS`) that don't exist, or that `plan` has no use for."""
    check_scales(options["activation_scales"], layout)
    if options["range_method"] not in METHODS:
        raise ConfigError(f"range_method must be one of {', '.join(METHODS)}; received {options['range_method']!r}")
    if plan.activations is None:
        for name, default in DEFAULTS.items():
            if options[name] != default:
                wish = name if options[name] is True else f"{name} {options[name]}"
                raise ConfigError(f"{wish} belongs to int8 and int16x8; received it for {plan.scheme}")


def check_scales(scales: str, layout: str) -> None:
    """Raise `ConfigError` for a value that isn't one, and for a range a layer in the layout that has one block."""
    if scales not in SCALES:
        raise ConfigError(f"activation_scales must be one of {', '.join(SCALES)}; received {scales!r}")
    if scales == "per-depth" and layout != "unrolled":
        raise ConfigError(f"activation_scales per-depth needs the unrolled layout; received {layout}")


def check_without_texts(ranges: Optional[Mapping[str, Any]], options: Mapping[str, Any]) -> None:
    """Raise `ConfigError` where nothing but the folder's own `ranges` is there and they can't be what is asked for."""
    if ranges is None:
        raise ConfigError(
            "full integer needs texts to measure activations on (--calibrate), or a model trained with --qat int8; "
            "received neither"
        )
    if options.get("activation_scales") == "per-depth":
        raise ConfigError("activation_scales per-depth needs texts to measure it on (--calibrate); received none")
    method = options.get("range_method", DEFAULTS["range_method"])
    if method != DEFAULTS["range_method"]:
        raise ConfigError(f"range_method {method} needs texts to measure on (--calibrate); received none")
