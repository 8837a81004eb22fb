"""Targets: the runtimes that a file is made for, what each can load, and how to run it there.

families      the table of runtimes, and `Target`, one of them in one version
names         what `--target` says
environments  a virtual environment for a version that isn't installed here, made once
boards        devices, emulated boards above all
garbage       why a target answers wrongly, where that is known
running       a model on a target, wherever that is

Loading is no evidence: tflite-runtime 2.14 loads some files of newer converters and answers wrongly without an error
(per-channel weights under an old operator version). So a file is run on each target and compared.
"""

from converters.targets.families import DEFAULT_TARGET, Target
from converters.targets.garbage import known_garbage
from converters.targets.names import installed_targets, parse_target, parse_targets
from converters.targets.running import on_target, prepare, python_of

__all__ = [
    "DEFAULT_TARGET",
    "Target",
    "installed_targets",
    "known_garbage",
    "on_target",
    "parse_target",
    "parse_targets",
    "prepare",
    "python_of",
]
