"""The errors that a user can cause, one class a kind of input.

Each message is one line that states the rule and the value received. The command line prints the message without a
traceback and leaves with `exit_code`; any other exception is a defect of this project and keeps its traceback.
"""


class AlbertEdgeError(Exception):
    """Bad use or bad input: the base of the family, for `except albert_edge.AlbertEdgeError`."""

    exit_code = 2


class ConfigError(AlbertEdgeError):
    """A model configuration, an option or a name that is not allowed."""


class DataError(AlbertEdgeError):
    """A data file or a text that can't be used; for files the message starts with `path:line:`."""


class TokenizerError(AlbertEdgeError):
    """A SentencePiece model that can't be read or doesn't fit the model."""


class FolderError(AlbertEdgeError):
    """A Hugging Face folder with a missing, surplus or misshapen part."""


class ArtifactError(AlbertEdgeError):
    """A `.tflite` file that is damaged, foreign, or newer than this reader."""


class RuntimeUnavailableError(AlbertEdgeError):
    """No interpreter, or not the one asked for, is installed; or it refused the model."""


class DeviceError(AlbertEdgeError):
    """A device that isn't known, can't be reached, isn't the one it was, or failed at what it was asked."""


class MissingPackageError(AlbertEdgeError):
    """A command needs an optional part of the installation (`pip install albert-edge[host]`)."""


class CheckFailedError(AlbertEdgeError):
    """The input was usable and the answer is no: a comparison or a gate failed (exit code 1)."""

    exit_code = 1


class StoppedError(AlbertEdgeError):
    """The user stopped a run that can go on later (the exit code is a shell's for Ctrl-C)."""

    exit_code = 130
