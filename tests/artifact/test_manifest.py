"""The manifest: a round trip, and every way to spell it wrong."""

import copy
import json

import pytest
from small_models import EXIT, HEAD, OUTPUT, head_of, read

from albert_edge.artifact import Head, Lengths, Manifest
from albert_edge.artifact.heads import check_heads, labels_of
from albert_edge.errors import ArtifactError
from albert_edge.settings import DeviceSettings

MISSING = object()


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
        "parts",
        "activations",
        "layout",
        "lengths",
        "exit",
        "labels",
        "heads",
        "quantized_outputs",
        "tokenizer",
        "targets",
        "model_sha256",
        "files",
    ]
    assert values["schema_version"] == 3
    assert values["heads"] == []
    assert values["lengths"] == {"min": 1, "max": 64}
    assert values["labels"] == [f"LABEL_{number}" for number in range(5)]
    assert (values["tokenizer"]["kind"], values["tokenizer"]["file"]) == ("sentencepiece", "spiece.model")
    assert values["tokenizer"]["options"]["do_lower_case"] is True
    assert list(values["files"]) == ["labels.txt", "spiece.model"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema_version", 4, "schema_version must be at most 3 .* received 4: a newer albert-edge wrote the file"),
        ("schema_version", 0, "schema_version must be from 1 to 3; received 0"),
        ("schema_version", "1", "schema_version must be from 1 to 3; received '1'"),
        ("schema_version", True, "schema_version must be from 1 to 3; received True"),
        ("schema_version", MISSING, "schema_version must be from 1 to 3; received None"),
        ("schema_version", 1, r"received unknown \[.*'heads', .*\], missing \[\]"),
        ("schema_version", 2, r"unknown \['activations', 'exit', 'parts', 'quantized_outputs'\], missing \[\]"),
        ("heads", {}, "heads in albert_edge.json must be of type list"),
        ("heads", [3], "a head must have the keys task, labels, problem_type, settings; received 3"),
        ("heads", [{**HEAD, "notes": 1}], "a head must have the keys .* received .*notes"),
        ("heads", [{**HEAD, "task": "tagging"}], "task must be one of text-classification, .* received 'tagging'"),
        ("heads", [{**HEAD, "task": "text-classification"}], "a task of its own; .*classification, text-class"),
        ("heads", [{**HEAD, "labels": []}], "a token-classification head must have labels; received 0"),
        ("heads", [{**HEAD, "labels": ["O", 3]}], "a head's labels must be a list of strings"),
        ("heads", [{**HEAD, "labels": ["O", "O"]}], "described as in config.json; .* labels must .* differ"),
        ("heads", [{**HEAD, "labels": ["O", "a\nb"]}], "a label must be one line that is not empty"),
        ("heads", [{**HEAD, "problem_type": "tags"}], "described as in config.json; .* problem_type must be one of"),
        ("heads", [{**HEAD, "settings": {"strid": 3}}], "described as in config.json; .* did you mean 'stride'"),
        ("heads", [{**HEAD, "settings": {"stride": 0}}], "described as in config.json; .* stride must be"),
        ("heads", [{**HEAD, "settings": 3}], "a token-classification head must be described as in config.json"),
        ("heads", [{**HEAD, "task": "fill-mask"}], "a fill-mask head must have no labels; received 2"),
        ("parts", [], "parts in albert_edge.json must be of type dict"),
        ("parts", {"ffn": "int8"}, "a part must be one of embedding, projection, .*, head; received 'ffn'"),
        ("parts", {"head": "int2"}, "the precision of head must be one of float32, .*, int4; received 'int2'"),
        ("parts", {"head": ["int8"]}, "the precision of head must be one of"),
        ("activations", 8, "activations in albert_edge.json must be of type str or NoneType"),
        ("activations", "int4", "activations must be null or one of int8, int16; received 'int4'"),
        ("activations", MISSING, r"missing \['activations'\]"),
        ("exit", "entropy", "exit in albert_edge.json must be of type dict or NoneType"),
        ("exit", {"kind": "entropy"}, "an exit must have the keys kind, threshold, calibration; received"),
        ("exit", {**EXIT, "kind": "energy"}, "the exit must be one of entropy, patience; received 'energy'"),
        ("exit", {**EXIT, "threshold": 0.0}, "exit_threshold must be a finite number above 0, .* received 0.0"),
        ("exit", {**EXIT, "threshold": True}, "exit_threshold must be a finite number above 0"),
        ("exit", {**EXIT, "threshold": "1"}, "exit_threshold must be a finite number above 0"),
        ("exit", {**EXIT, "threshold": float("inf")}, "exit_threshold must be a finite number above 0"),
        ("exit", {**EXIT, "threshold": 1}, "must be spelt as `albert-edge convert` does"),
        ("exit", {**EXIT, "calibration": 3}, "an exit's calibration must be null or an object; received 3"),
        ("quantized_outputs", [], "quantized_outputs in albert_edge.json must be of type dict"),
        ("quantized_outputs", {"scores": OUTPUT}, r"quantized_outputs must be among logits; received \['scores'\]"),
        ("quantized_outputs", {"logits": 3}, "a quantized output must have the keys dtype, scale, zero_point"),
        ("quantized_outputs", {"logits": {**OUTPUT, "bits": 8}}, "a quantized output must have the keys"),
        ("quantized_outputs", {"logits": {**OUTPUT, "dtype": "uint8"}}, "must be int8 or int16; received 'uint8'"),
        ("quantized_outputs", {"logits": {**OUTPUT, "scale": 0.0}}, "the scale of a quantized output must be a number"),
        ("quantized_outputs", {"logits": {**OUTPUT, "scale": True}}, "the scale of a quantized output must be"),
        ("quantized_outputs", {"logits": {**OUTPUT, "zero_point": 128}}, "from -128 to 127; received 128"),
        ("quantized_outputs", {"logits": {**OUTPUT, "zero_point": 0.5}}, "must be a whole number .* received 0.5"),
        ("taks", "x", r"received unknown \['taks'\], missing \[\]"),
        ("scheme", MISSING, r"received unknown \[\], missing \['scheme'\]"),
        ("task", "masked-lm", "task must be one of text-classification, .*, sentence-order; received 'masked-lm'"),
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
        (
            "tokenizer.kind",
            "wordpiece",
            "kind and file must be .*'wordpiece', 'vocab.txt'.* received .*'wordpiece', 'spi",
        ),
        ("tokenizer.kind", "bytes", "the tokenizer's kind and file must be"),
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


# === Heads ===


def test_further_heads(values):
    values["heads"] = [HEAD, {"task": "feature-extraction", "labels": [], "problem_type": None, "settings": {}}]
    manifest = read(values)
    first, tagger, embedder = manifest.all_heads
    assert (first.task, first.config) == ("text-classification", manifest.model_config)
    assert (tagger.task, tagger.config.labels, tagger.config.settings.stride) == (HEAD["task"], ("O", "B-X"), 9)
    assert tagger.config.hidden_size == first.config.hidden_size
    assert (embedder.task, labels_of(embedder), embedder.config.settings) == (
        "feature-extraction",
        (),
        DeviceSettings(),
    )
    assert json.loads(manifest.to_bytes())["heads"] == values["heads"]


def test_a_further_head_has_none_of_the_first_ones_settings(values):
    values["config"]["albert_edge"] = {"max_length": 32, "merge": "max"}
    values["heads"] = [HEAD]
    first, tagger = read(values).all_heads
    assert first.config.settings == DeviceSettings(max_length=32, merge="max")
    assert tagger.config.settings == DeviceSettings(stride=9)


def test_files_follow_from_task_and_tokenizer(values):
    assert read(values).file_names == ("labels.txt", "spiece.model")
    values.update(task="fill-mask", labels=[], tokenizer={"kind": "wordpiece", "file": "vocab.txt", "options": {}})
    assert read(values).file_names == ("vocab.txt",)
    values["labels"] = [f"LABEL_{number}" for number in range(5)]
    with pytest.raises(ArtifactError, match=r"labels must be those of config, \(\)"):
        read(values)


def test_heads_on_two_trunks():
    first, second = head_of("text-classification"), head_of("feature-extraction")
    check_heads([first, second])
    for field, value in (("hidden_size", 96), ("num_hidden_layers", 4), ("hidden_act", "relu"), ("vocab_size", 999)):
        other = Head(second.task, second.config.replace(**{field: value}))
        with pytest.raises(ArtifactError, match=f"heads of one file must share {field}; received .* and {value!r}"):
            check_heads([first, other])
    with pytest.raises(ArtifactError, match="must have a head; received none"):
        check_heads([])


# === One spelling ===


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
