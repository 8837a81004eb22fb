"""Which task a folder is for, and which head is read from it; no TensorFlow."""

import numpy as np
import pytest
from folder_edits import change_config, rewrite_tensors

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError, FolderError
from albert_edge.model.folder import read_checkpoint, task_of_folder, write_folder
from albert_edge.model.tensors import WORD_EMBEDDINGS

CONFIG = AlbertConfig(vocab_size=50, hidden_size=64, num_attention_heads=4)


@pytest.mark.parametrize(
    ("architecture", "task"),
    [
        ("AlbertForSequenceClassification", "text-classification"),
        ("AlbertForTokenClassification", "token-classification"),
        ("AlbertForQuestionAnswering", "question-answering"),
        ("AlbertForMaskedLM", "fill-mask"),
        ("AlbertModel", "feature-extraction"),
        ("AlbertForPreTraining", "sentence-order"),
    ],
)
def test_the_class_says_the_task(architecture, task):
    config = CONFIG.replace(architectures=(architecture,))
    assert task_of_folder(config) == task
    assert task_of_folder(config.with_settings(task="sentence-order")) == "sentence-order"


@pytest.mark.parametrize("classes", [(), ("AlbertForMultipleChoice",), ("BertModel",)])
def test_a_class_without_a_task_asks_for_one(classes):
    with pytest.raises(ConfigError, match=r"or --task the task; received (no class|AlbertFor|BertModel)"):
        task_of_folder(CONFIG.replace(architectures=classes))


def test_pretraining_gives_two_heads(golden):
    folder = golden / "base_like" / "pretraining"
    whole = read_checkpoint(folder, "pretraining")
    order, fill = read_checkpoint(folder), read_checkpoint(folder, "fill")
    assert (order.task, order.config.labels) == ("sentence-order", ("in_order", "swapped"))
    np.testing.assert_array_equal(order.tensors["classifier.weight"], whole.tensors["sop_classifier.classifier.weight"])
    np.testing.assert_array_equal(fill.tensors["predictions.bias"], whole.tensors["predictions.bias"])
    assert fill.task == "fill-mask"
    assert "sop_classifier.classifier.bias" in fill.dropped


def test_a_sentence_order_folder_says_so(golden, tmp_path):
    order = read_checkpoint(golden / "base_like" / "pretraining")
    write_folder(tmp_path / "order", order.config, order.tensors, order.tokenizer, task=order.task)
    config = AlbertConfig.load(tmp_path / "order")
    assert (config.architectures, config.settings.task) == (("AlbertForSequenceClassification",), "sentence-order")
    again = read_checkpoint(tmp_path / "order")
    assert (again.task, again.config.labels) == ("sentence-order", ("in_order", "swapped"))
    np.testing.assert_array_equal(again.tensors["classifier.weight"], order.tensors["classifier.weight"])
    # Retrained as another task, the note is gone.
    other = read_checkpoint(tmp_path / "order", "text-classification", new_head=True, labels=["x", "y"])
    assert other.config.settings.task is None


def test_a_pooler_that_no_answer_needs_may_be_missing(golden):
    found = read_checkpoint(golden / "base_like" / "masked_lm", "feature-extraction")
    assert found.initialised == ("albert.pooler.weight", "albert.pooler.bias")
    with pytest.raises(FolderError, match=r"without 'albert.pooler.weight'"):
        read_checkpoint(golden / "base_like" / "masked_lm", "text-classification")


def test_labels_are_for_tasks_that_have_some(golden):
    folder = golden / "base_like" / "masked_lm"
    with pytest.raises(ConfigError, match=r"labels may be given for a task that has some; received \['a'\] for feat"):
        read_checkpoint(folder, "embed", new_head=True, labels=["a"])


def test_question_answering_has_two_outputs(golden, folder):
    found = read_checkpoint(golden / "base_like" / "sequence_classification", "answer", new_head=True)
    # transformers makes the head as wide as there are labels: five would be refused there.
    assert found.config.labels == ("LABEL_0", "LABEL_1")
    assert found.tensors["qa_outputs.weight"].shape == (2, 48)
    rewrite_tensors(folder, lambda tensors: tensors.update({"qa_outputs.weight": np.zeros((5, 48), np.float32)}))
    change_config(folder, architectures=["AlbertForQuestionAnswering"])
    with pytest.raises(FolderError, match=r"qa_outputs"):
        read_checkpoint(folder)


@pytest.fixture
def filler(golden, folder):
    """A fill-mask folder that may be changed."""
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((golden / "base_like" / "masked_lm" / name).read_bytes())
    return folder


def test_a_second_name_of_the_table_is_no_other_table(filler):
    table = read_checkpoint(filler).tensors[WORD_EMBEDDINGS]
    bias = read_checkpoint(filler).tensors["predictions.bias"]

    def store(**extra):
        from albert_edge.model.checkpoint import tensors_to_bytes

        tensors = {**read_checkpoint(filler).tensors, **extra}
        (filler / "model.safetensors").write_bytes(tensors_to_bytes(tensors))

    store(**{"predictions.decoder.weight": table, "predictions.decoder.bias": bias})
    assert set(read_checkpoint(filler).dropped) == {"predictions.decoder.weight", "predictions.decoder.bias"}
    store(**{"predictions.decoder.weight": table + 1, "predictions.decoder.bias": bias})
    with pytest.raises(FolderError, match=rf"predictions.decoder.weight must equal {WORD_EMBEDDINGS} \(tied"):
        read_checkpoint(filler)
