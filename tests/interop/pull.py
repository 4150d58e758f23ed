#!/usr/bin/env python3
"""Pulls clicks into a lake in S3, and over HTTPS with the certificate of a private authority, and compares both.

usage: object_store.py pull.py BIN_DIR SCRATCH_DIR

The simulator answers; a proxy in this process gives it TLS. Without the authority's certificate a pull must refuse to
talk; with it, in SSL_CERT_FILE, both lakes must hold just what the server told. Exits 1 at a difference, naming it.
"""

import datetime
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 3
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
FROM, TO = TODAY - datetime.timedelta(days=DAYS + 2), TODAY - datetime.timedelta(days=3)
COUNTS = "SELECT error_code, count(*) AS n, sum(payout) AS paid FROM clicks GROUP BY 1 ORDER BY 1"
COVERED = "SELECT feed, sum(rows) AS n FROM coverage GROUP BY 1 ORDER BY 1"


def certificate(name: str, key, issuer: x509.Name, issuer_key, is_authority: bool) -> x509.Certificate:
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """The authority's certificate, and the server's with its key, which no machine trusts."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of one test")])
    pem = serialization.Encoding.PEM
    authority = certificate("Authority of one test", authority_key, name, authority_key, True).public_bytes(pem)
    server = certificate("localhost", key, name, authority_key, False).public_bytes(pem)
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "authority.pem").write_bytes(authority)
    (folder / "server.pem").write_bytes(server + secret)
    return folder / "authority.pem", folder / "server.pem"


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while content := source.recv(1 << 16):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side has closed


def serve_tls(server_pem: Path, port: int) -> int:
    """Takes TLS on a free port of the loopback and passes what it holds on to another port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_pem)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        try:
            secure = context.wrap_socket(connection, server_side=True)
        except OSError:
            return  # a client that does not trust us
        plain = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=copy, args=(secure, plain), daemon=True).start()
        copy(plain, secure)

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


class Tools:
    def __init__(self, folder: Path):
        self.fetcher, self.analyze, self.simulator = folder / "fetcher", folder / "analyze", folder / "everflow-sim"

    def pull(self, lake: str, base_url: str, patience: str = "5m", **environment: str) -> subprocess.CompletedProcess:
        flags = ["--source", "network-clicks", "--from", str(FROM), "--to", str(TO), "--account", "acme", "--quiet"]
        command = [self.fetcher, "pull", *flags, "--lake", lake, "--base-url", base_url, "--give-up-after", patience]
        environment = os.environ | {"EVERFLOW_API_KEY": "network-key"} | environment
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )

    def query(self, lake: str, statement: str) -> list[dict]:
        command = [self.analyze, "sql", statement, "--lake", lake, "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        expect(done, 0)
        return json.loads(done.stdout)


def expect(done: subprocess.CompletedProcess, code: int) -> str:
    if done.returncode != code:
        raise SystemExit(f"error: {' '.join(map(str, done.args))} exits {done.returncode}, not {code}: {done.stderr}")
    return done.stderr


def compare(tools: Tools, truth: Path, lakes: list[str]) -> int:
    told = [click for click in map(json.loads, truth.read_text().splitlines()) if click["feed"] == "network-clicks"]
    for statement in [COUNTS, COVERED]:
        found = [tools.query(lake, statement) for lake in lakes]
        if found[0] != found[1] or sum(row["n"] for row in found[0]) != len(told):
            raise SystemExit(f"error: {len(told)} clicks were told; {statement}: {found}")
    return len(told)


def main() -> int:
    if len(sys.argv) != 3 or "CLICKPROOF_S3_BUCKET" not in os.environ:
        raise SystemExit(__doc__)
    tools, scratch = Tools(Path(sys.argv[1])), Path(sys.argv[2])
    truth, local = scratch / "pull-truth.ndjson", scratch / "pull-https"
    remote = f"s3://{os.environ['CLICKPROOF_S3_BUCKET']}/pulled"
    authority, server_pem = make_certificates(scratch)
    flags = ["--from", str(FROM), "--days", str(DAYS), "--clicks-per-day", "3000", "--no-limits"]
    command = [tools.simulator, "serve", *flags, "--truth", truth]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        try:
            base_url = simulator.stdout.readline().strip()
            expect(tools.pull(remote, base_url), 0)
            secure_url = f"https://localhost:{serve_tls(server_pem, int(base_url.rsplit(':', 1)[1]))}"
            said = expect(tools.pull(str(local), secure_url, patience="10s"), 4)
            if "certificate" not in said.lower():
                raise SystemExit(f"error: a certificate that nobody trusts is refused without saying so: {said}")
            expect(tools.pull(str(local), secure_url, SSL_CERT_FILE=str(authority)), 0)
        finally:
            simulator.terminate()
    clicks = compare(tools, truth, [remote, str(local)])
    print(f"pull: {clicks} clicks and their coverage, the same in S3 and over HTTPS with a private authority")
    return 0


if __name__ == "__main__":
    sys.exit(main())
