"""What `build_corpus` does before any step: what it takes from an earlier call, and what it refuses. No Beam is run."""

import re
import shutil

import pytest

import albert_edge
from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.training.corpus import build as module
from albert_edge.training.corpus.work import REQUEST_FILE

pytest.importorskip("apache_beam")


class Steps:
    """Stand in for the steps: left are `found`, what was in the work folder, and a file of a step."""

    def __init__(self):
        self.found = []

    def __call__(self, work, *_):
        self.found.append(sorted(path.name for path in work.path("text", "").iterdir()))
        work.path("text", "00000.json").write_text("done")
        interrupt()


def interrupt(*_, **__):
    raise KeyboardInterrupt


@pytest.fixture
def steps(monkeypatch):
    steps = Steps()
    monkeypatch.setattr(module, "_run", steps)
    return steps


@pytest.fixture
def build(vocab, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("A text.")
    return lambda **options: albert_edge.build_corpus([path], vocab, tmp_path / "out", **options)


def test_what_is_done_is_taken_only_with_its_request(build, steps, tmp_path):
    """The second call goes on, the third starts over, the fourth finds the steps of inputs that nothing tells."""
    for options in ({}, {}, {"restart": True}):
        with pytest.raises(KeyboardInterrupt):
            build(**options)
    with pytest.raises(AlbertEdgeError, match=r"the stopped run in \S+ must go on .* received shards 4 for 16"):
        build(shards=4)
    (tmp_path / "out.corpus" / REQUEST_FILE).unlink()
    with pytest.raises(KeyboardInterrupt):
        build(shards=4)
    assert steps.found == [[], ["00000.json"], [], []]


def test_what_goes_goes_with_its_request_first(build, steps, tmp_path, monkeypatch):
    """As if killed while the folder is removed."""
    with pytest.raises(KeyboardInterrupt):
        build()
    with monkeypatch.context() as killed:
        killed.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(restart=True)
    assert (tmp_path / "out.corpus" / "text" / "00000.json").exists()
    assert not (tmp_path / "out.corpus" / REQUEST_FILE).exists()


def test_a_folder_of_other_things_is_not_taken_for_a_stopped_run(build, steps, tmp_path):
    (tmp_path / "out.corpus").mkdir()
    (tmp_path / "out.corpus" / "mine.txt").write_text("mine")
    for options in ({}, {"restart": True}):
        with pytest.raises(ConfigError, match=r"must hold the work on a corpus alone; received 'mine\.txt'"):
            build(**options)
    assert (tmp_path / "out.corpus" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("runner", "option", "rule"),
    [
        ("local", "--direct_num_workerz=2", "be one that Beam knows; received --direct_num_workerz"),
        ("local", "--job_server_timeout=x", 'have a value that Beam takes; received "argument --job_server_timeout'),
        ("FlinkRunner", "--job_server_timeout=x", 'have a value that Beam takes; received "argument --job_server_'),
    ],
)
def test_a_beam_option_that_cannot_be_is_one_line(build, runner, option, rule, tmp_path, capfd):
    with pytest.raises(ConfigError, match=re.escape(f"a Beam option must {rule}")) as caught:
        build(runner=runner, beam_options=[option])
    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


@pytest.mark.parametrize("runner", ["Nonsense", "", "no.such.Runner", "apache_beam.Nothing", "apache_beam.Pipeline"])
def test_a_runner_that_beam_does_not_know_is_one_line(build, runner, tmp_path):
    expected = f"a runner must be local or one of Beam's with its options; received {runner!r} ("
    with pytest.raises(ConfigError, match=re.escape(expected)) as caught:
        build(runner=runner)
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]
