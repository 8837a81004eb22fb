"""The operators and types that an artifact may hold, and how many inputs and outputs each operator takes.

Interpreters have kernels for images, audio, sparse and stateful models as well, and not all check what they are given:
BATCH_MATMUL with one input reads behind the end of its list, which has ended a process. A text model needs few of them.
An operator that a conversion needs and that is missing here is added here.
"""

from __future__ import annotations

from typing import NamedTuple

TYPES = ("float32", "float16", "int64", "int32", "int16", "int8", "uint8", "int4", "bool")

MAX_RANK = 6
"""Dimensions; the kernels have room for 5 to 8."""

ANY = 10_000


class Arity(NamedTuple):
    """How many tensors an operator takes and gives."""

    fewest: int
    most: int
    outputs: int = 1
    """`ANY`: one or more."""

    def takes(self, inputs: int, outputs: int) -> bool:
        """Whether an operator may have these numbers of tensors."""
        given = 1 <= outputs <= ANY if self.outputs == ANY else outputs == self.outputs
        return self.fewest <= inputs <= self.most and given

    def __str__(self) -> str:
        most, outputs = ("any number of" if number == ANY else number for number in (self.most, self.outputs))
        inputs = most if self.fewest == most else f"{self.fewest} to {most}"
        return f"{inputs} inputs and {outputs} outputs"


_ONE_INPUT = """
ABS CAST CEIL COS DEQUANTIZE ELU EXP FLOOR GELU HARD_SWISH L2_NORMALIZATION LEAKY_RELU LOG LOGICAL_NOT LOGISTIC
LOG_SOFTMAX NEG QUANTIZE RANK RELU RELU6 ROUND RSQRT SHAPE SIGN SIN SOFTMAX SQRT SQUARE SQUEEZE TANH WHERE ZEROS_LIKE
"""
_TWO_INPUTS = """
ADD ARG_MAX ARG_MIN BATCH_MATMUL BROADCAST_ARGS BROADCAST_TO CUMSUM DIV EMBEDDING_LOOKUP EQUAL EXPAND_DIMS FILL
FLOOR_DIV FLOOR_MOD GATHER GATHER_ND GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM MEAN MINIMUM
MUL NOT_EQUAL PAD POW REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD REVERSE_V2 SQUARED_DIFFERENCE SUB SUM
TILE TRANSPOSE
"""
_THREE_INPUTS = "DYNAMIC_UPDATE_SLICE PADV2 RANGE SELECT SELECT_V2 SLICE"

OPERATORS: dict[str, Arity] = {
    **dict.fromkeys(_ONE_INPUT.split(), Arity(1, 1)),
    **dict.fromkeys(_TWO_INPUTS.split(), Arity(2, 2)),
    **dict.fromkeys(_THREE_INPUTS.split(), Arity(3, 3)),
    "ONE_HOT": Arity(4, 4),
    "STRIDED_SLICE": Arity(4, 4),
    "RESHAPE": Arity(1, 2),
    "CONV_2D": Arity(2, 3),
    "FULLY_CONNECTED": Arity(2, 3),
    "TOPK_V2": Arity(2, 2, outputs=2),
    "CONCATENATION": Arity(1, ANY),
    "PACK": Arity(1, ANY),
    "UNPACK": Arity(1, 1, outputs=ANY),
    "SPLIT": Arity(2, 2, outputs=ANY),
    "SPLIT_V": Arity(3, 3, outputs=ANY),
    "WHILE": Arity(1, ANY, outputs=ANY),
}

# Operator -> the input that may be left out (-1): the bias.
OPTIONAL_INPUT = {"CONV_2D": 2, "FULLY_CONNECTED": 2}
