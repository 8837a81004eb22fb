"""What must hold for each task's outputs and inputs, and that one thing wrong in any of them is refused."""

import dataclasses

import pytest
from small_models import TAGS, TASK_FILES, head_of, model_bytes, small_artifact, small_parts

from albert_edge.artifact import Head, make_artifact, read_artifact
from albert_edge.artifact.checks import check_graph
from albert_edge.artifact.flatbuffer import read_model
from albert_edge.artifact.weights import table_rows, unique_weight_bytes, weight_copies
from albert_edge.errors import ArtifactError, ConfigError
from albert_edge.text.tokenizer import make_tokenizer


def refused(name: str, **changes) -> str:
    with pytest.raises(ArtifactError) as error:
        small_artifact(name, **changes)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", TASK_FILES)
def test_says_its_heads(name, artifact_paths):
    artifact = read_artifact(artifact_paths[name])
    tasks = TASK_FILES[name][1]
    assert [head.task for head in artifact.heads] == list(tasks)
    has_labels = tasks[0] in ("text-classification", "token-classification", "sentence-order")
    assert ("labels.txt" in artifact.files) == has_labels
    assert bool(artifact.manifest.labels) == has_labels


def test_heads_keep_their_labels_and_settings(artifact_paths):
    heads = [head_of("text-classification", max_length=32), head_of("token-classification", stride=7)]
    artifact = small_artifact("looped_classify_tag", heads=heads)
    classifier, tagger = artifact.heads
    assert (classifier.config.settings.max_length, classifier.config.settings.stride) == (32, None)
    assert (tagger.config.settings.max_length, tagger.config.settings.stride) == (None, 7)
    assert tagger.config.labels == TAGS
    assert artifact.files["labels.txt"] == b"".join(b"LABEL_%d\n" % number for number in range(5))


# === The graph is another task's ===


@pytest.mark.parametrize(
    ("name", "task", "message"),
    [
        ("looped_answer", "token-classification", "must have the outputs logits of float32; received {'end_logits'"),
        ("looped_tag", "question-answering", "must have the outputs start_logits, end_logits of float32"),
        ("looped_tag", "text-classification", "shape [1, 5] (1 text, labels 5); received [1, -1, 5]"),
        ("looped_embed", "text-classification", "must have the outputs logits of float32; received {'embedding'"),
        ("looped_order", "feature-extraction", "must have the outputs embedding of float32"),
        ("looped_order", "fill-mask", "must have the inputs"),
        ("looped_fill", "text-classification", "must have the inputs"),
        ("looped_fill", "token-classification", "must have the inputs"),
    ],
)
def test_a_graph_of_another_task(name, task, message):
    assert message in refused(name, heads=[head_of(task)])


@pytest.mark.parametrize(
    ("name", "heads", "message"),
    [
        ("looped_classify_tag", ["text-classification"], "outputs logits of float32; received {'classify_logits'"),
        ("looped_tag", ["text-classification", "token-classification"], "outputs classify_logits, tag_logits of"),
        ("looped_classify_tag", ["text-classification", "sentence-order"], "outputs classify_logits, order_logits"),
        ("looped_fill_order", ["sentence-order"], "must have the inputs"),
        ("looped_classify_tag", ["text-classification", "token-classification", "fill-mask"], "must have the inputs"),
    ],
)
def test_a_graph_of_other_heads(name, heads, message):
    assert message in refused(name, heads=[head_of(task) for task in heads])


# === Widths and ranks, the graph's shapes changed one by one ===


def reshaped(name: str, output: str, shape: tuple):
    """The manifest and facts of `name` with another shape of `output`."""
    artifact = small_artifact(name)
    facts = read_model(artifact.model)
    graph, index = facts.subgraphs[0], facts.signatures[0].outputs[output]
    tensors = [
        dataclasses.replace(tensor, shape=shape) if place == index else tensor
        for place, tensor in enumerate(graph.tensors)
    ]
    graph = dataclasses.replace(graph, tensors=tuple(tensors))
    return artifact.manifest, dataclasses.replace(facts, subgraphs=(graph, *facts.subgraphs[1:])), artifact.model


@pytest.mark.parametrize(
    ("name", "output", "right", "wrong"),
    [
        ("looped_tag", "logits", (1, -1, 5), [(1, -1, 4), (-1, 5), (1, 7, 5), (2, -1, 5)]),
        ("unrolled_tag", "logits", (1, 24, 5), [(1, 23, 5), (1, -1, 5)]),
        ("looped_answer", "start_logits", (1, -1), [(1, -1, 1), (1, 24), (-1,)]),
        ("looped_answer", "end_logits", (1, -1), [(1, -1, 2), (0, -1)]),
        ("unrolled_answer", "end_logits", (1, 24), [(1, 25)]),
        ("looped_embed", "embedding", (1, 48), [(1, 47), (1, 1, 48), (48,)]),
        ("looped_fill", "logits", (1, -1, 1000), [(1, -1, 999), (-1, 1000), (1, 1, 1000)]),
        ("unrolled_fill", "logits", (1, 1, 1000), [(1, -1, 1000), (1, 24, 1000)]),
        ("looped_order", "logits", (-1, 2), [(1, 3), (1, -1)]),
        ("looped_classify_tag", "tag_logits", (1, -1, 5), [(1, 5)]),
    ],
)
def test_shapes_of_outputs(name, output, right, wrong):
    check_graph(*reshaped(name, output, right))
    for shape in wrong:
        with pytest.raises(ArtifactError, match=rf"^{output} must have the shape .* received") as error:
            check_graph(*reshaped(name, output, shape))
        assert str(error.value).endswith(f"received {list(shape)}")


@pytest.mark.parametrize("name", ["looped_fill", "unrolled_fill"])
def test_masked_positions_have_their_shape(name):
    other = "unrolled_fill" if name == "looped_fill" else "looped_fill"
    expected = "'masked_positions': ('int32', (1, -1))" if name == "looped_fill" else "('int32', (1, 1))"
    assert expected in refused(name, model=model_bytes(other))


# === Labels and vocabulary ===


def test_labels_of_another_width():
    config = head_of("token-classification").config.replace(labels=TAGS[:3])
    assert "(1 text, tokens -1, labels 3)" in refused("looped_tag", heads=[Head("token-classification", config)])


def test_a_wordpiece_vocabulary_takes_the_place_of_sentencepiece():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(995))]
    tokenizer = make_tokenizer("wordpiece", "".join(f"{piece}\n" for piece in pieces).encode(), {})
    artifact = small_artifact("looped_fill", tokenizer=tokenizer)
    assert list(artifact.files) == ["vocab.txt"]
    assert (artifact.manifest.tokenizer_kind, artifact.manifest.vocabulary_file) == ("wordpiece", "vocab.txt")
    assert artifact.tokenizer().encode("w3 w4").ids == [8, 9]
    short = make_tokenizer("wordpiece", "".join(f"{piece}\n" for piece in pieces[:-1]).encode(), {})
    assert "vocab.txt must have vocab_size 1000 pieces; received 999" in refused("looped_fill", tokenizer=short)


def test_unknown_options_of_a_tokenizer():
    parts = small_parts("looped_tag")
    artifact = make_artifact(parts.pop("model"), **parts)
    options = {**artifact.manifest.tokenizer_options, "tokenizer_rules": "bing"}
    manifest = dataclasses.replace(artifact.manifest, tokenizer_options=options)
    with pytest.raises(ConfigError, match="tokenizer_rules must be one of google, huggingface; received 'bing'"):
        dataclasses.replace(artifact, manifest=manifest).check()


# === The tied table ===


@pytest.mark.parametrize(("name", "copies"), [("looped_fill", 1), ("unrolled_fill", 3), ("looped_fill_order", 1)])
def test_the_table_of_words_is_stored_once(name, copies):
    """It is looked up and multiplied by, so that it counts as one product and as bytes once."""
    facts = read_model(model_bytes(name))
    assert table_rows(facts, (0, facts.signatures[0].inputs["input_ids"])) == [1000]
    assert weight_copies(facts) == copies
    graph = facts.subgraphs[0]
    tables = [tensor.buffer for tensor in graph.tensors if tensor.shape == (1000, 16) and facts.is_constant(tensor)]
    assert len(set(tables)) == 1
    # Beside the trunk (142,336 bytes unrolled, 2,560 more with all positions): the head's dense matrix and the bias.
    if name == "unrolled_fill":
        assert unique_weight_bytes(facts) == unique_weight_bytes(read_model(model_bytes("unrolled_tag"))) + 3072 + 4000


# === Damage, for each task ===


@pytest.mark.parametrize("name", TASK_FILES)
def test_a_changed_byte_is_refused(name, artifact_paths, tmp_path):
    data = artifact_paths[name].read_bytes()
    start = data.index(b"PK\x03\x04")
    path = tmp_path / "damaged.tflite"
    for position in (40, start // 2, start - 1, start + 40, len(data) - 200, len(data) - 3):
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        with pytest.raises(ArtifactError, match=r"damaged\.tflite: ") as error:
            read_artifact(path)
        assert "\n" not in str(error.value)
    path.write_bytes(data[:-1])
    with pytest.raises(ArtifactError, match=r"damaged\.tflite: "):
        read_artifact(path)
