"""What each way to a smaller or faster file costs and brings, on SST-2 and AG News, one thread, one run.

    python -m benchmarks.compression --data DATA --out out/compression
    python -m benchmarks.compression --data DATA --out out/compression --only exits,vocab --sets sst2

A model of size mini with 6 layers is trained on each set, plain and with every depth answering (`--multi-exit`), unless
its folder is given; every part takes these and makes what it compares. Times of one table come from one process in
which the files take turns, so that their ratios hold where other work slows the machine. Trained folders, files and
measured rows lie under `--out` and are not made twice: a run that was stopped goes on, and what shall be made anew has
to be removed there (a part's rows are PART.json). Each part keeps every raw value in that file and prints a Markdown
table; `tables.md` has all of them.

`work` keeps trainings, files and rows, `scores` asks models; the parts are `schemes`, `shape`, `pruning`, `vocabulary`,
`exits`, `distillation` and `choice`. Left out: memory and start, which `benchmarks.graph` measures, and other devices
than this machine.
"""
