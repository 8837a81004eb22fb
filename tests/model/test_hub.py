"""`hf:` names, against a server on this machine that answers as the Hub does."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from albert_edge.errors import AlbertEdgeError, FolderError, MissingPackageError
from albert_edge.model import hub
from albert_edge.model.hub import resolve_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROOT = Path(__file__).resolve().parents[2]


class Hub(http.server.BaseHTTPRequestHandler):
    """One repository, `owner/tiny`, with a branch `main` and a tag `v1`."""

    files: ClassVar[dict[str, bytes]] = {}
    requested: ClassVar[list[str]] = []

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.requested.append(path)
        if path in (f"/api/models/owner/tiny/revision/{revision}" for revision in ("main", "v1", COMMIT)):
            siblings = [{"rfilename": name} for name in self.files]
            return self.answer(json.dumps({"id": "owner/tiny", "sha": COMMIT, "siblings": siblings}).encode())
        if path.startswith(f"/api/models/owner/tiny/tree/{COMMIT}"):
            entries = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in self.files.items()
            ]
            return self.answer(json.dumps(entries).encode())
        name = path.rpartition("/")[2]
        if path.startswith("/owner/tiny/resolve/") and name in self.files:
            return self.answer(self.files[name])
        return self.answer(b"Not Found", 404)

    def do_HEAD(self):
        self.do_GET()

    def answer(self, data, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 200:
            self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
        else:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_):
        """The test's output is no place for a request log."""


@pytest.fixture
def hub_environment(golden, tmp_path):
    """The environment of a process that sees the stub as the Hub, and what the stub was asked for."""
    folder = golden / "base_like" / "sequence_classification"
    names = ("config.json", "model.safetensors", "spiece.model", "expected.npz")
    Hub.files = {name: (folder / name).read_bytes() for name in names}
    Hub.requested = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    server.shutdown()
    server.server_close()


def in_new_process(environment, name):
    """What `resolve_folder(name)` gives: huggingface_hub reads its environment once, when it is imported."""
    code = (
        "import sys, albert_edge\nfrom albert_edge.model.folder import read_checkpoint\n"
        "from albert_edge.model.hub import resolve_folder\n"
        "try:\n    print(resolve_folder(sys.argv[1]), len(read_checkpoint(sys.argv[1]).tensors))\n"
        "except albert_edge.AlbertEdgeError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, name], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hf:owner/tiny", "hf:owner/tiny@v1", f"hf:owner/tiny@{COMMIT}"])
def test_a_name_on_the_hub_becomes_a_folder(hub_environment, name):
    folder, count = in_new_process(hub_environment, name).split()
    assert int(count) == 27
    held = sorted(path.name for path in Path(folder).iterdir())
    assert held == ["config.json", "model.safetensors", "spiece.model"]
    assert not [path for path in Hub.requested if path.endswith("expected.npz")]


@pytest.mark.slow
def test_only_the_first_set_of_weights_is_fetched(hub_environment, golden):
    for form, name in (("zip", "pytorch_model.bin"), ("legacy", "tf_model.h5")):
        Hub.files[name] = (golden / "torch" / form / "pytorch_model.bin").read_bytes()
    del Hub.files["model.safetensors"]
    folder, count = in_new_process(hub_environment, "hf:owner/tiny").split()
    assert int(count) == 27
    assert sorted(path.name for path in Path(folder).iterdir()) == ["config.json", "pytorch_model.bin", "spiece.model"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hf:owner/none", "hf:owner/tiny@none"])
def test_what_is_not_there_is_one_line(hub_environment, name):
    message = in_new_process(hub_environment, name)
    assert message.startswith("FolderError hf: must name a model that can be fetched; received")
    assert name in message
    assert "404" in message
    assert "\n" not in message


@pytest.mark.slow
def test_no_hub_is_one_line(hub_environment):
    nobody = {**hub_environment, "HF_ENDPOINT": "http://127.0.0.1:9"}
    message = in_new_process(nobody, "hf:owner/tiny")
    assert message.startswith("FolderError hf: must name a model that can be fetched; received")
    assert "\n" not in message


@pytest.mark.parametrize("name", ["hf:", "hf:a/b/c", "hf:a b/c", "hf:owner/name@", "hf:../../etc"])
def test_a_malformed_name_never_reaches_the_network(name, monkeypatch):
    monkeypatch.setattr(hub, "host_package", lambda _: pytest.fail("asked for huggingface_hub"))
    with pytest.raises(FolderError, match=r"must be written hf:owner/name or hf:owner/name@revision"):
        resolve_folder(name)


def test_a_local_folder_is_itself(tmp_path):
    assert resolve_folder(tmp_path) == tmp_path
    assert resolve_folder(str(tmp_path)) == tmp_path


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(FolderError, match=r"a model must be a folder or hf:owner/name@revision; received .*nowhere"):
        resolve_folder(tmp_path / "nowhere")


def test_without_huggingface_hub_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'albert-edge\[host\]'.*'huggingface_hub'") as caught:
        resolve_folder("hf:owner/name")
    assert isinstance(caught.value, AlbertEdgeError)
