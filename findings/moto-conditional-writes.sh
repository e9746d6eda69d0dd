#!/usr/bin/env bash
# moto's server lets several writers of one key through, each on the condition that nothing is there.
#
# moto 5.2.5 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/moto/
# One would guess: of several PUTs with `If-None-Match: *` for one key, one is answered 200 and the
# others 412, as S3 promises, since the server keeps all objects in one process.
# Seen: of eight at once, several are answered 200, in most of 40 rounds. The server answers in
# threads, and first looks for the key and then puts it. One request at a time, it's right. So a test
# of two writers against moto_server says nothing of a client's conditions.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'moto[s3,server]==5.2.5' >&2

cat >see.py <<'SCRIPT'
import http.client
import socket
import threading
import time

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

WRITERS, ROUNDS = 8, 40


def put(port, path, body=b"", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("PUT", path, body, {name.replace("_", "-"): headers[name] for name in headers})
    status = connection.getresponse().status
    connection.close()
    return status


def rounds_with_several_winners(threaded):
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=threaded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bucket = f"/bucket-{threaded}".lower()
    assert put(server.port, bucket) == 200
    found = 0
    for number in range(ROUNDS):
        statuses = []
        start = threading.Barrier(WRITERS)

        def write(writer):
            start.wait()
            body = f"writer {writer}".encode() * 1000
            statuses.append(put(server.port, f"{bucket}/{number}", body, If_None_Match="*"))

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        assert set(statuses) <= {200, 409, 412}, statuses
        found += statuses.count(200) > 1
    server.shutdown()
    return found


print("in threads, several were let through:", rounds_with_several_winners(True) > 0)
print("one at a time, several were let through:", rounds_with_several_winners(False) > 0)
SCRIPT

env/bin/python see.py 2>log | tee seen || { cat log >&2; false; }
diff seen - <<'EXPECTED'
in threads, several were let through: True
one at a time, several were let through: False
EXPECTED
