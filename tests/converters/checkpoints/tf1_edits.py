"""TensorFlow 1 checkpoints with changes, for the tests that damage or rename one."""

import json
import shutil
from pathlib import Path

from converters.checkpoints.tf_variables import write_variables


def variables_of(folder):
    """Name -> array, as TensorFlow itself reads the checkpoint `model.ckpt-best`."""
    from albert_edge.model.keras import tf

    reader = tf.train.load_checkpoint(str(Path(folder) / "model.ckpt-best"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def rewritten(source, target, change=None, **config):
    """A copy of the folder `source` at `target`: `change` works on the variables, `config` replaces keys."""
    target = Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for path in Path(source).iterdir():
        if not path.name.startswith("model.ckpt"):
            shutil.copyfile(path, target / path.name)
    variables = variables_of(source)
    if change is not None:
        variables = change(variables) or variables
    write_variables(target / "model.ckpt-best", variables)
    values = json.loads((target / "albert_config.json").read_text())
    (target / "albert_config.json").write_text(json.dumps({**values, **config}))
    return target


def renamed(variables, *pairs, prefix=""):
    """The variables with parts of their names replaced, one pair after another."""
    result = {}
    for name, values in variables.items():
        for old, new in pairs:
            name = name.replace(old, new)
        result[prefix + name] = values
    return result
