"""From plain text to a corpus that `pretrain` reads, by Apache Beam.

settings.py    what can be chosen
inputs.py      files, packed or not, cut into pieces of about a megabyte; a piece's documents
cleaning.py    what of a document stays
duplicates.py  MinHash signatures, and which documents are copies
pieces.py      the work on one piece: its documents, later its records
shards.py      the records of all pieces, put in order and into shards
work.py        the folder `OUT.corpus` that all of it goes through, and from which a killed run goes on
pipeline.py    the same steps as a Beam pipeline: the only file that names Beam
build.py       the public `build_corpus`
"""
