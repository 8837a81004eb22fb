"""`make_pipeline`: each task's pipeline by both names, only its own module imported, and no host package."""

import subprocess
import sys

import pytest
from word_pieces import WordPieces, config

from albert_edge.errors import ConfigError
from albert_edge.pipelines import make_pipeline
from albert_edge.tasks import TASKS


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.alias)
def test_each_task_by_both_names(task):
    for name in (task.name, task.alias):
        pipeline = make_pipeline(name, config(), WordPieces(), 32)
        assert pipeline.task == task.name
        assert pipeline.longest == 32


def test_the_longest_input_is_what_the_model_was_trained_at():
    assert make_pipeline("classify", config(max_length=16), WordPieces(), 32).longest == 16
    assert make_pipeline("classify", config(max_length=64), WordPieces(), 32).longest == 32


def test_another_task_is_refused():
    with pytest.raises(ConfigError, match="task must be one of text-classification"):
        make_pipeline("translate", config(), WordPieces(), 32)


def test_only_the_tasks_own_module_is_imported():
    code = (
        "import sys\n"
        "from albert_edge.pipelines import pipeline_class\n"
        "pipeline_class('embed')\n"
        "print(*(name for name in sys.modules if name.startswith('albert_edge.pipelines.')))\n"
        "print(any(name in sys.modules for name in ('tensorflow', 'sentencepiece')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["albert_edge.pipelines.base albert_edge.pipelines.embedding", "False"]
