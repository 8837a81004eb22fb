"""The public `pretrain` and its command: kills, other requests, bad use, and what comes out."""

import functools
import itertools
import json
import signal

import numpy as np
import pytest
from corpora import OTHER_WORDS, WORDS, write_made_corpus
from processes import run_in_one_process, stop_on_its_way

from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.model.folder import read_checkpoint, read_tensors
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.pretraining.log import Log, read_log
from albert_edge.training.pretraining.pretrain import pretrain
from albert_edge.training.pretraining.records import open_corpus
from albert_edge.training.pretraining.running import LATEST, SNAPSHOT_FILE, session_of, work_folder
from albert_edge.training.pretraining.settings import PretrainingSettings, depth_stages, length_stages
from albert_edge.training.pretraining.stream import Examples, Place
from albert_edge.training.pretraining.trainer import PretrainingPosition
from albert_edge.training.snapshot import read_snapshot

SETTINGS = {
    "steps": 30,
    "learning_rate": 0.002,
    "batch_size": 8,
    "lengths": "32:0.5,64:0.5",
    "depths": "1:0.4,2:0.6",
    "jit": False,
}
SHAPE = {"size": "tiny", "layers": 2, "log_every": 5, "evaluate_every": 15, "held_out_inputs": 64}


# === Settings and the stream ===


def test_stages_by_hand():
    assert length_stages("128", 10) == [(128, 10)]
    assert length_stages("128:0.9,512:0.1", 50) == [(128, 45), (512, 50)]
    settings = PretrainingSettings(steps=50, lengths="128:0.9,512:0.1", batch_size=32, accumulate=2)
    assert [settings.length_at(step) for step in (0, 44, 45, 49)] == [128, 128, 512, 512]
    assert (settings.inputs_at(128), settings.inputs_at(512), settings.predictions_at(128)) == (32, 8, 22)
    assert depth_stages("2:0.5,6:0.5", 50) == [(2, 25), (6, 50)]
    settings = PretrainingSettings(steps=50, depths="2:0.5,6:0.5")
    assert ([settings.depth_at(step) for step in (0, 24, 25, 49)], settings.deepest) == ([2, 2, 6, 6], 6)
    assert PretrainingSettings(steps=50).depth_at(7) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lengths": "128:0.5,512:0.4"}, "with shares that sum to 1, .* received '128:0.5,512:0.4'"),
        ({"depths": "2:0.5,6:0.6"}, "depths must be layers with shares that sum to 1"),
        ({"depths": "0"}, "received '0'"),
        ({"lengths": "long"}, "received 'long'"),
        ({"lengths": "128:nan"}, "lengths must be .* received '128:nan'"),
        ({"depths": "2:inf"}, "depths must be .* received '2:inf'"),
        ({"lengths": 4}, r"tokens \(8 at least\) .* received 4"),
        ({"seed": 2**31}, "seed must be an integer from 0 to 2147483647; received 2147483648"),
        ({"lengths": "4"}, r"tokens \(8 at least\) .* received '4'"),
        ({"accumulate": 3}, "batch_size must be a multiple of accumulate; received 32 and 3"),
        ({"mask_share": 0.0}, r"mask_share must be in \(0, 1\); received 0.0"),
        ({"optimizer": "sgd"}, "optimizer must be one of adamw, lamb; received 'sgd'"),
        ({"steps": None}, "steps must be given; received none"),
        ({"learning_rates": 1}, "did you mean 'learning_rate'"),
    ],
)
def test_settings_that_cannot_be(values, message):
    with pytest.raises(ConfigError, match=message):
        PretrainingSettings.from_dict({"steps": 10, **values})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"log_every": 0}, "log_every must be a positive integer; received 0"),
        ({"evaluate_every": 0}, "evaluate_every must be a positive integer"),
        ({"held_out_inputs": -1}, "held_out_inputs must be a positive integer; received -1"),
        ({"checkpoint_seconds": -1}, "checkpoint_seconds must be a number that is not negative; received -1"),
        ({"checkpoint_seconds": float("nan")}, "checkpoint_seconds must be .*; received nan"),
    ],
)
def test_sessions_that_cannot_be(values, message):
    with pytest.raises(ConfigError, match=message):
        session_of({"steps": 10, **values})


def test_held_out_inputs_are_as_long_as_most_of_the_training():
    for lengths, expected in (("128", 128), ("32:0.1,128:0.8,512:0.1", 128), ("128:0.9,512:0.1", 128)):
        assert PretrainingSettings(steps=1000, lengths=lengths).measured_length == expected


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["sop", "nsp"])
def test_the_stream_goes_on_from_any_place(corpora, vocab, objective):
    settings = PretrainingSettings(steps=1, pair_objective=objective)
    examples = Examples(corpora["train"], open_tokenizer(vocab), settings, 32)
    through = list(itertools.islice(examples.batches(Place(), 8), 60))
    assert through[-1][1].epoch >= 1
    for number in (0, 13, 40):
        again = list(itertools.islice(examples.batches(through[number][1], 8), 3))
        for (batch, place), (expected, place_behind) in zip(again, through[number + 1 :]):
            assert place == place_behind
            assert all(np.array_equal(*pair) for pair in zip(batch, expected))


@pytest.mark.slow
def test_a_batch_asks_for_what_stood_there(corpora, vocab):
    tokenizer = open_tokenizer(vocab)
    corpus = open_corpus(corpora["train"].folder)
    examples = Examples(corpus, tokenizer, PretrainingSettings(steps=1), 64)
    batch, _ = next(examples.batches(Place(), 200))
    asked = batch.weights.sum()
    tokens = batch.attention_mask.sum() - 3 * 200
    assert asked / tokens == pytest.approx(0.15, abs=0.01)
    shown = np.take_along_axis(batch.input_ids, batch.masked_positions, 1)[batch.weights == 1]
    ids = batch.masked_ids[batch.weights == 1]
    assert np.mean(shown == tokenizer.mask_id) == pytest.approx(0.8, abs=0.03)
    assert np.mean(shown == ids) == pytest.approx(0.1, abs=0.03)
    assert not set(ids.tolist()) & {tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id, tokenizer.mask_id}
    assert batch.label.mean() == pytest.approx(0.5, abs=0.1)


def test_a_log_goes_on_where_the_snapshot_is(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 5}\n{"step": 10}\n{"step": 15}\n{"st')
    log = Log(path, 10)
    log.add({"step": 12})
    assert read_log(path) == log.lines == [{"step": 5}, {"step": 10}, {"step": 12}]
    assert Log(path, 0).lines == read_log(path) == []


# === The whole of it ===


@pytest.fixture(scope="module")
def learnable(vocab, tmp_path_factory):
    """Each document has two of eight words: what stands around a masked piece leaves two."""
    options = {"topics": (WORDS[2:4], WORDS[5:7], OTHER_WORDS[2:4], OTHER_WORDS[5:7]), "near_duplicates": 0.0}
    return write_made_corpus(tmp_path_factory.mktemp("learnable"), vocab, documents=60, **options)


def command(corpora, out, *more):
    arguments = ["--corpus", corpora["train"].folder, "--held-out", corpora["held-out"].folder]
    for name, value in {**SETTINGS, **SHAPE}.items():
        if name == "jit":
            arguments += ["--no-jit"]
        else:
            arguments += [f"--{name.replace('_', '-')}", value]
    return ["pretrain", *arguments, "--threads", "1", "--out", out, "--checkpoint-seconds", "0", *more]


def stored_step(out):
    found = read_snapshot(work_folder(out) / SNAPSHOT_FILE, PretrainingPosition)
    return 0 if found is None else found.position.step


def has_stored(out, step):
    return stored_step(out) >= step


@pytest.fixture(scope="module")
def runs(learnable, tmp_path_factory):
    """One that nothing stopped, its report; one that was stopped at both signals, where and what it said."""
    folder = tmp_path_factory.mktemp("runs")
    through, out, stops = folder / "through", folder / "out", []
    for number, least in ((signal.SIGINT, 7), (signal.SIGKILL, 17)):
        has_come = functools.partial(has_stored, out, least)
        code, errors = stop_on_its_way(command(learnable, out), has_come, number)
        stops.append((code, stored_step(out), errors))
    done = run_in_one_process(command(learnable, through, "--json"), command(learnable, out))
    report, _ = json.JSONDecoder().raw_decode(done.stdout)
    return through, report, out, stops, done.stderr


@pytest.mark.slow
def test_a_stopped_pretraining_ends_with_the_same_weights(runs):
    through, _, out, ((code, first, errors), (_, second, errors_again)), errors_behind = runs
    assert 7 <= first < 17 <= second < 30
    assert code == 130
    assert f"stopped after update {first} of 30; the same command goes on from there" in errors
    assert f"going on after update {first} of 30" in errors_again
    assert f"going on after update {second} of 30" in errors_behind
    expected, tensors = read_tensors(through), read_tensors(out)
    assert [name for name in expected if not np.array_equal(tensors[name], expected[name])] == []
    varying = ("seconds", "cpu_seconds", "tokens_per_second")
    logs = [
        [{key: value for key, value in line.items() if key not in varying} for line in read_log(each / "log.jsonl")]
        for each in (out, through)
    ]
    assert logs[0] == logs[1]
    assert not work_folder(out).exists()


def entropy_of_pieces(corpus):
    ids = [record.ids for shard in range(len(corpus.shards)) for record in corpus.read(shard)]
    counts = np.unique(np.concatenate(ids), return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


@pytest.mark.slow
def test_what_comes_out(runs, learnable):
    out, report = runs[:2]
    assert (report["steps"], report["task"]) == (30, "pretraining")
    assert report["tokens"] == 30 * 8 * 32
    scores = report["held_out"]["corpus"]
    assert 0 <= scores["accuracy"] <= 1
    losses = [each["held_out"]["corpus"]["loss"] for each in report["history"]]
    # Who knows no more than how often each piece comes is left with its entropy.
    assert losses[-1] < entropy_of_pieces(learnable["held-out"]) - 0.4
    assert losses[-1] < 0.8 * losses[0]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert [line["step"] for line in read_log(out / "log.jsonl")] == [5, 10, 15, 15, 20, 25, 30, 30]
    for task in ("fill-mask", "sentence-order"):
        assert read_checkpoint(out, task).initialised == ()
    fresh = read_checkpoint(out, "text-classification", new_head=True, labels=["a", "b"])
    assert [name for name in fresh.initialised if not name.startswith("classifier")] == []


@pytest.mark.slow
def test_other_settings_and_other_data_do_not_go_on(corpora, domain_corpora, tmp_path):
    from albert_edge.training.reporting import Reporter

    class Stop(Reporter):
        notes = 0

        def note(self, text):
            self.notes += 1
            if self.notes == 2:
                raise KeyboardInterrupt

    arguments = {**SETTINGS, **SHAPE, "checkpoint_seconds": 0, "held_out": [corpora["held-out"].folder]}
    arguments["evaluate_every"] = 3
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pretrain(corpora["train"].folder, out, reporter=Stop(), **arguments)
    assert stored_step(out) == 5
    # One layer of two is applied until then; the second one on top would be noise.
    assert read_checkpoint(work_folder(out) / LATEST, "fill-mask").config.num_hidden_layers == 1
    with pytest.raises(AlbertEdgeError, match=r"\(--restart starts over\); received learning_rate 0.1 for 0.002"):
        pretrain(corpora["train"].folder, out, **{**arguments, "learning_rate": 0.1})
    with pytest.raises(AlbertEdgeError, match=r"received corpus \{"):
        pretrain(domain_corpora["train"].folder, out, **arguments)


@pytest.mark.slow
def test_bad_use(corpora, tmp_path, spm_30k):
    with pytest.raises(ConfigError, match="lengths must be at most the model's 512 positions; received 1024"):
        pretrain(corpora["train"].folder, tmp_path / "out", steps=1, lengths="1024")
    with pytest.raises(ConfigError, match="the last of depths must be the model's 3 layers; received 2"):
        pretrain(corpora["train"].folder, tmp_path / "out", steps=2, layers=3, depths="3:0.5,2:0.5")
    with pytest.raises(ConfigError, match="depths must be at most the model's 3 layers; received 4"):
        pretrain(corpora["train"].folder, tmp_path / "out", steps=2, layers=3, depths="4:0.5,3:0.5")
    other = write_made_corpus(tmp_path, spm_30k, documents=5, held_out=0.0)["train"]
    with pytest.raises(ConfigError, match="a held-out corpus must have the corpus's vocabulary and options"):
        pretrain(corpora["train"].folder, tmp_path / "out", steps=1, held_out=[other.folder])
    (tmp_path / "corpus" / "train" / "spiece.model").write_bytes(b"")
    with pytest.raises(ConfigError, match="the vocabulary must be the manifest's; received another one"):
        pretrain(other.folder, tmp_path / "out", steps=1)
    with pytest.raises(AlbertEdgeError, match=r"a corpus must be a folder with manifest\.json"):
        pretrain(tmp_path / "missing", tmp_path / "out", steps=1)
    assert not (tmp_path / "out").exists()
