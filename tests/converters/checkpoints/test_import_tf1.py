"""google-research/albert's checkpoints: the golden one against Hugging Face's, heads, prefixes, and what is refused."""

import numpy as np
import pytest
from tf1_edits import renamed, rewritten, variables_of

from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, ConfigError, FolderError
from albert_edge.model.checkpoint import read_tensors
from albert_edge.text.tokenizer import read_tokenizer
from converters.checkpoints.importing import import_checkpoint


def assert_equal_tensors(folder, expected):
    found = read_tensors(folder)
    assert sorted(found) == sorted(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_the_golden_checkpoint_is_the_golden_folder(tf1_folder, pretraining_folder, tmp_path):
    report = import_checkpoint(tf1_folder, tmp_path / "model")
    assert_equal_tensors(tmp_path / "model", read_tensors(pretraining_folder))
    config, expected = AlbertConfig.load(tmp_path / "model"), AlbertConfig.load(pretraining_folder)
    # TensorFlow 1 has no key for the classifier's dropout.
    assert config.replace(classifier_dropout_prob=0.0, extra={}) == expected.replace(extra={})
    assert config.hidden_act == "gelu_new"
    assert (tmp_path / "model" / "spiece.model").read_bytes() == (pretraining_folder / "spiece.model").read_bytes()
    assert read_tokenizer(tmp_path / "model").options.rules == "google"
    assert (report["format"], report["class"], report["tensors"]) == ("google-tf1", "AlbertForPreTraining", 32)
    assert report["dropped"] == [{"name": "global_step", "reason": "the training's counter of steps"}]


@pytest.mark.slow
def test_the_golden_checkpoint_gives_the_golden_numbers(tf1_folder, pretraining_folder, tmp_path):
    """Keras, on what was imported, against PyTorch's outputs."""
    from albert_edge.model.folder import read_folder
    from albert_edge.model.keras import tf

    import_checkpoint(tf1_folder, tmp_path / "model")
    with np.load(pretraining_folder / "expected.npz") as expected:
        inputs = [tf.constant(expected[name], tf.int32) for name in ("input_ids", "attention_mask", "token_type_ids")]
        tokens = expected["attention_mask"] == 1
        order = read_folder(tmp_path / "model", "sentence-order").model(*inputs)
        np.testing.assert_allclose(order.logits, expected["sop_logits"], rtol=0, atol=1e-5)
        words = read_folder(tmp_path / "model", "fill-mask").model(*inputs)
        np.testing.assert_allclose(words.logits.numpy()[tokens], expected["prediction_logits"][tokens], atol=1e-5)
        for ours, theirs in zip(order.hidden_states, expected["hidden_states"]):
            np.testing.assert_allclose(ours.numpy()[tokens], theirs[tokens], rtol=0, atol=1e-5)


# === Names ===


def test_a_modules_prefix_is_stripped(tf1_folder, pretraining_folder, tmp_path):
    source = rewritten(tf1_folder, tmp_path / "tf1", lambda variables: renamed(variables, prefix="module/"))
    report = import_checkpoint(source, tmp_path / "model")
    assert_equal_tensors(tmp_path / "model", read_tensors(pretraining_folder))
    assert report["dropped"] == [{"name": "module/global_step", "reason": "the training's counter of steps"}]


SLOTS = ("adam_m", "adam_v", "lamb_m", "lamb_v", "Adam", "AdamWeightDecayOptimizer_1")


def test_optimizer_slots_are_dropped_by_name(tf1_folder, pretraining_folder, tmp_path):
    def add_slots(variables):
        slots = {f"{name}/{slot}": values for name, values in variables.items() for slot in SLOTS if "bert" in name}
        return {**variables, **slots, "beta1_power": np.float32(0.9)}

    report = import_checkpoint(rewritten(tf1_folder, tmp_path / "tf1", add_slots), tmp_path / "model")
    assert_equal_tensors(tmp_path / "model", read_tensors(pretraining_folder))
    reasons = {entry["name"]: entry["reason"] for entry in report["dropped"]}
    assert len(reasons) == 2 + 25 * len(SLOTS)
    assert reasons["bert/pooler/dense/bias/adam_m"] == reasons["beta1_power"] == "a slot of the optimizer"


# === Heads ===


def without(variables, *starts):
    return {name: values for name, values in variables.items() if not name.startswith(starts)}


def fine_tuned(rows, start="output"):
    def change(variables):
        weights = np.linspace(-1, 1, rows * 48, dtype=np.float32).reshape(rows, 48)
        bias = np.arange(rows, dtype=np.float32)
        return {**without(variables, "cls/"), f"{start}_weights": weights, f"{start}_bias": bias}

    return change


@pytest.mark.parametrize(
    ("change", "task", "made_class", "labels", "tensor"),
    [
        (fine_tuned(3), None, "AlbertForSequenceClassification", ("LABEL_0", "LABEL_1", "LABEL_2"), "classifier"),
        (fine_tuned(1), None, "AlbertForSequenceClassification", ("LABEL_0",), "classifier"),
        (fine_tuned(1), "multiple-choice", "AlbertForMultipleChoice", (), "classifier"),
        (fine_tuned(2, "cls/squad/output"), None, "AlbertForQuestionAnswering", (), "qa_outputs"),
        (lambda v: without(v, "cls/seq"), None, "AlbertForMaskedLM", (), "predictions.dense"),
        (
            lambda v: without(v, "cls/pred"),
            None,
            "AlbertForSequenceClassification",
            ("in_order", "swapped"),
            "classifier",
        ),
        (lambda v: without(v, "cls/"), None, "AlbertModel", (), "albert.pooler"),
        (None, "feature-extraction", "AlbertModel", (), "albert.pooler"),
        (None, "fill-mask", "AlbertForMaskedLM", (), "predictions.dense"),
        (None, "order", "AlbertForSequenceClassification", ("in_order", "swapped"), "classifier"),
        (
            lambda v: {**v, **fine_tuned(2)(v)},
            None,
            "AlbertForSequenceClassification",
            ("LABEL_0", "LABEL_1"),
            "classifier",
        ),
    ],
)
def test_the_head_decides_the_class(tf1_folder, tmp_path, change, task, made_class, labels, tensor):
    source = tf1_folder if change is None else rewritten(tf1_folder, tmp_path / "tf1", change)
    report = import_checkpoint(source, tmp_path / "model", task=task)
    assert (report["class"], tuple(report["labels"])) == (made_class, labels)
    assert AlbertConfig.load(tmp_path / "model").architectures == (made_class,)
    tensors = read_tensors(tmp_path / "model")
    assert f"{tensor}.weight" in tensors
    held = variables_of(source)
    kept = {"output_weights": "classifier.weight", "cls/squad/output_weights": "qa_outputs.weight"}
    for variable, name in kept.items():
        if variable in held and name in tensors:
            np.testing.assert_array_equal(tensors[name], held[variable])
    used = len(held) - len(report["dropped"])
    assert used == report["tensors"] == len(tensors)


def test_labels_are_named_on_request(tf1_folder, tmp_path):
    source = rewritten(tf1_folder, tmp_path / "tf1", fine_tuned(2))
    report = import_checkpoint(source, tmp_path / "model", labels=["no", "yes"])
    assert report["labels"] == ["no", "yes"]
    with pytest.raises(ConfigError, match=r"labels must be as many as the head has outputs, 2; received \['a'\]"):
        import_checkpoint(source, tmp_path / "other", labels=["a"])
    with pytest.raises(ConfigError, match="labels may be given for a head that has some"):
        import_checkpoint(source, tmp_path / "other", labels=["a"], task="feature-extraction")
    assert not (tmp_path / "other").exists()


def squad_v2(variables):
    return {
        **without(variables, "cls/"),
        "start_logits/dense/kernel": np.zeros((48, 1), np.float32),
        "end_logits/dense_0/kernel": np.zeros((96, 48), np.float32),
        "answer_class/dense_1/kernel": np.zeros((48, 1), np.float32),
    }


def test_the_squad_v2_head_is_refused_with_what_to_do(tf1_folder, tmp_path):
    source = rewritten(tf1_folder, tmp_path / "tf1", squad_v2)
    with pytest.raises(FolderError, match=r"received 'answer_class/dense_1/kernel': .* --task feature-extraction"):
        import_checkpoint(source, tmp_path / "model")
    report = import_checkpoint(source, tmp_path / "model", task="feature-extraction")
    reasons = {entry["name"]: entry["reason"] for entry in report["dropped"]}
    assert reasons["end_logits/dense_0/kernel"] == "of a head that no class of Hugging Face's has"
    assert report["class"] == "AlbertModel"


# === What does not fit ===


def drop(*names):
    return lambda variables: {name: values for name, values in variables.items() if name not in names}


def put(name, values):
    return lambda variables: {**variables, name: values}


POOLER = "bert/pooler/dense/kernel"


@pytest.mark.parametrize(
    ("change", "config", "complaint"),
    [
        (drop(POOLER), {}, "received none named 'bert/pooler/dense/kernel'"),
        (drop("cls/predictions/output_bias"), {}, "received none named 'cls/predictions/output_bias'"),
        (put("bert/gate/kernel", np.zeros(1, np.float32)), {}, "received the unknown 'bert/gate/kernel'"),
        (put(f"module/{POOLER}", np.zeros((48, 48), np.float32)), {}, "must hold each variable once; received"),
        (put(POOLER, np.zeros((48, 47), np.float32)), {}, r"bert/pooler/dense/kernel must have the shape \[48, 48\]"),
        (put(POOLER, np.full((48, 48), np.inf, np.float32)), {}, "bert/pooler/dense/kernel must hold finite numbers"),
        (put(POOLER, np.zeros((48, 48), np.int32)), {}, "must be of a floating type; received int32"),
        (None, {"hidden_size": 96}, r"must have the shape \[16, 96\]; received \[16, 48\]"),
        (None, {"num_hidden_groups": 2}, "received none named 'bert/encoder/transformer/group_1/inner_group_0/att"),
        (None, {"vocab_size": 999}, r"word_embeddings must have the shape \[999, 16\]"),
        (
            lambda v: renamed(v, ("transformer/group_0/inner_group_0/attention_1", "layer_shared/attention")),
            {},
            "received none named 'bert/encoder/transformer/group_0/inner_group_0/attention_1/self/query/kernel'",
        ),
    ],
)
def test_what_does_not_fit_is_named(tf1_folder, tmp_path, change, config, complaint):
    source = rewritten(tf1_folder, tmp_path / "tf1", change, **config)
    with pytest.raises(AlbertEdgeError, match=complaint) as caught:
        import_checkpoint(source, tmp_path / "model")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("task", "complaint"),
    [
        (
            "token-classification",
            "must be one of .* for a TensorFlow 1 checkpoint; received 'token-classification'",
        ),
        (
            "text-classification",
            "variable of AlbertForSequenceClassification; received none named 'output_weights'",
        ),
        ("question-answering", "received none named 'cls/squad/output_weights'"),
    ],
)
def test_a_head_that_is_not_there_is_named(tf1_folder, tmp_path, task, complaint):
    with pytest.raises(AlbertEdgeError, match=complaint):
        import_checkpoint(tf1_folder, tmp_path / "model", task=task)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_precision_is_widened(tf1_folder, tmp_path, kind):
    from albert_edge.model.keras import tf

    half = getattr(tf, kind).as_numpy_dtype

    def halve(variables):
        return {name: v if v.dtype == np.int64 else v.astype(half) for name, v in variables.items()}

    import_checkpoint(rewritten(tf1_folder, tmp_path / "tf1", halve), tmp_path / "model")
    tensor = read_tensors(tmp_path / "model")["albert.embeddings.word_embeddings.weight"]
    halves = variables_of(tf1_folder)["bert/embeddings/word_embeddings"].astype(half)
    np.testing.assert_array_equal(tensor, halves.astype(np.float32))


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
@pytest.mark.parametrize("keep", [0.0, 0.5, None])
def test_a_damaged_checkpoint_is_one_line(tf1_folder, tmp_path, suffix, keep):
    source = rewritten(tf1_folder, tmp_path / "tf1")
    path = source / f"model.ckpt-best{suffix}"
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(FolderError, match=r"must be whole|must name one of|must be one of") as caught:
        import_checkpoint(source, tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_embeddings_as_wide_as_the_layers_have_no_mapping(tf1_folder, tmp_path):
    """modeling.py has none then; Hugging Face's network always has one, and the identity changes no number."""

    def widen(variables):
        for name in [name for name in variables if "/embeddings/" in name]:
            values = variables[name]
            variables[name] = np.resize(values, (*values.shape[:-1], 48))
        return {n: v for n, v in without(variables, "cls/").items() if "embedding_hidden_mapping_in" not in n}

    source = rewritten(tf1_folder, tmp_path / "tf1", widen, embedding_size=48)
    report = import_checkpoint(source, tmp_path / "model")
    mapping = "albert.encoder.embedding_hidden_mapping_in"
    assert report["made"] == [f"{mapping}.weight", f"{mapping}.bias"]
    tensors = read_tensors(tmp_path / "model")
    np.testing.assert_array_equal(tensors[f"{mapping}.weight"], np.eye(48))
    assert not tensors[f"{mapping}.bias"].any()
