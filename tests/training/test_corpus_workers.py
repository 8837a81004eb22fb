"""What a worker's end says: one line, and none after Ctrl-C. Beam's threads are stood in for by threads of the name."""

import inspect
import logging
import threading

import pytest

from albert_edge.errors import AlbertEdgeError
from albert_edge.training.corpus import pipeline

pytest.importorskip("apache_beam")


def raise_in_thread(name, error):
    def run():
        raise error

    thread = threading.Thread(name=name, target=run)
    thread.start()
    thread.join()


def ended(error):
    """What the main thread raises behind the end of a worker."""
    with pipeline._lost_workers():
        raise_in_thread("run_worker", RuntimeError("Worker subprocess exited with return code -9"))
        raise_in_thread("beam_control_read", OSError("connection lost"))
        raise error


def test_a_lost_worker_is_one_line(capfd):
    expected = "a worker must live until its work is done .* received Worker subprocess exited with return code -9$"
    with pytest.raises(AlbertEdgeError, match=expected) as caught:
        ended(RuntimeError("Channel closed prematurely."))
    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


def test_a_local_run_is_watched_and_silent(monkeypatch):
    seen = []

    def build(*_):
        seen.append(logging.root.manager.disable)
        raise_in_thread("run_worker", RuntimeError("Worker subprocess exited with return code -9"))
        raise RuntimeError("Channel closed prematurely.")

    monkeypatch.setattr(pipeline, "_build", build)
    with pytest.raises(AlbertEdgeError, match=r"^a worker must live until its work is done "):
        pipeline.run(None, pipeline.LOCAL, 1, ())
    assert (seen, logging.root.manager.disable) == ([logging.CRITICAL], logging.NOTSET)


def test_after_ctrl_c_there_is_none(capfd):
    with pytest.raises(KeyboardInterrupt):
        ended(KeyboardInterrupt())
    assert capfd.readouterr() == ("", "")


def test_an_error_of_another_kind_is_not_a_lost_worker():
    with pytest.raises(ZeroDivisionError):
        ended(ZeroDivisionError())
    with pytest.raises(RuntimeError, match="something else"), pipeline._lost_workers():
        raise RuntimeError("something else")


def test_errors_of_other_threads_are_shown(monkeypatch):
    shown = []
    monkeypatch.setattr(threading, "excepthook", shown.append)
    with pipeline._lost_workers():
        raise_in_thread("another", OSError("mine"))
    raise_in_thread("run_worker", OSError("later"))
    assert [str(thrown.exc_value) for thrown in shown] == ["mine", "later"]


def test_beam_names_its_threads_so():
    from apache_beam.runners.portability.fn_api_runner import worker_handlers

    started = inspect.getsource(worker_handlers.SubprocessSdkWorkerHandler.start_worker)
    assert f"name='{pipeline._WAITING}'" in started
    assert f"name='{pipeline._READING}'" in inspect.getsource(worker_handlers.ControlConnection)
