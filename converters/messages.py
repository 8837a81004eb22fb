"""A build's request and its results as messages between two processes (`albert_edge.runtime.frames`): JSON and arrays.

Arrays are named `HEAD/NAME` (a checkpoint's tensors), `HEAD//tokenizer` (the vocabulary's bytes), `sample/NUMBER/FIELD`
(an input), `model` (a flatbuffer), `TASK/NUMBER/OUTPUT` (an answer).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.config import AlbertConfig
from albert_edge.model.folder import Checkpoint
from albert_edge.text.packing import Packed
from albert_edge.text.tables import Columns
from albert_edge.text.tokenizer import make_tokenizer
from converters.built import BuildRequest, Built
from converters.layout import Layout
from converters.schemes import Plan
from converters.targets import Target

if TYPE_CHECKING:
    from converters.reference import Answers

Message = tuple[dict[str, Any], dict[str, NDArray[Any]]]

_SAMPLE = ("input_ids", "token_type_ids", "masked_positions")


# === The request ===


def request_message(request: BuildRequest, samples: Sequence[Packed]) -> Message:
    """The request, and the inputs whose reference answers are wanted."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, checkpoint in enumerate(request.checkpoints):
        arrays.update({f"{number}/{name}": values for name, values in checkpoint.tensors.items()})
        arrays[f"{number}//tokenizer"] = np.frombuffer(checkpoint.tokenizer.model, np.uint8)
    for number, sample in enumerate(samples):
        values = {name: getattr(sample, name) for name in _SAMPLE}
        arrays.update({f"sample/{number}/{name}": each for name, each in values.items() if each is not None})
    fields = {
        "heads": [_head_fields(checkpoint) for checkpoint in request.checkpoints],
        "layout": dataclasses.asdict(request.layout),
        "plans": [dataclasses.asdict(plan) for plan in request.plans],
        "targets": [dataclasses.asdict(target) for target in request.targets],
        "calibrate": None if request.calibrate is None else str(request.calibrate),
        "columns": None if request.columns is None else dataclasses.asdict(request.columns),
        "options": dict(request.options),
        "samples": len(samples),
    }
    return fields, arrays


def _head_fields(checkpoint: Checkpoint) -> dict[str, Any]:
    tokenizer = checkpoint.tokenizer
    return {
        "task": checkpoint.task,
        "config": checkpoint.config.to_dict(),
        "tokenizer": [tokenizer.kind, tokenizer.options.to_dict()],
    }


def read_request(fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> tuple[BuildRequest, list[Packed]]:
    """What `request_message` was given."""
    request = BuildRequest(
        checkpoints=tuple(_checkpoint(number, head, arrays) for number, head in enumerate(fields["heads"])),
        layout=Layout(**fields["layout"]),
        plans=tuple(Plan(**plan) for plan in fields["plans"]),
        targets=tuple(Target(**target) for target in fields["targets"]),
        calibrate=fields["calibrate"],
        columns=None if fields["columns"] is None else Columns(**fields["columns"]),
        options=fields["options"],
    )
    samples = [
        Packed(*(arrays.get(f"sample/{number}/{name}") for name in _SAMPLE))  # type: ignore[arg-type]
        for number in range(fields["samples"])
    ]
    return request, samples


def _checkpoint(number: int, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Checkpoint:
    prefix = f"{number}/"
    tensors = {
        name[len(prefix) :]: values
        for name, values in arrays.items()
        if name.startswith(prefix) and not name.startswith(f"{prefix}/")
    }
    kind, options = head["tokenizer"]
    tokenizer = make_tokenizer(kind, arrays[f"{prefix}/tokenizer"].tobytes(), options)
    return Checkpoint(AlbertConfig.from_dict(head["config"]), head["task"], tensors, tokenizer, (), ())


# === The results ===


def built_message(built: Built) -> Message:
    """A flatbuffer and what is said of it."""
    return {**dataclasses.asdict(built), "model": None}, {"model": np.frombuffer(built.model, np.uint8)}


def read_built(fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Built:
    """What `built_message` was given."""
    return Built(**{**fields, "model": arrays["model"].tobytes(), "layout": Layout(**fields["layout"])})


def reference_message(reference: Mapping[str, Answers]) -> Message:
    """Each task's answers to the samples."""
    arrays = {
        f"{task}/{number}/{name}": values
        for task, answers in reference.items()
        for number, answer in enumerate(answers)
        for name, values in answer.items()
    }
    return {"counts": {task: len(answers) for task, answers in reference.items()}}, arrays


def read_reference(fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Answers]:
    """What `reference_message` was given."""
    answers: dict[str, list[dict[str, NDArray[np.float32]]]] = {
        task: [{} for _ in range(count)] for task, count in fields["counts"].items()
    }
    for path, values in arrays.items():
        task, number, name = path.split("/")
        answers[task][int(number)][name] = values
    return dict(answers)
