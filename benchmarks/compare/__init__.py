"""This project beside other engines: the same weights, the same token ids, one thread, one run, in turns.

    make bench-compare DATA=folder
    python -m benchmarks.compare --peers .venv-compare/bin/python --data data/ag_news/dev.tsv --out out/compare

Engines: this project's file; a plain TFLite export (unrolled, padded to 128); ONNX Runtime (fused by its transformer
optimizer; float32, and dynamic int8 per channel); OpenVINO (its default precision, and NNCF's post-training int8);
PyTorch (float32, and dynamic int8); ExecuTorch with XNNPACK (the same two). The peers come from an environment of their
own (`requirements.txt` here), each engine runs in a process of its own, and the driver asks them one after another.

An engine is a module in `peers` with four names: `PACKAGES` (what it is, for the versions), `imports()` (the engine
without a model), `prepare(model, folder, samples, variant)`, which makes its files from a Hugging Face folder, and
`load(folder, variant)`, which returns a function from ids and segments, int64 [1, T], to logits, float32 [1, labels].
One that checks its files first has `check(folder)`, whose result `load` gets in the folder's place.
One that can't convert the model is a row with its error. `engines` starts them, `child` is their end, `measure` takes
the times, `verdicts` holds them against what this project promises, `tables` prints.

Inside the timed region is that function: from numpy arrays to numpy arrays. Left out: tokenization, which is the same
for all, batches, more threads, other processors than this one.
"""
