"""The manifest: a round trip, and every way to spell it wrong."""

import copy
import json

import pytest

from albert_edge.artifact import Lengths, Manifest
from albert_edge.errors import ArtifactError

MISSING = object()


@pytest.fixture
def values(artifact) -> dict:
    return json.loads(artifact.manifest.to_bytes())


def read(values) -> Manifest:
    return Manifest.from_bytes((json.dumps(values, ensure_ascii=False, indent=2) + "\n").encode())


def test_round_trip(artifact, values):
    manifest = artifact.manifest
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    assert read(values) == manifest
    assert manifest.model_config == artifact.config


def test_what_it_says(values):
    assert list(values) == [
        "schema_version",
        "project_version",
        "task",
        "config",
        "scheme",
        "layout",
        "lengths",
        "labels",
        "tokenizer",
        "targets",
        "model_sha256",
        "files",
    ]
    assert values["schema_version"] == 1
    assert values["lengths"] == {"min": 1, "max": 64}
    assert values["labels"] == [f"LABEL_{number}" for number in range(5)]
    assert (values["tokenizer"]["kind"], values["tokenizer"]["file"]) == ("sentencepiece", "spiece.model")
    assert values["tokenizer"]["options"]["do_lower_case"] is True
    assert list(values["files"]) == ["labels.txt", "spiece.model"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema_version", 2, "schema_version must be at most 1 .* received 2: a newer albert-edge wrote the file"),
        ("schema_version", 0, "schema_version must be 1; received 0"),
        ("schema_version", "1", "schema_version must be 1; received '1'"),
        ("schema_version", True, "schema_version in albert_edge.json must be of type int; received True"),
        ("schema_version", MISSING, "schema_version must be 1; received None"),
        ("taks", "x", r"received unknown \['taks'\], missing \[\]"),
        ("scheme", MISSING, r"received unknown \[\], missing \['scheme'\]"),
        ("task", "masked-lm", "task must be one of text-classification; received 'masked-lm'"),
        ("task", 3, "task in albert_edge.json must be of type str; received 3"),
        ("layout", "spiral", "layout must be one of looped, unrolled; received 'spiral'"),
        ("layout", "unrolled", "lengths.min equal to lengths.max"),
        ("lengths", [1, 64], "lengths in albert_edge.json must be of type dict"),
        ("lengths.minimum", 3, r"lengths must have the keys min, max; received unknown \['minimum'\]"),
        ("lengths.min", 1.5, "min in lengths must be of type int; received 1.5"),
        ("lengths.min", 0, "1 <= min <= max; received 0 and 64"),
        ("lengths.min", 65, "1 <= min <= max; received 65 and 64"),
        ("lengths.max", 65, "lengths.max must be at most 64; received 65"),
        ("labels", ["a", 1], "labels must hold strings"),
        ("labels", ["a", "b"], "labels must be those of config"),
        ("labels", ["a", "b\nc"], "a label must be one line that is not empty"),
        ("labels", [""], "a label must be one line that is not empty"),
        ("targets", [3], "targets must hold strings"),
        ("targets", "litert", "targets in albert_edge.json must be of type list"),
        ("tokenizer.kind", "wordpiece", "the tokenizer's kind and file must be"),
        ("tokenizer.file", "../spiece.model", "the tokenizer's kind and file must be"),
        ("tokenizer.option", {}, r"unknown \['option'\]"),
        ("tokenizer.options", True, "options in tokenizer must be of type dict"),
        ("model_sha256", "ab", "a SHA-256 must be 64 hexadecimal digits; received 'ab'"),
        ("files", {"labels.txt": 3}, "files must hold strings"),
        ("files", {"labels.txt": "A" * 64}, "a SHA-256 must be 64 hexadecimal digits"),
        ("config.hiden_size", 3, "config must be an ALBERT's config.json; .* did you mean 'hidden_size'"),
        (
            "config.hidden_size",
            "big",
            "config must be an ALBERT's config.json; .* hidden_size must be a positive integer",
        ),
        ("config.architectures", 5, "config must be an ALBERT's config.json"),
        ("config.id2label", [], "config must be an ALBERT's config.json"),
    ],
)
def test_refuses(values, path, value, message):
    changed = copy.deepcopy(values)
    *parents, key = path.split(".")
    place = changed
    for parent in parents:
        place = place[parent]
    if value is MISSING:
        del place[key]
    else:
        place[key] = value
    with pytest.raises(ArtifactError, match=message) as error:
        read(changed)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"task"', '"task": "x",\n  "task"'),
        lambda text: text.replace("  ", " "),
        lambda text: text.rstrip(),
        lambda text: text.replace("LABEL_0", "\\u004cABEL_0"),
        lambda text: text.replace("0.02", "2e-2"),
    ],
)
def test_has_one_spelling(artifact, change):
    text = artifact.manifest.to_bytes().decode()
    assert change(text) != text
    with pytest.raises(ArtifactError, match="must be spelt as `albert-edge convert` does"):
        Manifest.from_bytes(change(text).encode())


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{", b"3", b"[" * 100_000, b'{"a":' * 100_000, b"{}"])
def test_refuses_what_is_no_object(data):
    with pytest.raises(ArtifactError):
        Manifest.from_bytes(data)


def test_refuses_numbers_that_json_has_not(values):
    values["config"]["note"] = float("nan")
    with pytest.raises(ArtifactError, match="must hold JSON values"):
        read(values)


def test_lone_surrogates_are_no_text(values):
    values["project_version"] = "\ud800"
    with pytest.raises(ArtifactError, match="must hold JSON values"):
        Manifest.from_bytes(json.dumps(values).encode())


def test_lengths_are_checked_when_built():
    with pytest.raises(ArtifactError, match="1 <= min <= max"):
        Lengths(5, 4)
