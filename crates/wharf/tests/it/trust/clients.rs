//! What clients believe of an authority that is trusted: its own names, and nothing else, whoever has its key.

use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::{sandbox, skip};

use super::{authority, lacks, own, root, somebody, wharf, with_store};
use crate::running::{program, written};
use crate::support::says;

/// Signs a leaf for `host` with the key of the authority, as one who stole it would.
fn leaf(sandbox: &Sandbox, host: &str) -> String {
    let folder = authority(sandbox).display().to_string();
    let leaf = sandbox.folder().join("home").join(host).display().to_string();
    let script = format!(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=x -keyout {leaf}.key -out {leaf}.csr
printf 'subjectAltName=DNS:{host}\\nextendedKeyUsage=serverAuth\\nkeyUsage=critical,digitalSignature\\n\
authorityKeyIdentifier=keyid\\n' > {leaf}.ext
openssl x509 -req -in {leaf}.csr -CA {folder}/chain.pem -CAkey {folder}/key.pem -days 5 -set_serial 77 \
-extfile {leaf}.ext -out {leaf}.pem
cat {folder}/chain.pem >> {leaf}.pem"
    );
    own(sandbox, &format!("({script}) 2>&1"));
    leaf
}

/// A server with a certificate, by Python, that is asked by each client in turn.
const SERVER: &str = "
import http.server, os, ssl, subprocess, sys, threading
leaf, host, words = sys.argv[1], sys.argv[2], sys.argv[3:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(leaf + '.pem', leaf + '.key')
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.handle_error = lambda *_: None
threading.Thread(target=server.serve_forever, daemon=True).start()
words = [word.replace('PORT', str(server.server_port)).replace('HOST', host) for word in words]
# Its threads may be at work: nobody waits for them.
os._exit(subprocess.run(words).returncode)
";

const PYTHON: &str = "
import socket, ssl
raw = socket.create_connection(('127.0.0.1', PORT))
ssl.create_default_context().wrap_socket(raw, server_hostname='HOST').sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
";

const NODE: &str = "
require('https').get({ host: '127.0.0.1', port: PORT, servername: 'HOST', headers: { host: 'HOST' } }, (answer) => {
    answer.resume();
}).on('error', (error) => { console.error(error.message); process.exit(1); });
";

#[test]
fn its_names_are_believed_and_no_others_whoever_has_the_key() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["openssl", "curl", "update-ca-certificates"]) {
        skip!("{why}");
    }
    with_store(&sandbox);
    let _ = wharf(&sandbox, &["trust"]).output();
    let folder = authority(&sandbox).display().to_string();
    root(&sandbox, &format!("{} trust --system {folder}/root.pem", env!("CARGO_BIN_EXE_wharf")));
    let server = written(&sandbox, "server.py", SERVER);
    let node = program("node").filter(|path| !path.starts_with("/root"));
    let curl = "curl -sS -o /dev/null --resolve HOST:PORT:127.0.0.1 https://HOST:PORT/";
    let mut clients: Vec<Vec<&str>> = vec![vec!["sh", "-c", curl], vec!["python3", "-c", PYTHON]];
    if let Some(node) = &node {
        clients.push(vec![node, "-e", NODE]);
    }
    for (host, is_believed) in [("api.shop.localhost", true), ("localhost", true), ("example.com", false)] {
        let leaf = leaf(&sandbox, host);
        let verify = format!(
            "openssl verify -x509_strict -purpose sslserver -CAfile {folder}/root.pem -untrusted {folder}/chain.pem \
             {leaf}.pem 2>&1"
        );
        let verified = somebody(&sandbox, sandbox.program(&["sh", "-c", &verify])).output();
        assert_eq!(verified.code == Some(0), is_believed, "{}", verified.text());
        if !is_believed {
            says(&verified.text(), &["permitted subtree violation"]);
        }
        for client in &clients {
            let mut words = vec!["python3", &server, &leaf, host];
            words.extend(client);
            // Node does not look into the system's store.
            let root = format!("{folder}/root.pem");
            let run = somebody(&sandbox, sandbox.program(&words)).env("NODE_EXTRA_CA_CERTS", &root).output();
            assert_eq!(run.code == Some(0), is_believed, "{client:?} of {host}: {}", run.stderr);
            if !is_believed {
                says(&run.stderr, &["permitted subtree violation"]);
            }
        }
    }
}

#[test]
fn a_program_of_a_run_trusts_it_without_the_systems_store() {
    let sandbox = sandbox!();
    if let Some(why) = lacks(&["openssl", "curl"]) {
        skip!("{why}");
    }
    let names = "NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE";
    let env = format!("env | grep -E '^({names})=' | sort; true");
    let told = |words: &[&str]| wharf(&sandbox, &[&["run", "--"], words].concat());
    assert_eq!(told(&["sh", "-c", &env]).output().expect_code(0).text(), "", "there is no authority yet");
    let _ = wharf(&sandbox, &["trust"]).output();
    let folder = authority(&sandbox).display().to_string();
    let expected = format!(
        "CURL_CA_BUNDLE={folder}/bundle.pem\nNODE_EXTRA_CA_CERTS={folder}/root.pem\nREQUESTS_CA_BUNDLE=/mine\n\
         SSL_CERT_FILE={folder}/bundle.pem\n"
    );
    let set = told(&["sh", "-c", &env]).env("REQUESTS_CA_BUNDLE", "/mine");
    assert_eq!(set.output().expect_code(0).text(), expected);
    let server = written(&sandbox, "server.py", SERVER);
    let leaf = leaf(&sandbox, "api.shop.localhost");
    let curl = "curl -sS -o /dev/null --resolve HOST:PORT:127.0.0.1 https://HOST:PORT/";
    let asked = ["python3", &server, &leaf, "api.shop.localhost", "sh", "-c", curl];
    let refused = somebody(&sandbox, sandbox.program(&asked)).output();
    assert_ne!(refused.code, Some(0), "the system does not trust it");
    let _ = told(&asked).output().expect_code(0);
    let python = [&asked[..4], &["python3", "-c", PYTHON]].concat();
    let _ = told(&python).output().expect_code(0);
    // With those of the system in it: whom a program trusted, it still trusts.
    let roots = "python3 -c 'import ssl; print(len(ssl.create_default_context().get_ca_certs()))'";
    let count = |run: wharf_testkit::run::Run<'_>| -> usize {
        run.output().expect_code(0).text().trim().parse().expect("a number")
    };
    let bare = count(somebody(&sandbox, sandbox.program(&["sh", "-c", roots])));
    assert_eq!(count(told(&["sh", "-c", roots])), bare + 1);
}
