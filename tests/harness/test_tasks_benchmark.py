"""The benchmark of public data sets: what each is trained from."""

import pytest
from click.testing import CliRunner

from benchmarks import tasks
from converters.demo import FINE_TUNING


@pytest.mark.parametrize("pretrained", [False, True])
def test_a_start_from_a_folder_has_its_settings(tmp_path, monkeypatch, pretrained):
    starts = []

    def measure(data_set, source, folder, start):
        starts.append((source.name, start))
        device = {"pearson": 0.5, "spearman": 0.25}
        return {
            "metrics": data_set.metrics,
            "keras": device,
            "device": device,
            "baseline": None,
            "file_bytes": 2_000_000,
            "train_seconds": 60,
        }

    monkeypatch.setattr(tasks, "measure", measure)
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "out.json"), "--only", "stsb", "--seed", "3"]
    more = ["--from", str(tmp_path)] if pretrained else []
    done = CliRunner().invoke(tasks.main, [*arguments, *more], catch_exceptions=False)
    start = {"from_": str(tmp_path), **FINE_TUNING} if pretrained else {"size": "tiny"}
    assert starts == [("stsb", {"seed": 3, **start})]
    assert "| stsb | pearson |  | 0.500 | 0.500 | 2.00 | 1.0 |" in done.output
