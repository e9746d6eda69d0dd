#!/usr/bin/env bash
# A typst Compiler that was made of a document's bytes compiles it once.
#
# typst 0.15.2 from PyPI (typst-py), on Python 3.11 or newer.
# Source: https://pypi.org/project/typst/, https://github.com/messense/typst-py
# One would guess: a `Compiler` is there to be used again, as its `compile(sys_inputs=…)` suggests, and
# `input` may be a path or bytes in the same way.
# Seen: of bytes, the first `compile` works; each one after it raises a TypstError, `file not found`,
# with the name `__typst_py_bytes__.typ` in the root, whatever was given: new inputs, others or none.
# A compiler of the same text in a file, or one that is given the bytes again, compiles each time.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check typst==0.15.2 >&2

cat >see.py <<'SCRIPT'
from pathlib import Path

import typst

TEXT = b"Hello #sys.inputs.at(\"name\", default: \"nobody\")"


def tried(title, compiler, **given):
    for number in range(1, 4):
        try:
            compiler.compile(format="pdf", sys_inputs={"name": str(number)}, **given)
            print(title, number, "compiled")
        except typst.TypstError as error:
            print(title, number, error.message.partition(" (")[0])


Path("hello.typ").write_bytes(TEXT)
tried("bytes", typst.Compiler(TEXT))
tried("bytes again", typst.Compiler(TEXT), input=TEXT)
tried("file", typst.Compiler("hello.typ"))
SCRIPT

env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
bytes 1 compiled
bytes 2 file not found
bytes 3 file not found
bytes again 1 compiled
bytes again 2 compiled
bytes again 3 compiled
file 1 compiled
file 2 compiled
file 3 compiled
EXPECTED
