"""Whole artifacts: written, read, and refused once anything in them is wrong or doesn't fit."""

import dataclasses
import hashlib
import json
import random
import re

import pytest
from small_models import CHECKPOINT, FILES, TASK_FILES, model_bytes, small_artifact, small_parts, version_1

from albert_edge.artifact import Artifact, Head, Lengths, Manifest, artifact_bytes, make_artifact, read_artifact
from albert_edge.artifact import write_artifact as write
from albert_edge.artifact.archive import archive_bytes
from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, ArtifactError
from albert_edge.text.tokenizer import open_tokenizer, read_tokenizer


@pytest.mark.parametrize("name", [*FILES, *TASK_FILES])
def test_round_trip(name, artifact_paths):
    artifact = read_artifact(artifact_paths[name])
    assert artifact == small_artifact(name)
    assert artifact_bytes(artifact) == artifact_paths[name].read_bytes()
    assert artifact.tokenizer().encode("Oil prices").ids == read_tokenizer(CHECKPOINT).encode("Oil prices").ids
    assert artifact.tokenizer() is artifact.tokenizer()


def test_the_manifest_hashes_what_lies_before_the_zip(artifact, whole_bytes):
    start = whole_bytes.index(b"PK\x03\x04")
    assert hashlib.sha256(whole_bytes[:start]).hexdigest() == artifact.manifest.model_sha256
    assert artifact.files["labels.txt"] == b"LABEL_0\nLABEL_1\nLABEL_2\nLABEL_3\nLABEL_4\n"


def test_version_1_is_read_and_written_as_it_was(artifact, tmp_path):
    old = version_1(artifact)
    write(tmp_path / "old.tflite", old)
    found = read_artifact(tmp_path / "old.tflite")
    assert found == old
    assert found.manifest.schema_version == 1
    assert artifact_bytes(found) == (tmp_path / "old.tflite").read_bytes()


# === Every byte counts ===


def refusal(path) -> str:
    with pytest.raises(ArtifactError) as error:
        read_artifact(path)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message


def positions_to_flip(data: bytes) -> list:
    """All of the zip but the vocabulary's contents, of which a few, and 300 of the flatbuffer."""
    generator = random.Random(1)
    start = data.index(b"PK\x03\x04")
    local_header_bytes = 30
    pieces = data.index(b"PK\x03\x04", data.index(b"labels.txt", start)) + local_header_bytes + len("spiece.model")
    directory = data.index(b"PK\x01\x02", pieces)
    return [
        *generator.sample(range(start), 300),
        *range(start, pieces),
        *generator.sample(range(pieces, directory), 50),
        *range(directory, len(data)),
    ]


@pytest.mark.slow
def test_every_changed_byte_is_refused(whole_bytes, written):
    path = written(whole_bytes)
    positions = positions_to_flip(whole_bytes)
    assert len(positions) > 2000
    with open(path, "r+b") as file:
        for position in positions:
            change = random.Random(position).randrange(1, 256)
            file.seek(position)
            file.write(bytes([whole_bytes[position] ^ change]))
            file.flush()
            refusal(path)
            file.seek(position)
            file.write(whole_bytes[position : position + 1])
        file.flush()
    read_artifact(path)


def test_truncated_files_are_refused(whole_bytes, written):
    for length in random.Random(2).sample(range(len(whole_bytes)), 200):
        refusal(written(whole_bytes[:length]))


def test_appended_bytes_are_refused(whole_bytes, written):
    for extra in (b"\0", b"\n", whole_bytes):
        refusal(written(whole_bytes + extra))


def test_random_bytes_are_refused(written):
    generator = random.Random(3)
    for _ in range(500):
        noise = generator.randbytes(generator.randrange(200))
        refusal(written(noise))


# === Parts that don't fit, hashed again so that nothing else is wrong ===


def rebuilt(artifact: Artifact, files=None, model=None, hashes=None, **changes) -> bytes:
    """`artifact`'s bytes with other files, another model or other manifest keys, hashes made right unless given."""
    files = dict(artifact.files if files is None else files)
    model = artifact.model if model is None else model
    values = json.loads(artifact.manifest.to_bytes())
    right = {name: hashlib.sha256(contents).hexdigest() for name, contents in sorted(files.items())}
    values["files"] = right if hashes is None else hashes
    values["model_sha256"] = hashlib.sha256(model).hexdigest()
    values.update(changes)
    manifest = (json.dumps(values, ensure_ascii=False, indent=2) + "\n").encode()
    return model + archive_bytes({"albert_edge.json": manifest, **files}, len(model))


def with_config(artifact: Artifact, **changes) -> dict:
    return {**artifact.manifest.config, **changes}


def test_a_rebuilt_artifact_is_right(artifact, whole_bytes):
    assert rebuilt(artifact) == whole_bytes


def test_wrong_hashes(artifact, written):
    wrong = "0" * 64
    assert "SHA-256 of the flatbuffer must be 0000" in refusal(written(rebuilt(artifact, model_sha256=wrong)))
    files = {**artifact.manifest.files, "labels.txt": wrong}
    assert "SHA-256 of labels.txt must be 0000" in refusal(written(rebuilt(artifact, hashes=files)))


def test_more_fewer_and_exchanged_files(artifact, written):
    more = {**artifact.files, "notes.txt": b"hello"}
    assert "received labels.txt, notes.txt, spiece.model" in refusal(written(rebuilt(artifact, more)))
    fewer = {"spiece.model": artifact.files["spiece.model"]}
    assert "received spiece.model beside" in refusal(written(rebuilt(artifact, fewer)))
    exchanged = dict(zip(artifact.files, reversed(list(artifact.files.values()))))
    assert "labels.txt must hold the manifest's labels" in refusal(written(rebuilt(artifact, exchanged)))
    listed = {"labels.txt": artifact.manifest.files["labels.txt"]}
    assert "beside a manifest of labels.txt" in refusal(written(rebuilt(artifact, hashes=listed)))
    bare = artifact.model + archive_bytes(artifact.files, len(artifact.model))
    assert "must hold albert_edge.json; received labels.txt, spiece.model" in refusal(written(bare))


def test_labels(artifact, written):
    other = {**artifact.files, "labels.txt": b"a\nb\nc\nd\ne\n"}
    assert "labels.txt must hold the manifest's labels" in refusal(written(rebuilt(artifact, other)))
    names = [f"LABEL_{number}" for number in range(4)]
    files = {**artifact.files, "labels.txt": "".join(f"{name}\n" for name in names).encode()}
    config = with_config(artifact, id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    data = rebuilt(artifact, files, config=config, labels=names)
    assert "logits must have the shape [1, 4] (1 text, labels 4); received [-1, 5]" in refusal(written(data))


def test_vocabulary_of_another_size(artifact, written, spm_30k):
    files = {**artifact.files, "spiece.model": spm_30k.read_bytes()}
    assert "must have vocab_size 1000 pieces; received 30000" in refusal(written(rebuilt(artifact, files)))
    data = rebuilt(artifact, files, config=with_config(artifact, vocab_size=30000))
    assert "looked up in tables of vocab_size 30000 rows; received tables of [1000] rows" in refusal(written(data))
    files = {**artifact.files, "spiece.model": b"no vocabulary"}
    assert "SentencePiece" in refusal(written(rebuilt(artifact, files)))


def test_graph_of_another_layout(artifact, written):
    data = rebuilt(artifact, layout="unrolled", lengths={"min": 24, "max": 24})
    assert "the unrolled graph must have the inputs" in refusal(written(data))
    data = rebuilt(artifact, model=model_bytes("unrolled_float32"))
    assert "the looped graph must have the inputs" in refusal(written(data))
    unrolled = small_artifact("unrolled_float32")
    data = rebuilt(unrolled, lengths={"min": 20, "max": 20})
    assert "the unrolled graph must have the inputs" in refusal(written(data))


def test_tokenizer_options(artifact, written):
    tokenizer = {"kind": "sentencepiece", "file": "spiece.model", "options": {"do_lowercase": True}}
    assert "do_lowercase" in refusal(written(rebuilt(artifact, tokenizer=tokenizer)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"TFLITE_METADATA", b"TFLITE_METADATE", "must hold TFLite Metadata under TFLITE_METADATA"),
        (b"M001", b"M002", "must hold TFLite Metadata under TFLITE_METADATA"),
        (b"serving_default\0", b"serving_defaulx\0", "one signature, serving_default"),
        (b"\x09\0\0\0max_depth\0", b"\x09\0\0\0max_deptj\0", "must have the inputs"),
        (b"\x06\0\0\0logits\0", b"\x06\0\0\0logitz\0", "must have the outputs logits of float32; received .*logitz"),
    ],
)
def test_signature_and_metadata(artifact, written, old, new, message):
    assert old in artifact.model
    assert re.search(message, refusal(written(rebuilt(artifact, model=artifact.model.replace(old, new)))))


def test_a_hostile_flatbuffer_with_right_hashes(artifact, written):
    """The structure is checked whatever the hashes say."""
    model = bytearray(artifact.model)
    model[0:4] = (2**31).to_bytes(4, "little")
    assert "offsets must point inside" in refusal(written(rebuilt(artifact, model=bytes(model))))


def test_a_file_without_our_manifest(written):
    message = refusal(written(model_bytes("looped_float32")))
    assert "a .tflite without them" in message
    assert "albert-edge inspect --foreign" in message


def test_unreadable_paths(tmp_path):
    for path in (tmp_path / "missing.tflite", tmp_path):
        assert "the file must be readable" in refusal(path)


# === Writing ===


def test_write_checks_first_and_leaves_nothing_behind(artifact, tmp_path):
    wrong = dataclasses.replace(artifact, files={**artifact.files, "labels.txt": b"a\n"})
    path = tmp_path / "new.tflite"
    with pytest.raises(ArtifactError, match=r"SHA-256 of labels.txt"):
        write(path, wrong)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AlbertEdgeError, match="must be writable"):
        write(tmp_path / "no folder" / "new.tflite", artifact)
    write(path, artifact)
    assert [child.name for child in tmp_path.iterdir()] == ["new.tflite"]


def test_make_artifact_refuses_parts_that_do_not_fit(spm_30k):
    parts = small_parts()
    made = make_artifact(parts.pop("model"), **parts)
    assert isinstance(made.manifest, Manifest)
    config = AlbertConfig.load(CHECKPOINT)
    for change, message in (
        ({"tokenizer": open_tokenizer(spm_30k)}, "vocab_size 1000 pieces"),
        ({"heads": [Head("text-classification", config.replace(labels=("a", "b")))]}, r"the shape \[1, 2\]"),
        ({"layout": "unrolled"}, "lengths.min equal"),
        ({"lengths": Lengths(1, 512)}, "lengths.max must be at most 64"),
        ({"heads": [Head("masked-lm", config)]}, "task must be one of"),
        ({"heads": [Head("fill-mask", config)]}, "must have the inputs .*masked_positions"),
        ({"heads": [Head("token-classification", config)]}, r"the shape \[1, -1, 5\] \(1 text, tokens -1, labels 5\)"),
        ({"heads": []}, "must have a head"),
    ):
        with pytest.raises(ArtifactError, match=message):
            make_artifact(made.model, **{**parts, **change})
