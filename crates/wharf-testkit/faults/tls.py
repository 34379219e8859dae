"""Certificates, and servers within TLS: see also fault.py."""

import ssl

from fault import *

CONFIGURATION = """
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


def certificate(
    name,
    alt="DNS:localhost,IP:127.0.0.1,IP:::1",
    common="localhost",
    by=None,
    begin="20200101000000Z",
    end="20991231235959Z",
    more="",
):
    """Makes NAME.pem and NAME.key, signed by the authority `by` or by itself; returns the path without its end."""
    folder = f"{FOLDER}/authority"
    if not os.path.exists(folder):
        os.mkdir(folder)
        for file, text in (("index", ""), ("serial", "01\n"), ("cnf", CONFIGURATION.format(folder=folder))):
            with open(f"{folder}/{file}", "w") as out:
                out.write(text)
    path = f"{FOLDER}/{name}"
    with open(f"{path}.ext", "w") as out:
        out.write((f"subjectAltName = {alt}\n" if alt else "") + more)
    signer = f"-cert {by}.pem -keyfile {by}.key" if by else f"-selfsign -keyfile {path}.key"
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    sh(f"openssl req -new {key} -nodes -keyout {path}.key -subj /CN={common} -out {path}.csr 2>/dev/null")
    sh(
        f"openssl ca -batch -config {folder}/cnf -in {path}.csr -out {path}.pem -notext -startdate {begin} -enddate {end}"
        f" -extfile {path}.ext {signer} 2>/dev/null"
    )
    return path


def authority(name="root"):
    """Makes an authority, with the key usage that clients ask for."""
    more = "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n"
    return certificate(name, alt="", common=f"Example-{name}", more=more)


def context(path, **settings):
    """Returns the settings of a server with that certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{path}.pem", f"{path}.key")
    for name, value in settings.items():
        setattr(made, name, value)
    return made


def https(port, settings, host="127.0.0.1", reply=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"):
    """Starts an HTTPS server in a thread of this process."""
    listener = tcp_listener(port, host)

    def one(connection):
        try:
            with settings.wrap_socket(connection, server_side=True) as inner:
                if inner.recv(65536):
                    inner.sendall(reply)
        except OSError:
            connection.close()

    def serve():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
