"""The paper's experiments: every system of its tables, under its protocol and under one that does not leak.

`systems` names what is compared, `datasets` on which images, `protocols` how they are split, `presets` how long is
trained; a `jobs.Job` is one of each, and `tables` says which the paper shows. `python -m brevitas_models.experiments`
runs them.
"""
