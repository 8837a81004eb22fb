"""The pickle inside a PyTorch file, read as data: nothing in it is imported, called or executed.

A pickle is a program for a stack machine, and `pickle.load` runs whatever function the program names. Here the
opcodes, taken apart by `pickletools`, drive a machine that knows plain values and the few globals that a dictionary of
tensors needs; every other global and every other opcode is refused by its name. Follows `torch/serialization.py`
(`persistent_id`) and `torch/_utils.py` (`_rebuild_tensor_v2`). Leaves out whole pickled models, optimizers and
quantized or sparse tensors, which name other globals.
"""

from __future__ import annotations

import mmap
import pickletools
from typing import Any, Callable, NamedTuple, Union

from albert_edge.errors import FolderError


class Storage(NamedTuple):
    """Numbers that lie one after another in the file."""

    kind: str
    """Safetensors' name of the type, as F32."""
    key: str
    """What the file calls it."""
    length: int
    """How many numbers."""


class StoredTensor(NamedTuple):
    """A view of a storage; offset and strides count numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Global(NamedTuple):
    name: str


_DICTIONARY = _Global("collections.OrderedDict")
_REBUILD = _Global("torch._utils._rebuild_tensor_v2")
_STORAGES = {
    _Global(f"torch.{name}Storage"): kind
    for name, kind in (("Double", "F64"), ("Float", "F32"), ("Half", "F16"), ("BFloat16", "BF16"), ("Long", "I64"))
}
_KNOWN = {_DICTIONARY, _REBUILD, *_STORAGES}

_MARK = object()


def read_pickle(data: Union[bytes, mmap.mmap], name: str) -> Any:
    """What the first pickle in `data` describes: plain values, dictionaries, `Storage` and `StoredTensor`.

    A mapped file is left behind the pickle's end. `name` is the file's, for messages. Raises `FolderError` for a
    damaged pickle, a global or an opcode that isn't known.
    """
    machine = _Machine(name)
    try:
        # A map has all that a stream is asked for here, `read` and `readline`.
        for opcode, argument, _ in pickletools.genops(data):  # type: ignore[arg-type]
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError) as reason:
        raise FolderError(f"{name} must hold a whole pickle of tensors; received a damaged one ({reason})") from reason
    raise FolderError(f"{name} must hold a whole pickle of tensors; received one without an end")


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def pop(self) -> Any:
        return self.stack.pop()

    def step(self, opcode: str, argument: Any) -> None:
        """Carry out one opcode."""
        if opcode in _PLAIN:
            self.stack.append(argument)
        elif opcode in _FRESH:
            self.stack.append(_FRESH[opcode]())
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, argument)
        elif opcode not in _IGNORED:
            raise FolderError(f"{self.name} must hold tensors only; received the pickle opcode {opcode}")

    def above_mark(self) -> list[Any]:
        """Take off everything above the last mark, and the mark."""
        place = max(index for index, value in enumerate(self.stack) if value is _MARK)
        values = self.stack[place + 1 :]
        del self.stack[place:]
        return values

    def put(self, argument: int) -> None:
        self.memo[argument] = self.stack[-1]

    def memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self, argument: int) -> None:
        self.stack.append(self.memo[argument])

    def tuple_of(self, count: int) -> None:
        values = tuple(self.stack[len(self.stack) - count :])
        if len(values) != count:
            raise IndexError("an empty stack")
        del self.stack[len(self.stack) - count :]
        self.stack.append(values)

    def set_items(self, values: list[Any]) -> None:
        items = _of_type(self.stack[-1], dict)
        for key, value in zip(values[::2], values[1::2]):
            if key in items:
                raise ValueError(f"the key {key!r} twice")
            items[key] = value

    def extend(self, values: list[Any]) -> None:
        _of_type(self.stack[-1], list).extend(values)

    def name_global(self, name: str) -> None:
        named = _Global(name)
        if named not in _KNOWN:
            shown = name if name.isprintable() else repr(name)
            raise FolderError(f"{self.name} must hold tensors only; received the pickled global {shown}")
        self.stack.append(named)

    def name_global_of_stack(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        self.name_global(f"{module}.{name}")

    def persistent(self, _: Any) -> None:
        """PyTorch's mark of a storage: ("storage", its type, its key, its device, its length)."""
        marked, kind, key, _device, count, *view = self.pop()
        if marked != "storage" or kind not in _STORAGES or any(part is not None for part in view):
            raise ValueError(f"a storage of {marked!r}")
        self.stack.append(Storage(_STORAGES[kind], _of_type(key, str), _count(count)))

    def reduce(self, _: Any) -> None:
        """A call, of the two globals that stand for one."""
        arguments, called = _of_type(self.pop(), tuple), self.pop()
        if called == _DICTIONARY and not arguments:
            self.stack.append({})
        elif called == _REBUILD:
            storage, offset, shape, strides, *_rest = arguments
            self.stack.append(
                StoredTensor(_of_type(storage, Storage), _count(offset), _counts(shape), _counts(strides))
            )
        else:
            raise ValueError(f"a call of {called!r}")

    def build(self, _: Any) -> None:
        """Attributes of a dictionary (`_metadata`, the versions of the modules): not needed."""
        self.pop()
        _of_type(self.stack[-1], dict)


_PLAIN = frozenset(
    ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8")
)
_FRESH: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "MARK": lambda: _MARK,
}
_IGNORED = frozenset(("PROTO", "FRAME"))
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.get),
    "MEMOIZE": _Machine.memoize,
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.above_mark())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "SETITEM": lambda machine, _: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.above_mark()),
    "APPEND": lambda machine, _: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.above_mark()),
    "GLOBAL": lambda machine, argument: machine.name_global(argument.replace(" ", ".", 1)),
    "STACK_GLOBAL": _Machine.name_global_of_stack,
    "BINPERSID": _Machine.persistent,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}


def _of_type(value: Any, kind: type) -> Any:
    # NamedTuples are tuples: only the very type counts.
    if type(value) is not kind:
        raise ValueError(f"a {type(value).__name__} in the place of a {kind.__name__}")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"the size {value!r}")
    return value


def _counts(values: Any) -> tuple[int, ...]:
    return tuple(_count(value) for value in _of_type(values, tuple))
