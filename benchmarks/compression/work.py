"""What the parts share: the plan, the data sets, trained folders and files that are made once, rows that are kept."""

import dataclasses
import json
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

import click

import albert_edge
from albert_edge.errors import AlbertEdgeError, ConfigError, DataError
from albert_edge.files import atomic_write, file_sha256, read_json_object
from albert_edge.harness.environment import machine, software
from albert_edge.training.reporting import TerminalReporter
from albert_edge.training.settings import FROM_SCRATCH
from benchmarks.tasks import columns
from benchmarks.timing import LENGTHS

SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is trained and how often it is measured: the published figures have these values."""

    size: str = "mini"
    layers: Optional[int] = 6
    learning_rate: float = 5e-4
    """Of trainings from random weights and of those that go on like them: six layers don't learn at 1e-3."""
    student: str = "tiny"
    student_epochs: Optional[int] = 3
    seeds: tuple[int, ...] = (1, 2, 3)
    """Of the students; each number trains two of them."""
    distilled: tuple[str, ...] = ("ag_news",)
    """The sets that students are trained on."""
    rounds: int = 30
    """Runs of each file at each length."""
    lengths: tuple[int, ...] = LENGTHS
    walks: int = 5
    """Rounds of each text of dev, where a mean over dev is measured."""
    base: str = "base"
    """The size whose bytes and times are measured with random weights."""
    controls: bool = True
    """Whether the unpruned model is tuned as long as the pruned ones, and int8 is trained for too."""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Of every training."""


@dataclasses.dataclass(frozen=True)
class DataSet:
    """Labelled texts, the columns called `text` and `label`."""

    name: str
    train: Path
    dev: Path
    settings: Mapping[str, Any]
    """Of every training on it."""
    tuning_epochs: int
    """Passes of each training that starts from a trained folder: SST-2 has 67,349 rows."""
    few: Path
    """The first `FEW_ROWS` rows of `train`, or all: enough for weights to settle on a grid."""
    is_taught: bool = False
    """Whether a pruned model learns from the unpruned one too: a small set's labels alone are not enough."""


def data_sets(data: Path, out: Path) -> dict[str, DataSet]:
    """The sets in the folder `data`; SST-2's two files have different headers and are written anew under `out`."""
    phrases, news = data / "sst2", data / "ag_news"
    train, dev = (columns(phrases / name, out / "sst2" / name, "label\ttext", (0, 1), 1) for name in TABLES)
    few = _first_rows(train, out / "sst2" / "few.tsv")
    return {
        "sst2": DataSet("sst2", train, dev, {"max_length": 64}, tuning_epochs=1, few=few),
        "ag_news": DataSet("ag_news", news / TABLES[0], news / TABLES[1], {}, 2, news / TABLES[0], is_taught=True),
    }


TABLES = ("train.tsv", "dev.tsv")
FEW_ROWS = 10_000


def _first_rows(source: Path, target: Path) -> Path:
    lines = source.read_text(encoding="utf-8").splitlines()[: FEW_ROWS + 1]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def slug(name: str) -> str:
    """`name` as part of a file's name."""
    return "-".join(name.replace(",", "").split())


class Rows:
    """Measured rows by name in one JSON file, written after each; a row that is there isn't measured again."""

    def __init__(self, path: Path, request: Mapping[str, Any]) -> None:
        """Raises `ConfigError` if the rows at `path` were measured for another request."""
        self._path = path
        self._request = json.loads(json.dumps(request))
        self._stored: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "request": self._request,
            "environment": {**machine(), **software(), "threads": 1},
            "rows": {},
        }
        if path.exists():
            self._stored = read_json_object(path, ConfigError)
            if self._stored["request"] != self._request:
                raise ConfigError(
                    f"rows that are kept must be of this plan and this data; received {str(path)!r} of another: "
                    "give another --out"
                )

    def once(self, name: str, measure: Callable[[], Any]) -> Any:
        """The row of that name as JSON values, measured now if it isn't there."""
        if name not in self._stored["rows"]:
            click.echo(f"{self._path.stem}: {name}", err=True)
            self._stored["rows"][name] = json.loads(json.dumps(measure()))
            atomic_write(self._path, json.dumps(self._stored, indent=1).encode())
        return self._stored["rows"][name]


class Work:
    """The folder of a run: what was trained, converted and measured in it."""

    def __init__(
        self,
        folder: Path,
        sets: Mapping[str, DataSet],
        plan: Optional[Plan] = None,
        trained: Optional[Mapping[str, Path]] = None,
        vocabulary: Optional[Path] = None,
    ) -> None:
        """`trained`: set -> a folder to take as its plain model; `vocabulary`: None trains one on each set."""
        self.folder, self.sets, self.plan = folder, sets, plan or Plan()
        self._trained, self._vocabulary = dict(trained or {}), vocabulary
        folder.mkdir(parents=True, exist_ok=True)

    def rows(self, part: str, on_data: bool = True) -> Rows:
        """The rows of a part; they belong to the plan and, `on_data`, to the sets and the folders that were given."""
        request: dict[str, Any] = {"plan": dataclasses.asdict(self.plan)}
        if on_data:
            sets = self.sets.values()
            request["sets"] = {
                data.name: [file_sha256(path, DataError) for path in (data.train, data.dev)] for data in sets
            }
            request["models"] = {name: str(path) for name, path in self._trained.items()}
        return Rows(self.folder / f"{part}.json", request)

    def path(self, *names: str) -> Path:
        """A place under the folder, whose own folder is there."""
        path = self.folder.joinpath(*names)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def model(self, data: DataSet, multi_exit: bool = False) -> Path:
        """The folder trained on `data` from random weights, plain or with every depth answering."""
        kind = "multi-exit" if multi_exit else "plain"
        given = self._trained.get(data.name if not multi_exit else f"{data.name} multi-exit")
        start = {
            "size": self.plan.size,
            "layers": self.plan.layers,
            "vocab": self._vocabulary,
            "learning_rate": self.plan.learning_rate,
        }
        return given or self.train(data, kind, **start, **({"multi_exit": True} if multi_exit else {}))

    def tuned(self, data: DataSet, name: str, start: Path, **settings: Any) -> Path:
        """The folder of a short training from `start`, at the rates of one from random weights, as `prune` has it."""
        repeated = {"learning_rate": self.plan.learning_rate, "word_dropout": FROM_SCRATCH["word_dropout"]}
        return self.train(data, name, from_=start, **{**repeated, "epochs": data.tuning_epochs, **settings})

    def train(self, data: DataSet, name: str, train: Optional[Path] = None, **options: Any) -> Path:
        """The folder of a training on `data`, or on the rows of `train`, made unless it is there.

        Stopped in the middle, it goes on.
        """
        path = self.path(data.name, "models", name)
        files = train or data.train, data.dev
        settings = {"threads": 1, "reporter": TerminalReporter(), **data.settings, **options, **self.plan.settings}
        return self.made(path, lambda: albert_edge.train("text-classification", *files, path, **settings))

    def made(self, path: Path, make: Callable[[], Any]) -> Path:
        """`path`, after `make` unless it is there: every writer here leaves a whole file or folder, or none."""
        if not path.exists():
            click.echo(f"making {path}", err=True)
            make()
        return path

    def file(self, model: Path, path: Path, **options: Any) -> Path:
        """The `.tflite` of a folder, made unless it is there."""
        return self.made(path, lambda: albert_edge.convert(model, path, **options))

    def file_or_reason(self, model: Path, path: Path, **options: Any) -> tuple[Optional[Path], Optional[str]]:
        """The file, or why there can be none: a conversion that is refused is a result too."""
        try:
            return self.file(model, path, **options), None
        except AlbertEdgeError as refusal:
            return None, str(refusal)
