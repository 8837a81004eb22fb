"""The models that the app carries, and the texts that two of them learn from."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import albert_edge
from albert_edge.artifact import read_artifact

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "android_demo" / "models"
ASSETS = ROOT / "android_demo" / "app" / "src" / "main" / "assets"
sys.path.insert(0, str(MODELS))
import answers  # noqa: E402
import entities  # noqa: E402
import words  # noqa: E402

TASKS = {
    "topics": "text-classification",
    "topics_exit": "text-classification",
    "entities": "token-classification",
    "answers": "question-answering",
}


def test_the_assets_are_these():
    assert {path.stem for path in ASSETS.glob("*.tflite")} == set(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_an_asset_is_small_and_answers_its_task(name):
    path = ASSETS / f"{name}.tflite"
    assert path.stat().st_size < 2_000_000
    artifact = read_artifact(path)
    assert [head.task for head in artifact.heads] == [TASKS[name]]
    # The same int8 weights as Android's.
    assert "tflite-runtime==2.14.0" in artifact.manifest.targets


def test_topics_are_the_examples():
    assert (ASSETS / "topics.tflite").read_bytes() == (ROOT / "examples/topics/topics.tflite").read_bytes()


@pytest.mark.parametrize("name", ["topics_exit", "entities", "answers"])
def test_a_card_is_its_files(name):
    """It names the SHA-256 of the flatbuffer or the file, so that a file made anew without its card is noticed."""
    import hashlib

    digest = hashlib.sha256((ASSETS / f"{name}.tflite").read_bytes()).hexdigest()
    card = (MODELS / f"{name}.card.md").read_text(encoding="utf-8")
    assert digest in card
    if name in ("entities", "answers"):
        assert "## Held out" in card
        assert "Learnt from templates" in card


def test_the_exit_stops_before_the_last_layer():
    texts = [
        line.split("\t")[0]
        for line in (ROOT / "examples/topics/test.tsv").read_text(encoding="utf-8").split("\n")[1:41]
    ]
    with albert_edge.load(ASSETS / "topics_exit.tflite") as predictor:
        depths = {predictor.predict(text).depth_used for text in texts}
        assert predictor.predict(texts[0], exit_threshold=2).depth_used == max(depths | {4})
    assert min(depths) < 4


def test_entities_of_a_sentence():
    """Of a form that the training has, with names that it has."""
    with albert_edge.load(ASSETS / "entities.tflite") as predictor:
        found = predictor.predict("Google will open a new office in Berlin on 3 May 2021.").entities
    assert [(each.text, each.label) for each in found] == [
        ("Google", "organisation"),
        ("Berlin", "place"),
        ("3 May 2021", "date"),
    ]


def first_examples(task):
    """What the app offers to try, as texts or (question, passage)."""
    tree = ElementTree.parse(ASSETS.parent / "res" / "values" / "examples.xml")
    items = next(array for array in tree.getroot() if array.get("name") == f"examples_{task}")
    return [item.text.split("\\n") for item in items]


def test_what_the_app_offers_to_try_is_answered_rightly():
    for name in ("topics", "topics_exit"):
        with albert_edge.load(ASSETS / f"{name}.tflite") as predictor:
            labels = [predictor.predict(text).label for (text,) in first_examples("classify")]
        assert labels == ["science", "sports", "finance"]
    with albert_edge.load(ASSETS / "entities.tflite") as predictor:
        found = [
            [(each.text, each.label) for each in predictor.predict(text).entities] for (text,) in first_examples("tag")
        ]
    assert found == [
        [
            ("Maria Keller", "person"),
            ("Vienna", "place"),
            ("1984", "date"),
            ("Northern Rail", "organisation"),
            ("Leeds", "place"),
        ],
        [("12 May 2023", "date"), ("Anna Lindqvist", "person"), ("Acme Industries", "organisation")],
        [("Lisbon", "place"), ("Thomas", "person"), ("Friday", "date")],
    ]
    with albert_edge.load(ASSETS / "answers.tflite") as predictor:
        assert [predictor.predict(*pair).text for pair in first_examples("answer")] == ["John Williams", "Lisbon", ""]


@pytest.mark.parametrize(("module", "key"), [(entities, "text"), (answers, "passage")])
def test_texts_are_the_same_each_time_and_marked_right(module, key):
    rows = list(module.examples("train", 200))
    assert rows == list(module.examples("train", 200))
    for row in rows:
        for mark in row.get("answers", []):
            assert row[key][mark["start"] :].startswith(mark["text"])
        for mark in row.get("entities", []):
            name = row[key][mark["start"] : mark["end"]]
            assert name == name.strip(" .,")
            assert mark["label"] in entities.LABELS.values()
    unanswered = sum(not row["answers"] for row in rows) if module is answers else 50
    assert 30 < unanswered < 90


@pytest.mark.parametrize(
    "every", [words.NAMES[key] for key in ("first", "last", "places", "organisations", "organisation starts")]
)
def test_no_name_is_in_two_parts(every):
    parts = [set(words.share(every, part)) for part in words.PARTS]
    assert set.union(*parts) == set(every)
    assert sum(map(len, parts)) == len(set(every))
    assert all(parts)


def test_templates_are_of_one_part():
    parts = [set(entities.templates_of(part)) for part in words.PARTS]
    assert not (parts[0] & (parts[1] | parts[2]))
    assert not parts[1] & parts[2]
    for kind, facts in answers.FACTS.items():
        for name, fact in facts.items():
            for forms in (fact.sentences, fact.questions):
                assert len(forms) == len(set(forms)) > 1, (kind, name)
                assert all("{S}" in form for form in forms), (kind, name)
            assert all(form.count("{A}") == 1 for form in fact.sentences), (kind, name)
