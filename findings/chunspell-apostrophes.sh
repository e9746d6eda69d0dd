#!/usr/bin/env bash
# chunspell raises an error for a word with the apostrophe that word processors write.
#
# chunspell 2.0.5 from PyPI, on Python 3.11.
# Source: https://pypi.org/project/chunspell/, https://github.com/cdhigh/chunspell
# One would guess: `Hunspell.spell` takes any text and returns True or False. The page of the
# package says "This will only ever return True or False".
# Seen: the dictionary that comes with it, en_US, is in Latin-1, and a word with any character that
# Latin-1 lacks raises UnicodeEncodeError, such as a typographic apostrophe. There is also no other
# dictionary in the wheel, so British spelling is refused.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check chunspell==2.0.5 >&2

cat >see.py <<'SCRIPT'
from hunspell import Hunspell

dictionary = Hunspell("en_US")


def spelled(word):
    try:
        return dictionary.spell(word)
    except UnicodeEncodeError as error:
        return type(error).__name__


for word in ("isn't", "isn\u2019t", "caf\u00e9", "\u0141\u00f3d\u017a", "color", "colour"):
    print(f"{word!a}: {spelled(word)}")
SCRIPT
env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
"isn't": True
'isn\u2019t': UnicodeEncodeError
'caf\xe9': True
'\u0141\xf3d\u017a': UnicodeEncodeError
'color': True
'colour': False
EXPECTED
