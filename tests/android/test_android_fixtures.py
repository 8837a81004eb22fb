"""The fixtures that the Kotlin tests compare with are what Python answers now."""

import copy
import math
import unicodedata
from typing import Any

import pytest

from albert_edge.artifact import Manifest, read_artifact
from albert_edge.artifact.flatbuffer import read_model
from albert_edge.artifact.structure import check_structure
from albert_edge.errors import ArtifactError

TASKS = (
    "text-classification",
    "token-classification",
    "question-answering",
    "feature-extraction",
    "fill-mask",
    "sentence-order",
)


def same(found: Any, wanted: Any) -> bool:
    """Equal but for the last digits of numbers: numpy's exponential differs in them between processors."""
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=1e-12)
    return bool(found == wanted)


def test_every_task_is_recorded(fixtures_script):
    assert tuple(fixtures_script.TASKS) == TASKS


@pytest.mark.parametrize("task", TASKS)
def test_recorded_outputs_give_the_answers(fixtures_script, task):
    recorded = fixtures_script.load(task)
    assert sum(len(group["cases"]) for group in recorded["groups"]) == 500
    assert same(fixtures_script.answered(recorded), recorded)


def test_requests_are_the_scripts(fixtures_script):
    for task, (_, variants) in fixtures_script.TASKS.items():
        groups = fixtures_script.load(task)["groups"]
        requests = fixtures_script.requests_of(task)
        for index, group in enumerate(groups):
            wanted = requests[index :: len(variants)]
            found = [{key: case[key] for key in request} for case, request in zip(group["cases"], wanted)]
            assert found == wanted


def test_a_changed_output_would_be_noticed(fixtures_script):
    recorded = fixtures_script.load("sentence-order")
    changed = copy.deepcopy(recorded)
    changed["groups"][0]["cases"][0]["outputs"][0]["logits"] = [[2], "AEAAwA=="]
    assert not same(fixtures_script.answered(changed), recorded)


def test_tokens(fixtures_script):
    assert fixtures_script.tokens() == fixtures_script.load("tokens")


def test_artifacts(fixtures_script):
    assert fixtures_script.artifacts() == fixtures_script.load("artifacts")


def test_every_corrupt_file_is_refused_by_python(fixtures_script, tmp_path):
    model = bytes(fixtures_script.small_artifact().model)
    path = tmp_path / "corrupt.tflite"
    files = {what: model + data for what, data in fixtures_script.corrupt_zips()}
    files.update({what: changed + data for what, _, changed, data in fixtures_script.wrong_models()})
    assert len(files) == 68
    for what, data in files.items():
        path.write_bytes(data)
        with pytest.raises(ArtifactError) as error:
            read_artifact(path)
        assert str(error.value).startswith(f"{path}: "), what


def test_every_corrupt_graph_and_manifest_is_refused_by_python(fixtures_script):
    graphs, manifests = dict(fixtures_script.corrupt_graphs()), dict(fixtures_script.corrupt_manifests())
    assert (len(graphs), len(manifests)) == (34, 99)
    for data in graphs.values():
        with pytest.raises(ArtifactError):
            check_structure(read_model(data))
    for data in manifests.values():
        with pytest.raises(ArtifactError):
            Manifest.from_bytes(data)


def test_unicode_tables(fixtures_script):
    import importlib.util

    path = fixtures_script.HERE / "unicode_tables.py"
    spec = importlib.util.spec_from_file_location("unicode_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = module.TARGET.read_text(encoding="utf-8")
    if f'UNICODE_VERSION = "{unicodedata.unidata_version}"' not in written:
        pytest.skip(f"needs a Python with the tables' version of Unicode, not {unicodedata.unidata_version}")
    assert module.source() == written
