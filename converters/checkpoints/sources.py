"""What lies at a path: which program's checkpoint, and where its weights, its configuration and its vocabulary are."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Optional

from albert_edge.config import CONFIG_FILE
from albert_edge.errors import ConfigError, FolderError
from albert_edge.files import PathLike, read_bytes
from albert_edge.model.checkpoint import WEIGHTS_FILES
from albert_edge.model.formats import HUGGINGFACE, IMPORT_FORMATS, SAVED_MODEL, TF1
from albert_edge.model.hub import PREFIX, resolve_folder

_INDEX = ".index"
_STATE = re.compile(r'^model_checkpoint_path:\s*"([^"]*)"', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Source:
    """A checkpoint that was recognized."""

    format: str
    """One of `IMPORT_FORMATS`."""
    folder: Path
    prefix: Optional[Path] = None
    """A TensorFlow checkpoint's path without `.index`; none for Hugging Face's folders."""


def recognize(path: PathLike, checkpoint_format: Optional[str] = None) -> Source:
    """What is at `path`: a folder, `hf:owner/name@revision`, or a TensorFlow checkpoint's prefix or index.

    `checkpoint_format` (one of `IMPORT_FORMATS`) says which of several things in a folder is meant. Raises
    `FolderError` if nothing is recognized, or more than one thing.
    """
    if isinstance(path, str) and path.startswith(PREFIX):
        return Source(HUGGINGFACE, resolve_folder(path))
    given = Path(path)
    if not given.is_dir():
        return _prefix_source(given, checkpoint_format)
    found = [name for name, holds in _SIGNS.items() if holds(given)]
    # A SavedModel's own checkpoint lies in its folder `variables`, not beside it.
    wanted = found if checkpoint_format is None else [name for name in found if name == checkpoint_format]
    if len(wanted) == 1:
        return Source(wanted[0], given, _PREFIXES[wanted[0]](given))
    if len(wanted) > 1:
        raise FolderError(
            f"--format must say which checkpoint is meant; received {str(path)!r} with {', '.join(found)}"
        )
    asked = checkpoint_format or "one of " + ", ".join(IMPORT_FORMATS)
    names = sorted(entry.name for entry in given.iterdir())
    raise FolderError(f"a checkpoint must be {asked}; received {str(path)!r} with {names}")


def find_config(folder: Path) -> Optional[Path]:
    """The one `albert_config*.json` in `folder` or its `assets`; none if there is none."""
    return _only(folder, ("albert_config*.json",), "--config")


def find_vocabulary(folder: Path) -> Path:
    """The one vocabulary in `folder` or its `assets`: SentencePiece's `.model`, or a WordPiece `vocab*.txt`."""
    found = _only(folder, ("*.model", "vocab*.txt"), "--vocab")
    if found is None:
        raise FolderError(
            f"a checkpoint's folder must hold a SentencePiece .model or a vocab.txt, or --vocab name one; "
            f"received {str(folder)!r} without them"
        )
    return found


def _only(folder: Path, patterns: tuple[str, ...], option: str) -> Optional[Path]:
    for place in (folder, folder / "assets"):
        found = sorted(path for pattern in patterns for path in place.glob(pattern))
        if len(found) > 1:
            names = [path.name for path in found]
            raise FolderError(f"{option} must say which file is meant; received {str(place)!r} with {names}")
        if found:
            return found[0]
    return None


def _prefix_source(path: Path, checkpoint_format: Optional[str]) -> Source:
    prefix = path.with_name(path.name[: -len(_INDEX)]) if path.name.endswith(_INDEX) else path
    if not prefix.with_name(prefix.name + _INDEX).is_file():
        raise FolderError(f"a checkpoint must be a folder, or the prefix of an .index file; received {str(path)!r}")
    if checkpoint_format not in (None, TF1):
        raise ConfigError(f"--format must be {TF1} for the prefix of a checkpoint; received {checkpoint_format!r}")
    return Source(TF1, prefix.parent, prefix)


def _tf1_prefix(folder: Path) -> Path:
    """The checkpoint that the file `checkpoint` names, else the only one there is."""
    found = sorted(path.name[: -len(_INDEX)] for path in folder.glob(f"*{_INDEX}"))
    state = folder / "checkpoint"
    if state.is_file():
        match = _STATE.search(read_bytes(state, FolderError).decode("utf-8", "replace"))
        # It may be an absolute path on the machine of the training: the last part counts.
        name = re.split(r"[/\\]", match[1])[-1] if match else None
        if name not in found:
            raise FolderError(f"checkpoint must name one of {found}; received {name!r} in {str(folder)!r}")
        return folder / str(name)
    if len(found) > 1:
        raise FolderError(f"one checkpoint must be meant; received {str(folder)!r} with {found}: give one as the path")
    return folder / found[0]


def _is_saved_model(folder: Path) -> bool:
    return (folder / "saved_model.pb").is_file()


_SIGNS = {
    HUGGINGFACE: lambda folder: (
        (folder / CONFIG_FILE).is_file() or any((folder / name).is_file() for name in WEIGHTS_FILES)
    ),
    TF1: lambda folder: any(folder.glob(f"*{_INDEX}")),
    SAVED_MODEL: _is_saved_model,
}
_PREFIXES = {
    HUGGINGFACE: lambda _: None,
    TF1: _tf1_prefix,
    SAVED_MODEL: lambda folder: folder / "variables" / "variables",
}
