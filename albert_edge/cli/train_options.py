"""The options of `albert-edge train`: what every task takes, and what its recipe adds, with the defaults in words."""

from __future__ import annotations

from typing import Any, Callable, Collection

import click

from albert_edge.cli.options import column_options, json_option, overwrite_option, text_column_options
from albert_edge.model.sizes import SIZES
from albert_edge.settings import POOLINGS
from albert_edge.training.recipes import LOSS, OWN_SETTINGS, PRIVATE_SETTINGS, RECIPES, Recipe
from albert_edge.training.settings import CLASS_WEIGHTS, METRICS, QAT_KINDS, TrainingSettings

Option = Callable[[Any], Any]

_COUNT = click.IntRange(1)

# The settings of a training: option, type, meaning. Their home is training/settings.py, which has reasons and defaults.
_SETTINGS: tuple[tuple[str, Any, str], ...] = (
    ("--epochs", _COUNT, "Passes over the training set, at most."),
    ("--patience", _COUNT, "Epochs without a better score that end the training."),
    ("--batch-size", _COUNT, "Inputs a step."),
    ("--max-length", click.IntRange(4), "Tokens of an input, here and later on the device."),
    ("--learning-rate", float, "The highest one."),
    ("--warmup", float, "Share of the steps over which it rises."),
    ("--weight-decay", float, "Of AdamW."),
    ("--max-gradient-norm", float, "Larger gradients are scaled down to it."),
    ("--dropout", float, "Everywhere in the model."),
    ("--word-dropout", float, "Share of the pieces that are masked."),
    ("--word-vectors/--no-word-vectors", None, "Start word embeddings from counts of near words."),
    ("--freeze-encoder/--no-freeze-encoder", None, "With --from: only the head learns."),
    ("--multi-exit/--no-multi-exit", None, "Learn from every layer's output, so that any depth may be the last."),
    ("--teacher", str, "A trained model whose answers are learnt too: a folder, or hf:owner/name@revision."),
    ("--teacher-weight", float, "Share of its answers in the loss; the rest is the labels'."),
    ("--temperature", float, "What its logits and the student's are divided by."),
    ("--teacher-hidden", float, "Weight of the loss of its hidden states."),
    ("--teacher-attention", float, "Weight of the loss of its attention maps."),
    ("--sparsity", float, "Share of the encoder's weights that become zero."),
    ("--keep-zeros/--no-keep-zeros", None, "With --from: weights that are zero stay zero."),
    ("--qat", click.Choice(QAT_KINDS), "Learn with the rounding of such a file."),
    ("--label-smoothing", float, "Share of the target that is spread over all labels."),
    ("--class-weights", click.Choice(CLASS_WEIGHTS), "Whether rare labels count more."),
    ("--stride", _COUNT, "Tokens between the starts of a long text's windows."),
    ("--mask-share", float, "Share of the pieces that are asked for."),
    ("--pooling", click.Choice(POOLINGS), "Of the tokens' states."),
    ("--normalize/--no-normalize", None, "Whether vectors have length 1."),
    ("--replay-share", float, "Share of an epoch's inputs that are old ones."),
    ("--keep-labels/--no-keep-labels", None, "With --from: its labels stay, new ones come behind them."),
    ("--dp-epsilon", float, "Private training: find the noise that promises this epsilon for each row of --train."),
    ("--dp-noise-multiplier", float, "Private training: noise of the sum of gradients, over the clip."),
    ("--dp-clip", float, "Private training: the largest norm of one row's gradient."),
    ("--dp-delta", float, "Private training: the probability that epsilon doesn't cover."),
    ("--seed", click.IntRange(0), "One seed, one result."),
)


_DEV_COLUMN = click.option("--dev-text-column", help="In --dev, where it is another one.")
_SEPARATOR = click.option(
    "--label-separator", help="With several labels: what stands between them in a cell.  [default: |]"
)
_COLUMNS: dict[str, tuple[Option, ...]] = {
    "text-classification": (column_options, _DEV_COLUMN, _SEPARATOR),
    "feature-extraction": (column_options, _DEV_COLUMN),
    "fill-mask": (text_column_options, _DEV_COLUMN),
    "sentence-order": (column_options, _DEV_COLUMN),
}


def train_options(task: str, files: str) -> tuple[Option, ...]:
    """All options of the command of `task`, whose data files are what `files` says."""
    return (*_common_options(task, files), *_COLUMNS.get(task, ()), *_setting_options(task), *_END)


def _common_options(task: str, files: str) -> tuple[Option, ...]:
    """What every task takes."""
    case = "uncased" if RECIPES[task].lower_case else "cased"
    return (
        click.option("--train", "train_file", required=True, help=f"The training set: {files}."),
        click.option("--dev", "dev_file", required=True, help="The set that decides which epoch was the best."),
        click.option("--out", required=True, help="The model folder to write."),
        click.option("--size", type=click.Choice(list(SIZES)), help="Start from random weights in this size."),
        click.option("--from", "from_", help="Start from a checkpoint: a folder, or hf:owner/name@revision."),
        click.option("--replay", help="With --from: old training data, some of which each epoch sees again."),
        click.option("--old-dev", help="With --from: old data, to measure what is forgotten of them."),
        click.option("--layers", type=_COUNT, help="Another depth than the size's own: it costs no parameter."),
        click.option(
            "--vocab",
            help="With --size: spiece.model or vocab.txt, or a folder.  [default: the teacher's; else trained]",
        ),
        click.option(
            "--vocab-size",
            type=_COUNT,
            help="Pieces of the trained vocabulary, at most.  [default: by the amount of text]",
        ),
        click.option(
            "--cased/--uncased",
            default=None,
            help=f"Whether the trained vocabulary keeps upper case.  [default: {case}]",
        ),
        click.option("--keep-accents", is_flag=True, help="The trained vocabulary keeps accents."),
    )


def _setting_options(task: str) -> list[Option]:
    """An option for each setting that the task has; None where it isn't given."""
    recipe = RECIPES[task]
    metrics = dict.fromkeys(name for names in recipe.scores.values() for name in (*names, LOSS))
    kinds = click.Choice([str(kind) for kind in recipe.kinds])
    rows = [("--metric", click.Choice(list(metrics)), "The score that decides, on --dev."), *_SETTINGS]
    if recipe.kind_setting is not None:
        rows = [(f"--{recipe.kind_setting.replace('_', '-')}", kinds, "What is learnt."), *rows]
    found = []
    for flag, kind, meaning in rows:
        name = _name_of(flag)
        if name in recipe.own_settings or name not in OWN_SETTINGS:
            help_text = f"{meaning}  [default: {_default(task, recipe, name)}]"
            # Said in so many words, or a flag that isn't given is False and not the settings' own default.
            found.append(click.option(flag, type=kind, default=None, help=help_text))
    return found


def options_of_a_further_training(without: Collection[str]) -> tuple[Option, ...]:
    """Columns, settings and the rest of a training whose defaults are those of the model that it goes on with.

    `without`: names of settings that are no options of the command, or have another meaning there.
    """
    # What a training was pruned for is counted from its rows, without noise.
    names = [(row, _name_of(row[0])) for row in _SETTINGS]
    rows = [row for row, name in names if name not in without and name not in PRIVATE_SETTINGS]
    settings = [click.option(flag, type=kind, default=None, help=meaning) for flag, kind, meaning in rows]
    metric = click.option("--metric", type=click.Choice(METRICS), help="The score that decides, on --dev.")
    return (column_options, _DEV_COLUMN, _SEPARATOR, metric, *settings, *_END)


def _name_of(flag: str) -> str:
    """`--a-b/--no-a-b` -> `a_b`."""
    return flag.split("/")[0].strip("-").replace("-", "_")


_UNSET = {
    "patience": "a quarter of all epochs, at least 3",
    "dropout": "the checkpoint's",
    "sparsity": "none",
    "keep_zeros": "if more than 5% of every matrix are",
    "qat": "none",
    "stride": "half of a window's room",
    "pooling": "mean",
    "teacher": "none",
    "dp_epsilon": "not private",
    "dp_noise_multiplier": "not private",
    "dp_clip": "1",
    "dp_delta": "0.1 over the number of rows",
    "normalize": "yes",
    "replay_share": "0.2",
    "keep_labels": "with --replay or --old-dev",
}
"""What a setting is where nothing sets it."""


def _default(task: str, recipe: Recipe, name: str) -> str:
    if name == "max_length":
        return str(recipe.max_length)
    if name == "metric" and len(recipe.kinds) > 1:
        return ", ".join(dict.fromkeys(f"{names[0]} for {kind}" for kind, names in recipe.scores.items()))
    scratch, checkpoint = (
        _written(name, getattr(TrainingSettings.from_dict({}, from_checkpoint=given, task=task), name))
        for given in (False, True)
    )
    return scratch if scratch == checkpoint else f"{scratch}; with --from {checkpoint}"


def _written(name: str, value: Any) -> str:
    """A value as one writes it: 0.00005, 1, yes."""
    if value is None:
        return "by the number of texts" if name == "epochs" else _UNSET[name]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


_END = (
    click.option("--checkpoint-every", type=_COUNT, default=100, show_default=True, help="Steps between stores."),
    click.option("--restart", is_flag=True, help="Forget a training that was stopped, and start over."),
    click.option("--threads", type=_COUNT, help="Of TensorFlow.  [default: one a core]"),
    click.option("--progress/--no-progress", default=None, help="A progress bar.  [default: if stderr is a terminal]"),
    overwrite_option,
    json_option,
)
