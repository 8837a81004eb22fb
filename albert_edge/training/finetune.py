"""Training a classifier of texts or pairs of texts, from data files to a model folder: the public `train`.

From a checkpoint this is fine-tuning as in Devlin et al. 2018, section 3.2; from a named size the same steps start at
random weights. Leaves out pretraining, distillation, and tasks whose labels lie on tokens.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Sequence

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.model.folder import check_output_folder, write_folder
from albert_edge.text.tables import Columns, read_examples
from albert_edge.training.data import Encoded, choose_labels, encode, label_ids
from albert_edge.training.report import training_report
from albert_edge.training.reporting import Reporter
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.snapshot import Snapshot, check_same_request, partial_path, read_snapshot, write_snapshot
from albert_edge.training.start import Start, known_labels, make_start

if TYPE_CHECKING:
    from albert_edge.text.tables import Example

TASKS = ("text-classification",)


def train(
    task: str,
    train: PathLike,
    dev: PathLike,
    out: PathLike,
    *,
    size: Optional[str] = None,
    from_: Optional[PathLike] = None,
    layers: Optional[int] = None,
    vocab: Optional[PathLike] = None,
    vocab_size: Optional[int] = None,
    lower_case: bool = True,
    keep_accents: bool = False,
    columns: Optional[Columns] = None,
    overwrite: bool = False,
    restart: bool = False,
    checkpoint_every: int = 100,
    threads: Optional[int] = None,
    reporter: Optional[Reporter] = None,
    **settings: Any,
) -> dict[str, Any]:
    """Train on the file `train`, keep the weights that are best on the file `dev`, write the folder `out`.

    The model starts as a named `size` with random weights or as the checkpoint `from_`; see `Source` for that choice
    and the vocabulary's, `TrainingSettings` for the names in `settings`, `Columns` for the data files' columns.
    `overwrite` lets a finished `out` be replaced. Every `checkpoint_every` steps the training is stored beside `out`;
    after an interruption, a kill -9 too, the same call goes on from there to the same weights. `restart` starts over.
    `threads`: of TensorFlow, None for as many as there are cores.

    Returns the report that `out` also holds as `training.json` (report.py). Raises an `AlbertEdgeError` for bad use or
    bad input, `CheckFailedError` if the loss stops being a number, `StoppedError` after Ctrl-C.
    """
    reporter = reporter or Reporter()
    source = Source(size, from_, layers, vocab, vocab_size, lower_case, keep_accents)
    chosen = TrainingSettings.from_dict(settings, from_checkpoint=from_ is not None)
    request = Request(task, train, dev, columns or Columns(), source, chosen)
    if task not in TASKS:
        raise ConfigError(f"task must be one of {', '.join(TASKS)}; received {task!r}")
    if checkpoint_every < 1:
        raise ConfigError(f"checkpoint_every must be a positive integer; received {checkpoint_every!r}")
    check_output_folder(out, overwrite)
    path = partial_path(Path(out))
    if restart:
        path.unlink(missing_ok=True)
    stored = read_snapshot(path)
    start, train_data, dev_data = _prepare(request, None if stored is None else stored.vocabulary, reporter)
    facts = {**request.facts(), "vocabulary_sha256": hashlib.sha256(start.tokenizer.model).hexdigest()}
    if stored is not None:
        check_same_request(path, stored.request, facts)

    # TensorFlow takes seconds to start: only now, that nothing is left to complain about.
    from albert_edge.training.loop import Training
    from albert_edge.training.threads import use_threads

    used_threads = use_threads(threads)
    training = Training(start, train_data, dev_data, chosen)

    def keep() -> None:
        write_snapshot(path, Snapshot(facts, start.tokenizer.model, training.position, training.tensors()))

    if stored is None:
        keep()
    else:
        training.restore(stored.position, stored.tensors)
        reporter.note(f"going on after step {training.position.step} of {training.total_steps}")
    training.run(keep, checkpoint_every, reporter)
    report = training_report(request, start, train_data, training.best_scores(), training.position, used_threads)
    write_folder(out, start.config, training.best, start.tokenizer, task=task, training=report, overwrite=overwrite)
    path.unlink()
    return report


def _prepare(request: Request, vocabulary: Optional[bytes], reporter: Reporter) -> tuple[Start, Encoded, Encoded]:
    """The model before the first step, and both data files as it takes them."""
    train_examples = read_examples(request.train, request.columns)
    dev_examples = read_examples(request.dev, request.columns)
    _check_pairs(request, train_examples, dev_examples)
    labels = choose_labels(request.train, train_examples, known_labels(request.source))
    train_ids, dev_ids = (
        label_ids(path, examples, labels)
        for path, examples in ((request.train, train_examples), (request.dev, dev_examples))
    )
    if request.source.trains_vocabulary and vocabulary is None:
        reporter.note(f"training a vocabulary on {len(train_examples):,} examples")
    start = make_start(request, labels, train_examples, vocabulary)
    max_length = request.settings.max_length
    train_data = encode(train_examples, train_ids, start.tokenizer, max_length)
    if train_data.truncated:
        reporter.note(
            f"{train_data.truncated:,} of {len(train_examples):,} training examples have more than {max_length} tokens "
            f"and lose their end (--max-length)"
        )
    return start, train_data, encode(dev_examples, dev_ids, start.tokenizer, max_length)


def _check_pairs(request: Request, train_examples: Sequence[Example], dev_examples: Sequence[Example]) -> None:
    pairs = [examples[0].text_pair is not None for examples in (train_examples, dev_examples)]
    if pairs[0] != pairs[1]:
        kinds = ["pairs" if pair else "single texts" for pair in pairs]
        raise DataError(
            f"both data files must hold pairs, or both single texts; "
            f"received {kinds[0]} in {str(request.train)!r} and {kinds[1]} in {str(request.dev)!r}"
        )
