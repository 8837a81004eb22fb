"""Model folders by name: a local path, or `hf:owner/name@revision` on the Hugging Face Hub.

A download is huggingface_hub's: its cache, its token and its environment variables (`HF_ENDPOINT`, `HF_HOME`,
`HF_HUB_OFFLINE`) apply. Only the files that a model folder consists of are fetched.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from albert_edge.errors import FolderError
from albert_edge.files import PathLike
from albert_edge.model.packages import host_package
from albert_edge.text.tokenizer import TOKENIZER_FILES

PREFIX = "hf:"

_NAME = re.compile(r"(?P<repository>[\w.-]+(/[\w.-]+)?)(@(?P<revision>[\w./-]+))?")

_FILES = ["config.json", *TOKENIZER_FILES, "special_tokens_map.json"]
_WEIGHTS = (
    ["model.safetensors"],
    ["model.safetensors.index.json", "model-*.safetensors"],
    ["pytorch_model.bin"],
    ["pytorch_model.bin.index.json", "pytorch_model-*.bin"],
    ["tf_model.h5"],
)
"""The files of one set of weights, in the order in which checkpoint.py looks for them: many repositories hold several
sets, and only the first is fetched."""


def resolve_folder(name: PathLike) -> Path:
    """The local folder for `name`, downloaded if it starts with `hf:`; raises `FolderError` if there is none."""
    if isinstance(name, str) and name.startswith(PREFIX):
        return _download(name)
    folder = Path(name)
    if not folder.is_dir():
        raise FolderError(f"a model must be a folder or hf:owner/name@revision; received {str(name)!r}")
    return folder


def _download(name: str) -> Path:
    match = _NAME.fullmatch(name[len(PREFIX) :])
    if match is None:
        raise FolderError(
            f"a model on the Hub must be written hf:owner/name or hf:owner/name@revision; received {name!r}"
        )
    hub, errors = host_package("huggingface_hub"), host_package("huggingface_hub.errors")
    try:
        for weights in _WEIGHTS:
            folder = hub.snapshot_download(
                match["repository"], revision=match["revision"], allow_patterns=[*_FILES, *weights]
            )
            if (Path(folder) / weights[0]).is_file():
                break
    except (errors.HfHubHTTPError, errors.HFValidationError, errors.LocalEntryNotFoundError, OSError) as reason:
        # The library's messages run over many lines.
        summary = textwrap.shorten(str(reason), 240)
        raise FolderError(f"{PREFIX} must name a model that can be fetched; received {name!r} ({summary})") from reason
    return Path(folder)
