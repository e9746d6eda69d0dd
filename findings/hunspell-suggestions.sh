#!/usr/bin/env bash
# Hunspell takes ten times as long to suggest words as it needs to find the right one.
#
# chunspell 2.0.5 from PyPI, which has Hunspell 1.7 and the en_US dictionary of SCOWL, on Python
# 3.11.
# Source: https://pypi.org/project/chunspell/, hunspell(5), MAXNGRAMSUGS and TRY.
# One would guess: where one small change makes a slip a word, the search ends there, and takes
# little more than checking a word does, which is some microseconds.
# Seen: whatever small changes have found, the word is also compared with all of the dictionary by
# n-grams. That takes 40 to 100 ms of CPU a word, more than all checks of a text of 1,700 words, and
# what it adds is seldom meant. With "MAXNGRAMSUGS 0" in a copy of the .aff file the first
# suggestions are the same in a tenth of the time.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check chunspell==2.0.5 >&2

cat >see.py <<'SCRIPT'
import shutil
import time
from pathlib import Path

import hunspell

WORDS = ("recieve", "accomodate", "definately", "seperately", "goverment", "enviroment")

source = Path(hunspell.__file__).with_name("dictionaries")
Path("copy").mkdir()
shutil.copy(source / "en_US.dic", "copy")
rules = (source / "en_US.aff").read_text("latin-1")
Path("copy/en_US.aff").write_text(f"{rules}\nMAXNGRAMSUGS 0\n", "latin-1")


def suggested(dictionary):
    began = time.process_time()
    found = [dictionary.suggest(word) for word in WORDS]
    return found, time.process_time() - began


as_it_is, seconds = suggested(hunspell.Hunspell("en_US"))
without, fewer = suggested(hunspell.Hunspell("en_US", hunspell_data_dir="copy"))
for word, many, few in zip(WORDS, as_it_is, without):
    print(f"{word}: {', '.join(many[:3])} | {', '.join(few[:3])}")
print("the same first ones:", [it[0] for it in as_it_is] == [it[0] for it in without])
print("more than 4 times as long:", seconds > 4 * fewer)
SCRIPT
env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
recieve: receive, relieve, retrieve | receive, relieve
accomodate: accommodate, accommodative, accommodation | accommodate
definately: definitely, determinately, effeminately | definitely
seperately: separately, desperately, temperately | separately
goverment: government, overpayment, engorgement | government
enviroment: environment, environ, enthronement | environment
the same first ones: True
more than 4 times as long: True
EXPECTED
