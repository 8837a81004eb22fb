"""Tagging by hand, across windows, and over random text and logits."""

import math
import random
import sys

import numpy as np
import pytest
from word_pieces import WordPieces, config, letters, run

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.pipelines.base import TagRequest
from albert_edge.pipelines.tagging import TaggingPipeline
from albert_edge.text.tagged import read_tagged
from albert_edge.text.tokenizer import open_tokenizer

LABELS = ("O", "B-P", "I-P", "B-L", "I-L")
SETTINGS = {"hidden_size": 8, "labels": LABELS}


def pipeline(longest=16, labels=LABELS, **settings):
    return TaggingPipeline(config(labels=labels, **settings), WordPieces(), longest)


def saying(**labels):
    """A network that gives 8 times the odds to the label told for a word's first letter, to `O` else."""

    def network(packed):
        logits = np.zeros((len(packed.input_ids), len(LABELS)), np.float32)
        for row, letter in zip(logits, letters(packed)):
            row[LABELS.index(labels.get(letter, "O").replace("_", "-"))] = math.log(8)
        return {"logits": logits}

    return network


PEOPLE = saying(A="B_P", L="I_P", R="B_L")


def test_entities_by_hand():
    answer = run(pipeline(), TagRequest("Ann Li is in Rome"), PEOPLE)
    # e to the ln 8 against 4 times 1.
    score = pytest.approx(8 / 12)
    assert answer.to_dict() == {
        "text": "Ann Li is in Rome",
        "entities": [
            {"text": "Ann Li", "label": "P", "start": 0, "end": 6, "score": score},
            {"text": "Rome", "label": "L", "start": 13, "end": 17, "score": score},
        ],
    }
    assert list(answer.to_dict()) == ["text", "entities"]
    assert list(answer.to_dict()["entities"][0]) == ["text", "label", "start", "end", "score"]
    assert answer.word_labels == ("B-P", "I-P", "O", "O", "B-L")
    assert answer.words == ((0, 3), (4, 6), (7, 9), (10, 12), (13, 17))


def test_a_text_without_entities():
    assert run(pipeline(), TagRequest("it is"), PEOPLE).to_dict() == {"text": "it is", "entities": []}


def test_punctuation_is_no_part_of_a_name():
    # `Rome's,` is one piece and the words Rome, 's and the comma: the first stands for all, the rest goes on.
    answer = run(pipeline(), TagRequest("Rome's, Rome"), PEOPLE)
    assert [entity.text for entity in answer.entities] == ["Rome's,", "Rome"]
    words = ((0, 4), (4, 6), (6, 7), (8, 12))
    assert answer.words == words
    assert answer.word_labels == ("B-L", "I-L", "I-L", "B-L")


def test_words_of_the_request():
    answer = run(pipeline(), TagRequest("Ann Li is", ((0, 6), (7, 9))), PEOPLE)
    assert answer.word_labels == ("B-P", "O")
    assert [entity.text for entity in answer.entities] == ["Ann Li"]
    # Words that leave something out.
    assert run(pipeline(), TagRequest("Ann Li is", ((4, 6),)), PEOPLE).word_labels == ("O",)


def test_tags_are_valid_in_the_models_scheme():
    # I-P for L without its B-P.
    assert run(pipeline(), TagRequest("is Li"), PEOPLE).entities == ()
    (entity,) = run(pipeline(tag_scheme="iob1"), TagRequest("is Li"), PEOPLE).entities
    assert (entity.text, entity.label) == ("Li", "P")


def test_every_piece_is_judged_where_it_has_most_context():
    # Room for 4, windows at 0, 2, 4. A network that names the window's first piece: only what it judges counts.
    def network(packed):
        logits = np.zeros((len(packed.input_ids), len(LABELS)), np.float32)
        logits[:, LABELS.index({"a": "B-P", "c": "B-L", "e": "O"}[letters(packed)[1]])] = 9
        return {"logits": logits}

    answer = run(pipeline(6), TagRequest("a b c d e f g h"), network)
    # a to h have 0 1 1 0 in their window: d ties with the second and has 1 there, f has 0 there and 1 in the third.
    assert answer.word_labels == ("B-P", "B-P", "B-P", "B-L", "B-L", "O", "O", "O")


def test_an_entity_may_lie_across_windows():
    text = "x x x Ann Li Li Li Li x x"
    answer = run(pipeline(5), TagRequest(text), PEOPLE)
    assert [(entity.text, entity.start) for entity in answer.entities] == [("Ann Li Li Li Li", 6)]


def test_labels_in_windows_are_those_of_the_whole():
    generator = random.Random(1)
    for _round in range(50):
        text = " ".join(generator.choices(["Ann", "Li", "Rome", "x"], k=generator.randint(1, 40)))
        whole = run(pipeline(100), TagRequest(text), PEOPLE)
        assert run(pipeline(7, stride=generator.randint(1, 5)), TagRequest(text), PEOPLE) == whole


# === Random texts, a real vocabulary ===


def random_texts(count):
    generator = random.Random(7)
    everything = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    common = list("abcXYZ 's.,-_@#/\n\t\u00a0\u0301½京東ßİ́e\u0323Ω\u200d👩")
    for _round in range(count):
        alphabet = generator.choice([everything, common, common])
        yield "a" + "".join(generator.choices(alphabet, k=generator.randint(0, 60)))


@pytest.mark.parametrize(
    "labels",
    [LABELS, ("O", "I-P", "B-P"), ("O", "B-P", "I-P", "E-P", "S-P"), ("NN", "VB")],
    ids=lambda names: names[-1],
)
def test_an_entitys_text_lies_at_its_place(spm_30k, labels):
    tokenizer = open_tokenizer(spm_30k)
    generator = np.random.default_rng(3)
    tagger = TaggingPipeline(config(labels=labels), tokenizer, 24)
    entities = 0
    for text in random_texts(300):
        answer = run(
            tagger,
            TagRequest(text),
            lambda packed: {"logits": generator.normal(size=(len(packed.input_ids), len(labels))) * 3},
        )
        place = 0
        for entity in answer.entities:
            assert entity.text == text[entity.start : entity.end] != ""
            assert place <= entity.start
            assert 0 <= entity.score <= 1
            place = entity.end
        assert len(answer.word_labels) == len(answer.words)
        entities += len(answer.entities)
    assert entities > 500


@pytest.mark.slow
def test_gold_tags_in_place_of_logits_give_the_gold_entities(spm_30k, shared_data):
    """What windows, pieces and decoding lose of WNUT-17's dev set: only words without a piece."""
    from albert_edge.text.entities import TagSet, entities_of_tags, piece_labels
    from albert_edge.text.tagged import labels_of_tagged
    from albert_edge.text.windows import windows

    examples = read_tagged(shared_data / "wnut17" / "emerging.dev.conll")
    labels = labels_of_tagged(examples)
    tokenizer = open_tokenizer(spm_30k)
    tagger = TaggingPipeline(config(labels=labels), tokenizer, 24)
    lost = []
    for example in examples:
        encoding = tokenizer.encode(example.text)
        targets = piece_labels(encoding.offsets, example.words, example.tags, TagSet(labels))
        outputs = []
        for window in windows(tokenizer, encoding, 24):
            logits = np.zeros((len(window.packed.input_ids), len(labels)), np.float32)
            for row, target in zip(logits[window.first :], targets[window.start : window.stop]):
                row[max(target, 0)] = 20
            outputs.append({"logits": logits})
        request = TagRequest(example.text, example.words)
        answer = tagger.decode(request, tagger.inputs(request), outputs)
        gold = {
            (entity.start, entity.end, entity.label)
            for entity in entities_of_tags(example.tags, example.words, example.text)
        }
        found = {(entity.start, entity.end, entity.label) for entity in answer.entities}
        lost += [(example.line, example.text[start:end]) for start, end, _label in sorted(gold ^ found)]
    assert lost == []


# === What is refused ===


@pytest.mark.parametrize("words", [((0, 0),), ((0, 9),), ((2, 1),), ((-1, 2),), ((0, 2), (1, 3)), ((2, 3), (0, 1))])
def test_words_must_lie_in_the_text(words):
    with pytest.raises(DataError, match=r"words must be characters \[start, end\) of the text, in order and apart"):
        pipeline().inputs(TagRequest("Ann Li", words))


def test_texts_without_pieces():
    with pytest.raises(DataError, match="a text must have a piece left after clean-up; received ' '"):
        pipeline().inputs(TagRequest(" "))
    with pytest.raises(DataError, match="a text must be a string; received 3"):
        pipeline().inputs(TagRequest(3))


def test_logits_must_be_finite_and_fit():
    def damaged(packed):
        logits = np.zeros((len(packed.input_ids), 5), np.float32)
        logits[1, 2] = math.nan
        return {"logits": logits}

    with pytest.raises(CheckFailedError, match="a model's logits must be finite; received 1 of 15 that aren't"):
        run(pipeline(), TagRequest("a"), damaged)
    with pytest.raises(ConfigError, match=r"logits must have the shape \[3, 5\]; received \[5\]"):
        run(pipeline(), TagRequest("a"), lambda _packed: {"logits": np.zeros(5)})
    maker = pipeline(5)
    with pytest.raises(ConfigError, match="every input must have outputs; received 1 for 2 inputs"):
        maker.decode(TagRequest("a b c d"), maker.inputs(TagRequest("a b c d")), [{"logits": np.zeros((5, 5))}])
