"""moto's S3 at a port, one request at a time.

Its own command answers requests in threads, and of several that put the same key on the condition
that nothing is there (`If-None-Match: *`) it lets more than one through. S3 doesn't.
"""

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

app = DomainDispatcherApplication(create_backend_app)
run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=False)
