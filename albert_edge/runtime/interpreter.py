"""The interpreter packages: the only module that names one. `open_session` runs a model in this process.

`ai_edge_litert` is tried first, then `tflite_runtime`; TensorFlow's own copy only if asked for. Everything goes through
the model's one signature. Its runner fits the graph to the inputs' length by itself, at no cost where the length
repeats: one interpreter serves every length on each package. Left out: models with several signatures or none, other
delegates than the package's own XNNPACK, and CompiledModel, which runs the same kernels in 5 MB more.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple, Optional, Union

from albert_edge.artifact import Artifact, read_artifact
from albert_edge.artifact.mapping import MappedFile
from albert_edge.artifact.tables import Data
from albert_edge.errors import ConfigError, RuntimeUnavailableError
from albert_edge.files import PathLike
from albert_edge.quiet import notices_held_back
from albert_edge.runtime.session import Arrays, InputSpec, Session, input_specs

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Package(NamedTuple):
    """Where a package keeps its interpreter."""

    distribution: str
    module: str
    has_safe_delegate: bool = True
    """Whether its default delegate takes graphs whose length changes."""
    needs_numpy_1: bool = False
    """Built for numpy 1: beside numpy 2 it imports, and then fails in native code."""
    goes_before_tensorflow: bool = False
    """Loaded after TensorFlow it can't read a model's signatures; loaded before it, both work."""
    safe_delegate_since: tuple[int, ...] = ()
    """The first version whose default delegate is known to take such graphs, if not all do."""
    other_distributions: tuple[str, ...] = ()
    """Names under which the same package is distributed too."""

    @property
    def installed(self) -> tuple[str, str]:
        """Distribution and version."""
        from importlib.metadata import PackageNotFoundError, version

        for distribution in self.other_distributions:
            with contextlib.suppress(PackageNotFoundError):
                return distribution, version(distribution)
        return self.distribution, version(self.distribution)

    @property
    def is_delegate_safe(self) -> bool:
        """Whether the installed version's is."""
        if not self.safe_delegate_since:
            return self.has_safe_delegate
        numbers = (part for part in self.installed[1].split(".") if part.isdecimal())
        return tuple(map(int, numbers)) >= self.safe_delegate_since


# The XNNPACK delegate of tflite-runtime 2.14 answers wrongly, without an error, once the length has changed, and at
# any length where weights are float16. Without it every length is right, and float32 takes 15 % longer. That of
# TensorFlow 2.16.1 answers wrongly or fails once the length has changed; versions between it and 2.21 weren't tried.
PACKAGES = {
    "ai_edge_litert": Package("ai-edge-litert", "ai_edge_litert.interpreter"),
    "tflite_runtime": Package("tflite-runtime", "tflite_runtime.interpreter", False, True, goes_before_tensorflow=True),
    # Its folder `tensorflow.lite` is not the public `tf.lite`, which only the package itself knows.
    "tensorflow": Package(
        "tensorflow",
        "tensorflow.lite.python.interpreter",
        safe_delegate_since=(2, 21),
        other_distributions=("tensorflow-cpu",),
    ),
}
DEFAULT_PACKAGES = ("ai_edge_litert", "tflite_runtime")


def open_session(model: Union[bytes, Artifact, PathLike], threads: int = 1, runtime: Optional[str] = None) -> Session:
    """Load `model` into an interpreter with `threads` threads.

    `model` is an artifact or the path of one, which is then read and checked, or the bytes of a flatbuffer that the
    caller answers for: of those only the inputs' names, types and shapes are checked when they run. `runtime` is a key
    of `PACKAGES`; None takes the first of `DEFAULT_PACKAGES` that is installed. Raises `RuntimeUnavailableError` if
    there is none or it refuses the model, and `ArtifactError` if the file fails a check or was written to meanwhile.
    """
    if threads < 1:
        raise ConfigError(f"threads must be at least 1; received {threads}")
    name, module = _import_package(runtime)
    if isinstance(model, bytes):
        return InterpreterSession(name, module, model, None, threads, None)
    artifact = model if isinstance(model, Artifact) else read_artifact(model)
    return InterpreterSession(name, module, artifact.model, artifact.file, threads, input_specs(artifact.manifest))


def package_of(runtime: str) -> tuple[str, str]:
    """Key in `PACKAGES` and module of the package of `runtime`, as `ai-edge-litert 2.3.0`."""
    distribution = runtime.split()[0]
    return next(
        (name, package.module)
        for name, package in PACKAGES.items()
        if distribution in (package.distribution, *package.other_distributions)
    )


def delegate_of(runtime: str) -> Optional[str]:
    """The delegate that a session of `runtime` hands operators to, the package's own; None: it runs without."""
    return "XNNPACK" if PACKAGES[package_of(runtime)[0]].is_delegate_safe else None


class InterpreterSession(Session):
    """A model in an interpreter of this process.

    The delegate packs the weights into memory of its own, and those in the file are not read again. So where `model`
    lies in a mapped `file` the interpreter maps the same file, and its pages are dropped once it is loaded: at least
    8 MB less than with a copy, for ALBERT-base. Each run makes sure first that nobody has written to the file.
    """

    def __init__(
        self,
        package: str,
        module: Any,
        model: Data,
        file: Optional[MappedFile],
        threads: int,
        inputs: Optional[Mapping[str, InputSpec]],
    ) -> None:
        self._package = PACKAGES[package]
        self._file = file if file is not None and file.path is not None else None
        options: dict[str, Any] = {"num_threads": threads}
        if not self._package.is_delegate_safe:
            options["experimental_op_resolver_type"] = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        source = {"model_path": self._file.path} if self._file else {"model_content": bytes(model)}
        # LiteRT announces its delegate to standard error once a process; nobody asked.
        with self._reported("load"), notices_held_back(b"INFO: "):
            self._interpreter = module.Interpreter(**source, **options)
            self._interpreter.allocate_tensors()
            self._runner = self._interpreter.get_signature_runner()
        if self._file:
            self._file.check_unchanged()
            self._file.drop_pages()
        super().__init__(inputs or _stated_inputs(self._runner))

    @property
    def runtime(self) -> str:
        """Package and version."""
        return " ".join(self._package.installed)

    def inputs_in_order(self) -> list[str]:
        """Names of the inputs as the graph lists them: programs that know no signatures go by that order."""
        named = {details["index"]: name for name, details in self._runner.get_input_details().items()}
        return [named[details["index"]] for details in self._interpreter.get_input_details()]

    def _invoke(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        if self._file:
            self._file.check_unchanged()
        with self._reported("run"):
            outputs: dict[str, NDArray[Any]] = self._runner(**inputs)
        return outputs

    def _release(self) -> None:
        del self._runner, self._interpreter

    @contextlib.contextmanager
    def _reported(self, action: str) -> Iterator[None]:
        """Turn the interpreter's refusal into the one-line error; what it printed to standard error says more."""
        try:
            yield
        except (RuntimeError, ValueError) as reason:
            lines = str(reason).strip().splitlines() or [type(reason).__name__]
            raise RuntimeUnavailableError(
                f"an interpreter must be able to {action} the model; received a refusal of {self.runtime}: {lines[0]}"
            ) from reason


def _stated_inputs(runner: Any) -> dict[str, InputSpec]:
    """What the model itself says of its inputs."""
    import numpy as np

    return {
        name: InputSpec(np.dtype(details["dtype"]).name, tuple(int(size) for size in details["shape_signature"]))
        for name, details in runner.get_input_details().items()
    }


def _import_package(runtime: Optional[str]) -> tuple[str, Any]:
    """Name and module of the package asked for, or of the first that is installed."""
    if runtime is not None and runtime not in PACKAGES:
        raise ConfigError(f"runtime must be one of {', '.join(PACKAGES)}; received {runtime!r}")
    reasons = []
    for name in DEFAULT_PACKAGES if runtime is None else (runtime,):
        module, reason = _try_import(PACKAGES[name])
        if module is not None:
            return name, module
        reasons.append(f"{name} ({reason})")
    raise RuntimeUnavailableError(
        f"an interpreter must be installed, as by `pip install ai-edge-litert`; received {' and '.join(reasons)}"
    )


def _try_import(package: Package) -> tuple[Any, str]:
    """The module, or None and why it can't be used."""
    import numpy as np

    if package.needs_numpy_1 and not np.__version__.startswith("1."):
        return None, f"needs numpy below 2, not {np.__version__}"
    if package.goes_before_tensorflow and "tensorflow" in sys.modules and package.module not in sys.modules:
        return None, "must be loaded before TensorFlow, or run by `open_isolated`"
    try:
        return importlib.import_module(package.module), ""
    except ImportError as reason:
        return None, str(reason)
