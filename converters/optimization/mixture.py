"""The precisions of the candidate `mixed`: 4 bits for as many parts as the allowed drop permits, 8 for the others.

Which parts those are is measured by `albert_edge.sensitivity`, on the data and within the drop of the run. It holds an
interpreter, whose crash would be this process's: so it runs in one of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Mapping

from albert_edge.errors import CheckFailedError
from albert_edge.files import read_json_object
from albert_edge.runtime.children import child_environment, ending
from converters.optimization.trials import Setting

PROGRAM = """
import json, sys, albert_edge
from albert_edge.text.tables import Columns
given = json.loads(sys.argv[1])
columns = given.pop("columns")
albert_edge.sensitivity(columns=None if columns is None else Columns(**columns), **given)
"""


def mixed_parts(setting: Setting) -> Mapping[str, str]:
    """Part -> precision; raises `CheckFailedError` with how the measuring ended if it gives none."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "mixed.json"
        given: dict[str, Any] = {
            "model": str(setting.model),
            "data": str(setting.data),
            "precision": "int4",
            "calibrate": None if setting.calibrate is None else str(setting.calibrate),
            "max_drop": setting.max_drop,
            "columns": setting.column_fields,
            "out": str(out),
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(given)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=child_environment(),
            check=False,
        )
        if done.returncode != 0:
            ended = ending(done.returncode, "its process", done.stderr)
            raise CheckFailedError(f"the sensitivity of the parts must be measured; received {ended}")
        parts: Mapping[str, str] = read_json_object(out, CheckFailedError)["parts"]
        return parts
