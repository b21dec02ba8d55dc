"""Runs what the example's instances serve, on a free port of this machine, and prints what it answers.

Usage: site.py DIRECTORY, which holds serve.py.
"""

import datetime
import http.client
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def write_certificate(directory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    pem = serialization.Encoding.PEM
    (directory / "certificate.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    kind, open_text = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (directory / "key.pem").write_bytes(key.private_bytes(pem, kind, open_text))


def ask(port, method):
    client = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=ssl._create_unverified_context())
    client.request(method, "/health")
    answer = client.getresponse()
    return f"{method} {answer.status} {answer.read().decode().strip()}".strip()


directory = pathlib.Path(sys.argv[1])
write_certificate(directory)
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
settings = {**os.environ, "ADDRESS": "127.0.0.1", "PORT": str(port), "REGION": "eu-west-2"}
server = subprocess.Popen([sys.executable, "serve.py"], cwd=directory, env=settings, stderr=subprocess.DEVNULL)
try:
    begun = time.monotonic()
    while True:
        try:
            silent = socket.create_connection(("127.0.0.1", port))
            break
        except ConnectionRefusedError:
            if server.poll() is not None or time.monotonic() - begun > 30:
                sys.exit("the site did not start")
            time.sleep(0.05)
    # One that connects and says nothing holds up nobody.
    with silent:
        print(ask(port, "GET"))
        print(ask(port, "HEAD"))
finally:
    server.kill()
    server.wait()
