"""Embeddings, masks and sentence order on data files, by models worked out by hand, and their predictions again."""

import contextlib

import numpy as np
import pytest
import scripted
from scripted import report_of, runner, scored, written

import albert_edge
from albert_edge.errors import ConfigError, DataError
from albert_edge.harness import evaluation as evaluation_module

# === feature-extraction ===


def test_pairs_with_a_number(tmp_path):
    rows = "a\tb\t5\na\tz\t0\nm\tp\t4\n"
    path = written(tmp_path / "data.tsv", f"text\ttext_pair\tlabel\n{rows}")
    report = report_of(runner("embed", scripted.direction), path, tmp_path / "predictions.jsonl")
    steps = np.cos(np.array([1, 25, 3]) / 25 * np.pi / 2)
    assert report == {
        "examples": 3,
        "pearson": pytest.approx(np.corrcoef(steps, [5, 0, 4])[0, 1], abs=1e-6),
        "spearman": pytest.approx(1.0),
    }
    assert scored("embed", tmp_path / "predictions.jsonl", path) == pytest.approx(report)


def test_pairs_that_belong_together(tmp_path):
    path = written(tmp_path / "data.tsv", "text\ttext_pair\na\tb\nc\tb\nz\ty\nm\tz\n")
    seen = []

    def network(packed):
        seen.append(scripted.letters(packed)[1])
        return scripted.direction(packed)

    report = report_of(runner("embed", network), path, tmp_path / "predictions.jsonl")
    assert sorted(seen) == ["a", "b", "c", "m", "y", "z"], "each text once"
    # Second texts that differ: b, y, z. a and c find b first; z finds z, its own, before y; m finds b, y, z.
    assert report["candidates"] == 3
    assert report["recall_at_1"] == 0.5
    assert report["mean_reciprocal_rank"] == pytest.approx((1 + 1 + 1 / 2 + 1 / 3) / 4)
    assert scored("embed", tmp_path / "predictions.jsonl", path) == pytest.approx(report)


def test_single_texts_are_refused(tmp_path):
    path = written(tmp_path / "data.tsv", "text\na\n")
    with pytest.raises(DataError, match=rf"^{path}:2: a row must have a text_pair; received a text alone"):
        report_of(runner("embed", scripted.direction), path)


# === fill-mask ===


def test_hidden_pieces(tmp_path):
    path = written(tmp_path / "data.txt", "a a a\n\nb a b a b a b a\n" + "a " * 80 + "\n")
    model = with_vocabulary(runner("fill", scripted.always(10 + ord("a"), 1000)))
    report = report_of(model, path)
    # The last line has 80 pieces in three parts of at most 30; 15 % are hidden, at least one.
    assert report["examples"] == 1 + 1 + 3
    assert report["masks"] == 1 + 1 + (4 + 4 + 3)
    # At most the one of `a b a b a b a b` is a b.
    rights = report["accuracy"] * report["masks"]
    assert rights in (pytest.approx(12), pytest.approx(13))
    total = np.log(np.exp(3) + 999)
    assert report["negative_log_likelihood"] == pytest.approx(total - 3 * report["accuracy"])
    assert report["perplexity"] == pytest.approx(np.exp(total - 3 * report["accuracy"]))
    assert report_of(model, path) == report, "always the same pieces"


def with_vocabulary(model):
    """The model as wide as the scripted network's outputs."""
    model.pipeline.config = model.pipeline.config.replace(vocab_size=1000)
    return model


def test_hidden_pieces_have_no_predictions_to_write(tmp_path, monkeypatch):
    path = written(tmp_path / "data.txt", "a a a\n")
    model = runner("fill", None)
    monkeypatch.setattr(evaluation_module, "open_runner", lambda *_: contextlib.nullcontext(model))
    with pytest.raises(ConfigError, match="pieces hidden in plain text make no file of predictions"):
        albert_edge.evaluate("model.tflite", path, predictions=tmp_path / "out.jsonl")


def test_texts_without_a_piece_are_refused_with_the_file(tmp_path):
    path = written(tmp_path / "data.txt", "\n")
    with pytest.raises(DataError, match=rf"^{path}: the texts must hold a piece"):
        report_of(runner("fill", None), path)


class Words(scripted.WordPieces):
    """`[MASK]` is a piece of its own, as in a real vocabulary."""

    def encode_masked(self, text):
        encoding = self.encode(text)
        ids = [self.mask_id if piece == "[MASK]" else each for each, piece in zip(encoding.ids, encoding.pieces)]
        return type(encoding)(ids, encoding.pieces, encoding.offsets)

    def id_to_piece(self, piece_id):
        return super().id_to_piece(piece_id) if piece_id >= 10 else f"special {piece_id}"


def test_words_at_masks(tmp_path):
    path = written(tmp_path / "data.tsv", "text\tlabel\nthe [MASK] sat\ta\n[MASK] sat\tb\n")
    model = runner("fill", scripted.always(10 + ord("a"), 1000))
    model.pipeline.tokenizer = Words()
    report = report_of(model, path, tmp_path / "predictions.jsonl")
    assert report["examples"] == 2
    assert report["accuracy"] == 0.5
    assert scored("fill", tmp_path / "predictions.jsonl", path) == report
    labels = written(tmp_path / "labels.txt", "a\nb\n")
    assert scored("fill", labels, path) == {"examples": 2, "accuracy": 1.0}


def test_a_row_has_one_mask(tmp_path):
    path = written(tmp_path / "data.tsv", "text\tlabel\nthe [MASK] [MASK]\ta\n")
    with pytest.raises(DataError, match=rf"^{path}:2: a text must have one \[MASK\]; received 2"):
        report_of(runner("fill", None), path)


# === sentence-order ===


def test_pairs_in_order(tmp_path):
    path = written(tmp_path / "data.tsv", "text\ttext_pair\tlabel\na\tb\tin_order\nb\ta\tswapped\na\tc\tswapped\n")
    model = runner("order", scripted.starts_with("a"), labels=("in_order", "swapped"))
    report = report_of(model, path, tmp_path / "predictions.jsonl")
    assert report["confusion_matrix"] == [[1, 0], [1, 1]]
    assert scored("order", tmp_path / "predictions.jsonl", path) == report
    labels = written(tmp_path / "labels.tsv", "label\nin_order\nswapped\nin_order\n")
    assert scored("order", labels, path) == report


@pytest.mark.parametrize("labels", [("in_order", "swapped"), ("next", "random")])
def test_documents(tmp_path, labels):
    """First passages start with `a`, the next ones with `b`, ...: a model that knows the alphabet is always right."""
    texts = "\n\n".join("\n".join(f"{letter}{document}" for letter in "abcde") for document in range(20))
    path = written(tmp_path / "data.txt", texts)

    def network(packed):
        first, second = scripted.letters(packed)[1:4:2]
        return {"logits": scripted.FIRST if ord(second) == ord(first) + 1 else scripted.SECOND}

    report = report_of(runner("order", network, labels=labels), path, tmp_path / "predictions.jsonl")
    assert report["examples"] == 80
    assert report["accuracy"] == 1.0 if labels[0] == "in_order" else 0.7 < report["accuracy"] < 1
    options = {} if labels[0] == "in_order" else {"order_labels": labels}
    assert scored("order", tmp_path / "predictions.jsonl", path, **options) == report


def test_documents_that_make_no_pair_are_refused_with_the_file(tmp_path):
    path = written(tmp_path / "data.txt", "one\n\ntwo\n")
    with pytest.raises(DataError, match=rf"^{path}: a document must have two paragraphs"):
        report_of(runner("order", None), path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text\ttext_pair\tlabel\na\tb\tin_order\nb\ta\tfoo\n", ":3: a label must be one of the two, x, y"),
        ("text\tlabel\na\tx\n", ":2: a row must have a text_pair"),
    ],
)
def test_rows_that_are_no_pair_are_named(tmp_path, text, message):
    path = written(tmp_path / "data.tsv", text.replace("in_order", "x"))
    with pytest.raises(DataError) as error:
        report_of(runner("order", None), path)
    assert str(error.value).startswith(f"{path}{message}")
