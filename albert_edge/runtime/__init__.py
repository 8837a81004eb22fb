"""Runs a `.tflite`: `open_session` for tensors, `load` and `predict` (in `predictor`) for texts.

`open_isolated` runs any `.tflite` in a process of its own. One module, `interpreter`, names interpreter packages.
"""

from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.isolated import open_isolated
from albert_edge.runtime.session import InputSpec, Session

__all__ = ["InputSpec", "Session", "open_isolated", "open_session"]
