"""The commands of `python -m monitoring`, one a module, found by listing the package.

A command's module has `add(commands)`, which adds its parser and sets `run`: a function from the
options to an exit code. It imports what it needs inside `run`, so that `--help` is fast.
"""

OK, FAILED, BREACHED, BLIND = 0, 1, 2, 3
