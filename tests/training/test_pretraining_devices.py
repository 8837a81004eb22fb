"""Several devices of one process against one, batches that can't be shared out, and what workers agree on."""

import functools
import json
import operator
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from processes import HANGING_SECONDS

from albert_edge.errors import ConfigError


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 48, 128, 4096])
def test_many_workers_agree_or_not(count):
    from albert_edge.training.pretraining.devices import Devices

    workers = SimpleNamespace(count=count)

    def agree(values):
        brought = []

        def bring(numbers):
            brought.append([float(number) for number in numbers])
            return brought[-1]

        for value in values:
            Devices.agree(SimpleNamespace(workers=workers, total=bring), value)
        # One after another, as a reduction that goes round the workers adds.
        totals = [functools.reduce(operator.add, column) for column in zip(*brought)]
        return Devices.agree(SimpleNamespace(workers=workers, total=lambda _: totals), values[0])

    for value in (0, 5, 2**16, 2**24 - 1, 2**32 - 1, 3141592653):
        assert agree([value] * count)
        assert not agree([value] * (count - 1) + [value ^ 1])
        assert not agree([value] * (count - 1) + [value ^ 2**20])


@pytest.mark.slow
def test_two_devices_equal_one():
    """Two logical CPUs, which only a process that has just started can make."""
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], capture_output=True, text=True, timeout=HANGING_SECONDS, cwd=THIS_FOLDER
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()[-2:]]
    for losses in found:
        assert len(losses["one"]) == 4
        np.testing.assert_allclose(losses["two"], losses["one"], rtol=1e-5)
    assert found[0] != found[1]


THIS_FOLDER = os.path.dirname(__file__)

TWO_DEVICES = """
import json
import numpy as np
from test_pretraining_step import SHALLOW, batch, initial_tensors, PretrainingSettings
from albert_edge.model.heads import build_model
from albert_edge.model.keras import tf
from albert_edge.model.weights import load_state_dict
from albert_edge.training.pretraining.devices import Devices
from albert_edge.training.pretraining.step import PretrainStep

cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
for changes in ({"jit": False}, {"optimizer": "lamb", "ema": 0.5, "accumulate": 2, "jit": True}):
    settings = PretrainingSettings(steps=20, **changes)
    losses, weights = {}, {}
    for name, devices in (("one", Devices()), ("two", Devices(names=["CPU:0", "CPU:1"]))):
        assert devices.copies == {"one": 1, "two": 2}[name]
        with devices.scope():
            model = build_model(SHALLOW, "pretraining")
        load_state_dict(model, initial_tensors(SHALLOW, "pretraining", 3))
        step = PretrainStep(model, settings, devices)
        losses[name] = [float(step.update(batch(seed=seed)).masked_loss) for seed in range(3)]
        losses[name].append(float(step.measure(batch()).masked_loss))
        weights[name] = step.saved()
        again = PretrainStep(model, settings, devices)
        again.restore(step.tensors())
        assert again.updates == 3
    for name, values in weights["one"].items():
        np.testing.assert_allclose(weights["two"][name], values, atol=2e-5, err_msg=name)
    print(json.dumps(losses))
"""


@pytest.mark.slow
def test_batches_that_do_not_divide_are_refused():
    from albert_edge.training.pretraining.devices import Devices

    devices = Devices()
    devices.copies = 4
    devices.check_batch(16, 2)
    with pytest.raises(ConfigError, match=r"multiple of accumulate \(2\) times the devices .* \(4\); received 12"):
        devices.check_batch(12, 2)
