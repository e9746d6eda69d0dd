#!/usr/bin/env bash
# standardwebhooks signs another moment than the one that it's given, unless that is in UTC.
#
# standardwebhooks 1.1.0 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/standardwebhooks/,
# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
# One would guess: `sign(msg_id, timestamp, data)` takes any `datetime` with its zone, and signs the
# seconds since 1970 of that moment, which the sender puts into `webhook-timestamp`.
# Seen: the zone is replaced by UTC, not converted to it. A moment that is written in another zone
# gets a signature of hours earlier or later, which the library's own `verify` refuses. A time
# without a zone is taken for UTC, where `datetime.timestamp()` takes it for local time.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0 >&2

cat >see.py <<'SCRIPT'
from datetime import datetime, timedelta, timezone

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
now = datetime.now(timezone.utc).replace(microsecond=0)


def is_verified(moment):
    """Whether what was signed at this moment, and says so in its headers, is let in."""
    headers = {
        "webhook-id": "id",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign("id", moment, "{}"),
    }
    try:
        webhook.verify("{}", headers)
    except WebhookVerificationError as error:
        return str(error)
    return "verified"


for name, hours in (("UTC", 0), ("Tokyo", 9), ("New York", -5)):
    moment = now.astimezone(timezone(timedelta(hours=hours)))
    assert moment == now
    print(f"{name}: {is_verified(moment)}")
SCRIPT
env/bin/python see.py | tee seen
diff seen - <<'EXPECTED'
UTC: verified
Tokyo: No matching signature found
New York: No matching signature found
EXPECTED
