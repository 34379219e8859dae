//! The configurations of the other proxies, and of the nginx behind them all.
//!
//! Each has one worker, routes by host name, sets the forwarding headers that wharf sets, keeps connections to the upstream
//! open, and logs each request into memory as wharf does. nginx is kept from writing bodies to the disk, and has buffers of
//! 16 KiB, as HAProxy has by itself: with its own of 4 KiB it takes twice as long for what is large, and then the comparison
//! would flatter wharf.

use std::fmt::Write;
use std::path::Path;

use super::place::{ECHO, ECHO_HOST, UPSTREAM};
use super::proxy::{Kind, Ports};

/// Returns the names that lead to the upstream.
pub(super) fn hosts(routes: usize) -> Vec<String> {
    (0..routes).map(|index| format!("b{index}.bench.localhost")).collect()
}

/// Returns nginx as the server behind: 12 bytes, and large files.
pub(super) fn upstream(folder: &Path) -> String {
    let nginx = nginx_head(folder, "upstream");
    format!(
        "{nginx}http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; sendfile on; {}\n\
         server {{ listen 127.0.0.1:{UPSTREAM} backlog=4096; root {};\n\
         location / {{ return 200 \"hello world\\n\"; }}\n\
         location = /100k {{ }} location = /1g {{ }} }} }}\n",
        nginx_folders(folder),
        folder.display()
    )
}

/// Returns nginx as a proxy. All names are of one server, which costs it the least memory.
pub(super) fn nginx(folder: &Path, routes: usize, buffer_kb: usize) -> String {
    let Ports { http, https, tcp } = Kind::Nginx.ports();
    let place = folder.display();
    let forward = "proxy_http_version 1.1; proxy_max_temp_file_size 0; proxy_set_header Host $http_host; \
                   proxy_set_header Connection $connection_upgrade; proxy_set_header Upgrade $http_upgrade; \
                   proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; \
                   proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Port $server_port; \
                   proxy_set_header Forwarded \"for=$remote_addr;host=$host;proto=$scheme\";";
    let (buffer, busy) = (format!("{buffer_kb}k"), format!("{}k", 2 * buffer_kb));
    let buffers =
        format!("proxy_buffer_size {buffer}; proxy_buffers 8 {buffer}; proxy_busy_buffers_size {busy};");
    let upstream = |name: &str, port: u16| {
        format!(
            "upstream {name} {{ server 127.0.0.1:{port}; keepalive 256; keepalive_requests 1000000000; }}\n"
        )
    };
    let listen =
        |more: &str| format!("listen 127.0.0.1:{http} {more}; listen 127.0.0.1:{https} ssl http2 {more};");
    let server = |names: &str, name: &str| {
        let listen = listen("");
        format!("server {{ {listen} server_name {names};\nlocation / {{ proxy_pass http://{name}; }} }}\n")
    };
    let mut text =
        format!("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n{}", nginx_head(folder, "nginx"));
    let _ = write!(
        text,
        "http {{ access_log /dev/null combined buffer=64k flush=1s; keepalive_requests 1000000000; {}\n\
         map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}\n\
         ssl_certificate {place}/chain.pem; ssl_certificate_key {place}/key.pem; ssl_protocols TLSv1.2 TLSv1.3;\n\
         server_names_hash_max_size 65536; server_names_hash_bucket_size 128; {buffers} {forward}\n\
         {}{}server {{ {} return 404; }}\n",
        nginx_folders(folder),
        upstream("plain", UPSTREAM),
        upstream("echo", ECHO),
        listen("default_server backlog=4096"),
    );
    if routes > 0 {
        text += &server(&hosts(routes).join(" "), "plain");
        text += &server(ECHO_HOST, "echo");
    }
    let _ = write!(
        text,
        "}}\nstream {{ log_format line '$remote_addr $bytes_sent $session_time'; \
         access_log /dev/null line buffer=64k flush=1s;\n\
         server {{ listen 127.0.0.1:{tcp}; proxy_pass 127.0.0.1:{ECHO}; }} }}\n"
    );
    text
}

fn nginx_head(folder: &Path, name: &str) -> String {
    // The worker stays who it is: in a user namespace there is nobody else. And nginx removes its pid file at the end,
    // whatever that is.
    format!(
        "daemon off; user root; worker_processes 1; pid {}/{name}.pid; error_log stderr;\n\
         events {{ worker_connections 8192; }}\n",
        folder.display()
    )
}

fn nginx_folders(folder: &Path) -> String {
    let names = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    names.map(|name| format!("{name}_temp_path {}/nginx-{name};", folder.display())).join(" ")
}

/// Returns HAProxy's configuration, and the map of its names.
pub(super) fn haproxy(folder: &Path, routes: usize) -> (String, String) {
    let Ports { http, https, tcp } = Kind::Haproxy.ports();
    let place = folder.display();
    let text = format!(
        "ring requests\n format raw\n maxlen 2048\n size 1048576\n\
         global\n nbthread 1\n maxconn 4096\n log ring@requests local0\n\
         defaults\n log global\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n timeout tunnel 1h\n \
         http-reuse always\n\
         frontend web\n mode http\n option httplog\n option forwardfor\n\
         \x20bind 127.0.0.1:{http}\n bind 127.0.0.1:{https} ssl crt {place}/whole.pem alpn h2,http/1.1\n\
         \x20http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]\n\
         \x20http-request set-header X-Forwarded-Host %[req.hdr(host)]\n\
         \x20http-request set-header X-Forwarded-Port %[dst_port]\n\
         \x20http-request set-header Forwarded for=%[src];host=%[req.hdr(host)];proto=%[ssl_fc,iif(https,http)]\n\
         \x20use_backend %[req.hdr(host),field(1,:),lower,map({place}/haproxy.map,none)]\n\
         backend none\n mode http\n http-request return status 404\n\
         backend plain\n mode http\n server one 127.0.0.1:{UPSTREAM}\n\
         backend echo\n mode http\n server one 127.0.0.1:{ECHO}\n\
         listen raw\n mode tcp\n option tcplog\n option splice-auto\n bind 127.0.0.1:{tcp}\n server one 127.0.0.1:{ECHO}\n"
    );
    let mut map = String::new();
    if routes > 0 {
        hosts(routes).iter().for_each(|host| map += &format!("{host} plain\n"));
        map += &format!("{ECHO_HOST} echo\n");
    }
    (text, map)
}

/// Returns Caddy's configuration.
pub(super) fn caddy(folder: &Path, routes: usize) -> String {
    let Ports { http, https, .. } = Kind::Caddy.ports();
    let place = folder.display();
    let mut text = "{\nadmin off\nauto_https off\nservers {\nprotocols h1 h2\n}\n}\n".to_owned();
    let mut site = |scheme: &str, port: u16, tls: &str| {
        let mut part = |names: &[String], upstream: u16| {
            let names: Vec<String> = names.iter().map(|name| format!("{scheme}://{name}:{port}")).collect();
            let names = names.join(",\n");
            text += &format!(
                "{names} {{\nbind 127.0.0.1\n{tls}log {{\noutput discard\n}}\nreverse_proxy 127.0.0.1:{upstream}\n}}\n"
            );
        };
        if routes > 0 {
            part(&hosts(routes), UPSTREAM);
            part(&[ECHO_HOST.to_owned()], ECHO);
        } else {
            part(&["none.bench.localhost".to_owned()], UPSTREAM);
        }
    };
    site("http", http, "");
    site("https", https, &format!("tls {place}/chain.pem {place}/key.pem\n"));
    text
}
