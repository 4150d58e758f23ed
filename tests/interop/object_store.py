#!/usr/bin/env python3
"""Runs a command beside an S3 server of its own, with the environment that leads to it.

usage: object_store.py COMMAND [ARG]...

The server is moto's, in this process, on a free port of the loopback. Moto compares ETags and writes in two steps, and
closes what is being read; real S3 does neither, so requests take turns here. `CLICKPROOF_S3_BUCKET` names an empty bucket.
"""

import os
import subprocess
import sys
import threading

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "clickproof-test"


class OneRequestAtATime:
    """Makes a conditional put atomic and a get one version, as they are in S3."""

    def __init__(self, application):
        self.application, self.turn = application, threading.Lock()

    def __call__(self, environ, start_response):
        with self.turn:
            return list(self.application(environ, start_response))


class Silent(WSGIRequestHandler):
    """Does not log every request."""

    def log_request(self, *_):
        pass


def main() -> int:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    application = OneRequestAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket=BUCKET)
    ours = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "CLICKPROOF_S3_BUCKET": BUCKET,
    }
    return subprocess.run(sys.argv[1:], env=os.environ | ours, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
