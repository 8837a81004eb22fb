"""What a file is measured by on a data file: latency over its texts, the task's metric, agreement with a reference."""

from __future__ import annotations

import contextlib
from typing import Any, Optional

from albert_edge.harness.accuracy import data_facts, measure_accuracy
from albert_edge.harness.agreement import measure_agreement, open_reference
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.latency import Between
from albert_edge.harness.mix import measure_mix
from albert_edge.harness.runners import Runner, open_runner
from albert_edge.harness.setting import Setting


def check_on_data(setting: Setting) -> None:
    """Raise what `measure_on_data` would for data or a reference that can't be used, but for what running tells."""
    if setting.data is None:
        return
    with _opened(setting) as runner:
        make_evaluation(runner.pipeline, setting.data)
        if setting.reference is not None:
            with open_reference(runner, setting.reference):
                return


def measure_on_data(setting: Setting, between: Optional[Between] = None) -> dict[str, Any]:
    """A result's `mix`, `accuracy` and `agreement`, of the file's first head; all None without data.

    A file with an exit stops at its own threshold unless one was given: these are real texts. Raises what `evaluate`
    does, and `measure_agreement`.
    """
    if setting.data is None:
        return dict.fromkeys(("mix", "accuracy", "agreement"))
    threads, data = setting.threads[0], setting.data
    with _opened(setting) as runner:
        mix = measure_mix(runner, make_evaluation(runner.pipeline, data), setting.preset, between)
        return {
            "mix": {**data_facts(data), **mix.summary()},
            "accuracy": measure_accuracy(runner, data),
            "agreement": None
            if setting.reference is None
            else measure_agreement(runner, setting.reference, data, threads),
        }


def _opened(setting: Setting) -> contextlib.AbstractContextManager[Runner]:
    threads, runtime = setting.threads[0], setting.runtime
    return open_runner(setting.path, None, threads, runtime, setting.max_depth, setting.exit_threshold)
