"""`FillingPipeline` by hand: candidates, several masks, long texts, and what is refused."""

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.pipelines import make_pipeline
from albert_edge.pipelines.filling import FillingPipeline
from albert_edge.text.tokenizer import open_tokenizer

TEXT = "Paris is the [MASK] of [MASK]."


@pytest.fixture(scope="module")
def tokenizer(spm_30k):
    return open_tokenizer(spm_30k)


@pytest.fixture(scope="module")
def pipeline(golden_folder, tokenizer):
    return FillingPipeline(AlbertConfig.load(golden_folder), tokenizer, 32)


def id_of(tokenizer, word):
    (piece_id,) = tokenizer.encode(word).ids
    return piece_id


def outputs(inputs, tokenizer, *masks):
    """Zeros, but for each mask's {word or id: logit}."""
    rows = np.zeros((sum(len(packed.masked_positions) for packed in inputs), tokenizer.vocab_size), np.float32)
    for row, likely in zip(rows, masks):
        for piece, logit in likely.items():
            row[piece if isinstance(piece, int) else id_of(tokenizer, piece)] = logit
    ends = np.cumsum([len(packed.masked_positions) for packed in inputs])
    return [{"logits": part} for part in np.split(rows, ends[:-1])]


def test_the_task_s_pipeline(golden_folder, tokenizer):
    assert isinstance(make_pipeline("fill", AlbertConfig.load(golden_folder), tokenizer, 64), FillingPipeline)


def test_two_masks_by_hand(pipeline, tokenizer):
    (packed,) = inputs = pipeline.inputs(TEXT)
    paris, is_, the, of = (id_of(tokenizer, word) for word in ("paris", "is", "the", "of"))
    # What follows a mask is encoded as a text of its own: a mark and the full stop.
    assert packed.input_ids.tolist() == [2, paris, is_, the, 4, of, 4, *tokenizer.encode(".").ids, 3]
    assert packed.masked_positions.tolist() == [4, 6]
    given = outputs(inputs, tokenizer, {"capital": 50, "city": 49}, {"france": 50})
    share = 1 / (1 + np.exp(-1))
    filling = pipeline.decode(TEXT, inputs, given, top=2)
    first = filling.to_dict()["masks"][0]
    assert first == [
        {
            "piece": "▁capital",
            "id": id_of(tokenizer, "capital"),
            "score": pytest.approx(share),
            "text": "Paris is the capital of [MASK].",
        },
        {
            "piece": "▁city",
            "id": id_of(tokenizer, "city"),
            "score": pytest.approx(1 - share),
            "text": "Paris is the city of [MASK].",
        },
    ]
    assert filling.masks[1][0].text == "Paris is the [MASK] of france."
    assert list(filling.to_dict()) == ["text", "masks"]
    assert list(first[0]) == ["piece", "id", "score", "text"]
    assert [len(mask) for mask in pipeline.decode(TEXT, inputs, given).masks] == [5, 5]


def test_special_pieces_are_never_proposed_and_keep_their_share(pipeline, tokenizer):
    inputs = pipeline.inputs(TEXT)
    specials = [tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id]
    likely = {**dict.fromkeys(specials, 50.0), "city": 50.0}
    (best, *_), _ = pipeline.decode(TEXT, inputs, outputs(inputs, tokenizer, likely, likely)).masks
    assert (best.piece, best.score) == ("▁city", pytest.approx(1 / 6))
    everything = pipeline.decode(TEXT, inputs, outputs(inputs, tokenizer), top=10**6).masks[0]
    assert len(everything) == tokenizer.vocab_size - 5
    assert not {candidate.id for candidate in everything} & set(specials)
    assert [candidate.id for candidate in everything] == sorted(candidate.id for candidate in everything)


def test_a_long_text(pipeline, tokenizer):
    text = f"{'word ' * 100}[MASK] {'word ' * 100}[MASK]"
    inputs = pipeline.inputs(text)
    assert [packed.masked_positions.tolist() for packed in inputs] == [[16], [30]]
    assert [len(packed.input_ids) for packed in inputs] == [32, 32]
    given = outputs(inputs, tokenizer, {"city": 9}, {"france": 9})
    one, other = (mask[0] for mask in pipeline.decode(text, inputs, given).masks)
    assert one.text == f"{'word ' * 100}city {'word ' * 100}[MASK]"
    assert other.text == f"{'word ' * 100}[MASK] {'word ' * 100}france"


def test_twenty_thousand_words(pipeline, tokenizer):
    text = "word " * 20_000 + "[MASK]"
    inputs = pipeline.inputs(text)
    assert len(inputs) == 1
    given = outputs(inputs, tokenizer, {"city": 9})
    assert pipeline.decode(text, inputs, given, top=1).masks[0][0].text.endswith("word city")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no mask", r"must be a string that holds \[MASK\]; received 'no mask'"),
        ("a [mask]", r"must be a string that holds \[MASK\]"),
        ("", "must be a string that holds"),
        (None, "must be a string that holds .* received None"),
        ("[MASK] \ud800", "lone surrogate"),
    ],
)
def test_refused_texts(pipeline, text, message):
    with pytest.raises(DataError, match=message):
        pipeline.inputs(text)


def test_a_vocabulary_without_a_mask_is_refused(golden_folder, tokenizer, monkeypatch):
    monkeypatch.setattr(tokenizer, "mask_id", None)
    with pytest.raises(ConfigError, match=r"a vocabulary must have the piece \[MASK\] to fill masks"):
        FillingPipeline(AlbertConfig.load(golden_folder), tokenizer, 32)


def test_damaged_outputs_are_refused(pipeline, tokenizer):
    inputs = pipeline.inputs(TEXT)
    good = outputs(inputs, tokenizer)
    with pytest.raises(CheckFailedError, match="a model's logits must be finite; received 1 of 60000"):
        pipeline.decode(TEXT, inputs, outputs(inputs, tokenizer, {"city": np.inf}))
    with pytest.raises(ConfigError, match=r"logits must have the shape \[2, 30000\]; received \[1, 30000\]"):
        pipeline.decode(TEXT, inputs, [{"logits": good[0]["logits"][:1]}])
    with pytest.raises(ConfigError, match="received 0 for 1 inputs"):
        pipeline.decode(TEXT, inputs, [])
    with pytest.raises(ConfigError, match="the inputs must be of the text's 1 masks; received 2"):
        pipeline.decode("one [MASK]", inputs, good)
    with pytest.raises(ConfigError, match="top must be at least 1; received 0"):
        pipeline.decode(TEXT, inputs, good, top=0)
