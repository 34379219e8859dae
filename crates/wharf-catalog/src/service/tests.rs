//! What is recognised by looking, and what is not: command lines as they stand in real process lists.

use std::collections::HashSet;

use proptest::prelude::*;
use wharf_model::process::ProcessState;

use super::*;

/// Makes a process from `EXE|ARGUMENT|ARGUMENT…`; an empty EXE may not be read.
fn process(line: &str) -> Process {
    let mut parts = line.split('|').map(str::to_owned);
    let exe = parts.next().filter(|exe| !exe.is_empty());
    let command: Vec<String> = parts.collect();
    Process {
        pid: 1,
        started_at: None,
        start_ticks: 1,
        ppid: None,
        name: String::new(),
        command,
        exe,
        exe_deleted: false,
        cwd: None,
        uid: None,
        user: None,
        state: ProcessState::Sleeping,
        tty: None,
        cgroup: None,
        fds: Vec::new(),
    }
}

fn looked_at(line: &str, port: u16) -> Option<Service> {
    let process = process(line);
    identify(&Evidence { process: Some(&process), container: None, protocol: Protocol::Tcp, port })
}

/// Checks lines of `id  port  EXE|ARGUMENTS…`; the id `-` stands for nothing known.
#[track_caller]
fn check(lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.splitn(3, ' ').map(str::trim);
        let (id, port, command) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let found = looked_at(command, port.parse().unwrap());
        assert_eq!(found.as_ref().map_or("-", |service| &service.id), id, "{command}");
    }
}

fn container(image: &str) -> Container {
    Container {
        engine: "docker".to_owned(),
        id: "0".repeat(64),
        name: None,
        image: Some(image.to_owned()),
        port: None,
        compose_project: None,
        compose_service: None,
    }
}

fn imaged(image: &str) -> Option<Service> {
    let container = container(image);
    identify(&Evidence { process: None, container: Some(&container), protocol: Protocol::Tcp, port: 1 })
}

#[test]
fn every_id_stands_once_and_is_kebab_case() {
    let mut ids = HashSet::new();
    for known in table::SERVICES {
        assert!(ids.insert(known.id), "{} stands twice", known.id);
        assert!(
            known.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{}",
            known.id
        );
        assert!(known.speaks.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        assert!(!known.name.is_empty());
    }
}

#[test]
fn every_name_leads_to_one_service() {
    let mut owners = std::collections::HashMap::new();
    for known in table::SERVICES {
        for name in table::names(known) {
            if let Some(other) = owners.insert(name, known.id) {
                panic!("{name:?} leads to {other} and to {}", known.id);
            }
        }
    }
}

#[test]
fn lists_of_ids_name_services_that_exist() {
    let lists = [table::GENERIC, table::FORWARDERS, table::REVERSE_PROXIES];
    for id in lists.into_iter().flatten().chain(ports::USUAL.iter().map(|(id, _, _)| id)) {
        assert!(table::by_id(id).is_some(), "{id}");
    }
}

#[test]
fn programs_are_known_by_their_file_name() {
    check(
        "postgresql 5432 /usr/lib/postgresql/15/bin/postgres|postgres|-D|/tmp/d
         mariadb 3306 /usr/sbin/mariadbd|/usr/sbin/mysqld
         redis 6379 /usr/bin/redis-server|redis-server *:6379
         redis 6379 /usr/bin/redis-check-rdb|/usr/bin/redis-server 127.0.0.1:6379
         memcached 11211 /usr/bin/memcached|/usr/bin/memcached|-m|64
         sshd 22 /usr/sbin/sshd|sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
         systemd-resolved 53 /usr/lib/systemd/systemd-resolved|/lib/systemd/systemd-resolved
         caddy 443 /nix/store/x/bin/.caddy-wrapped|caddy|run
         php-fpm 9000 /usr/sbin/php-fpm8.2|php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)
         ollama 11434 /usr/local/bin/ollama|/usr/local/bin/ollama|serve
         docker-proxy 80 /usr/bin/docker-proxy|/usr/bin/docker-proxy|-proto|tcp|-host-port|80
         hugo 1313 /usr/bin/hugo|hugo|server
         rsyncd 873 /usr/bin/rsync|rsync|--daemon|--no-detach
         mcp 3001 /home/u/.cargo/bin/github-mcp-server|github-mcp-server|http
         busybox-httpd 80 /bin/busybox|/bin/httpd|-f|-p|80
         busybox-httpd 80 /bin/busybox|busybox|httpd|-f",
    );
}

#[test]
fn titles_count_where_the_executable_may_not_be_read() {
    check(
        "nginx 80 |nginx: master process nginx -g daemon off;
         postgresql 5432 |postgres: checkpointer 
         sshd 22 |sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
         gunicorn 8000 |gunicorn: master [app:app]
         puma 3000 |puma: cluster worker 0: 4711 [shop]
         next 3000 |next-server (v16.0.1)
         postgresql 5432 |/usr/lib/postgresql/15/bin/postgres|-D|/d",
    );
}

#[test]
fn a_title_does_not_outshout_a_known_executable() {
    check(
        "redis 6379 /usr/bin/redis-server|postgres: checkpointer
         node 3000 /usr/bin/node|my-postgres: worker",
    );
}

#[test]
fn words_inside_paths_and_titles_tell_nothing() {
    check(
        "node 3000 /usr/bin/node|node|/home/vite/next/redis-server/index.js
         python 3000 /usr/bin/python3.11|python3|/srv/flask/app.py
         python 3000 /usr/bin/python3.11|python3|flask.py
         node 3000 /usr/bin/node|node|serve.js
         - 3000 /home/u/postgres/target/debug/my-app|./my-app|postgres
         - 3000 /opt/x/notnginx|nginxish: master",
    );
}

#[test]
fn node_is_seen_through() {
    check(
        "vite 5173 /usr/bin/node|node|/x/node_modules/.bin/vite|--port|5173
         vite 5173 /usr/bin/node|node|/x/node_modules/.pnpm/vite@5.4.1_@types+node@20/node_modules/vite/bin/vite.js
         vite 5173 /usr/bin/node|node|node_modules/vite/bin/vite.js
         next 3000 /usr/bin/node|next-server (v16.0.1)
         next 3000 /usr/bin/node|node|/x/node_modules/next/dist/bin/next|dev
         nuxt 3000 /usr/bin/node|node|/x/node_modules/.bin/nuxt|dev
         astro 4321 /usr/bin/node|node|/x/node_modules/.bin/astro|dev
         angular 4200 /usr/bin/node|ng serve
         react-router 5173 /usr/bin/node|node|/x/node_modules/@react-router/dev/dist/cli/index.js|dev
         storybook 6006 /usr/bin/node|node|/x/node_modules/.bin/storybook|dev
         http-server 8080 /usr/bin/node|node|/usr/local/bin/http-server
         json-server 3000 /usr/bin/node|node|/usr/lib/node_modules/json-server/lib/bin.js|db.json
         tsx 3000 /usr/bin/node|node|--require|/x/node_modules/tsx/dist/preflight.cjs|--import|file:///x/node_modules/tsx/dist/loader.mjs|server.ts
         nodemon 3000 /usr/bin/node|node|/x/node_modules/.bin/nodemon|app.js
         node 3000 /usr/bin/node|node|server.js
         node 3000 /usr/bin/node|node|-e|require('vite')
         vscode-server 41111 /home/u/.vscode-server/cli/servers/Stable-1/server/node|/home/u/.vscode-server/cli/servers/Stable-1/server/node|/home/u/.vscode-server/cli/servers/Stable-1/server/out/server-main.js
         typescript-language-server 1 /usr/bin/node|node|/x/node_modules/typescript/lib/tsserver.js
         mcp 3000 /usr/bin/node|node|/x/node_modules/@modelcontextprotocol/server-everything/dist/index.js
         bun 3000 /usr/bin/bun|bun|run|index.ts
         vite 5173 /usr/bin/bun|bun|x|vite
         deno 8000 /usr/bin/deno|deno|run|-A|main.ts
         vite 5173 /usr/bin/deno|deno|run|-A|npm:vite@5.4.0
         esbuild 8000 /x/node_modules/@esbuild/linux-x64/bin/esbuild|/x/esbuild|--serve=8000",
    );
}

#[test]
fn python_is_seen_through() {
    check(
        "python-http-server 8000 /usr/bin/python3.11|python3|-m|http.server|8000
         python-http-server 8000 /usr/bin/python3.11|python3|-um|http.server
         flask 5000 /usr/bin/python3.11|/v/bin/python|/v/bin/flask|run
         flask 5000 /usr/bin/python3.11|python|-X|dev|-m|flask|run
         django 8000 /usr/bin/python3.11|python|manage.py|runserver|0.0.0.0:8000
         python 8000 /usr/bin/python3.11|python|manage.py|migrate
         uvicorn 8000 /usr/bin/python3.11|/v/bin/python|/v/bin/uvicorn|app:app
         gunicorn 8000 /usr/bin/python3.11|gunicorn: master [app:app]
         gunicorn 8000 /usr/bin/python3.11|python|-m|gunicorn.app.wsgiapp|app
         jupyter 8888 /usr/bin/python3.11|/usr/bin/python3|/usr/bin/jupyter-lab
         jupyter-kernel 40000 /usr/bin/python3.11|python|-m|ipykernel_launcher|-f|x.json
         streamlit 8501 /usr/bin/python3.11|python|/v/lib/python3.11/site-packages/streamlit/web/cli.py|run
         flower 5555 /usr/bin/python3.11|python|/v/bin/celery|-A|x|flower
         vllm 8000 /usr/bin/python3.12|python|-m|vllm.entrypoints.openai.api_server
         debugpy 5678 /usr/bin/python3.12|python|-m|debugpy|--listen|0.0.0.0:5678|-m|flask|run
         flask 5000 /usr/bin/python3.12|python|-m|debugpy|--listen|0.0.0.0:5678|-m|flask|run
         python 5000 /usr/bin/python3.12|python|-c|import http.server
         mcp 5000 /usr/bin/python3.12|python|/v/bin/mcp-server-fetch",
    );
}

#[test]
fn ruby_php_and_shells_are_seen_through() {
    check(
        "rails 3000 /usr/bin/ruby3.1|ruby|bin/rails|s
         puma 3000 /usr/bin/ruby3.1|puma 6.4.0 (tcp://localhost:3000) [shop]
         jekyll 4000 /usr/bin/ruby3.1|ruby|/usr/bin/bundle|exec|jekyll|serve
         webrick 8080 /usr/bin/ruby3.1|ruby|-run|-e|httpd|.
         ruby 8080 /usr/bin/ruby3.1|ruby|server.rb
         php-server 8000 /usr/bin/php8.2|php|-S|localhost:8000
         php 8000 /usr/bin/php8.2|php|worker.php
         vite 5173 /usr/bin/dash|sh|-c|exec vite --port 5173
         vite 5173 /usr/bin/dash|sh|-c|NODE_ENV=development node node_modules/.bin/vite
         - 5173 /usr/bin/dash|sh|-c|vite && echo done
         - 5173 /usr/bin/bash|-bash",
    );
}

#[test]
fn java_is_seen_through() {
    check(
        "spring-boot 8080 /usr/lib/jvm/j/bin/java|java|org.springframework.boot.loader.launch.JarLauncher
         spring-boot 8080 /usr/lib/jvm/j/bin/java|java|-cp|/x/app:/m2/spring-boot-3.2.0.jar|com.shop.App
         tomcat 8080 /usr/lib/jvm/j/bin/java|java|-Dx=y|-classpath|a.jar|org.apache.catalina.startup.Bootstrap|start
         kafka 9092 /usr/lib/jvm/j/bin/java|java|-cp|x|kafka.Kafka|server.properties
         jenkins 8080 /usr/lib/jvm/j/bin/java|java|-jar|/usr/share/java/jenkins.war|--httpPort=8080
         selenium 4444 /usr/lib/jvm/j/bin/java|java|-jar|selenium-server-4.10.0.jar|standalone
         gradle-daemon 40000 /usr/lib/jvm/j/bin/java|java|-cp|g.jar|org.gradle.launcher.daemon.bootstrap.GradleDaemon|8.5
         bazel 40000 /usr/lib/jvm/j/bin/java|bazel(shop)|-jar|/x/A-server.jar
         java 8080 /usr/lib/jvm/j/bin/java|java|-jar|shop-0.0.1-SNAPSHOT.jar
         jdwp 5005 /usr/lib/jvm/j/bin/java|java|-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005|-jar|shop.jar
         java 8080 /usr/lib/jvm/j/bin/java|java|-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005|-jar|shop.jar
         java 5005 /usr/lib/jvm/j/bin/java|java|-agentlib:jdwp=transport=dt_socket,server=n,address=*:5005|-jar|shop.jar
         jmx 9010 /usr/lib/jvm/j/bin/java|java|-Dcom.sun.management.jmxremote.port=9010|-jar|shop.jar",
    );
}

#[test]
fn a_debuggers_port_is_told_from_the_applications() {
    check(
        "node-inspector 9229 /usr/bin/node|node|--inspect|app.js
         node 3000 /usr/bin/node|node|--inspect|app.js
         node-inspector 5858 /usr/bin/node|node|--inspect=0.0.0.0:5858|app.js
         node 9229 /usr/bin/node|node|--inspect=0.0.0.0:5858|app.js
         node-inspector 9229 /usr/bin/node|node|--inspect-brk=127.0.0.1|app.js
         node 9229 /usr/bin/node|node|app.js|--inspect
         chrome-devtools 9222 /usr/lib/chromium/chromium|/usr/lib/chromium/chromium|--remote-debugging-port=9222
         chrome-devtools 9222 /usr/lib/chromium/chromium|/usr/lib/chromium/chromium --headless --remote-debugging-port=9222
         chrome-devtools 40123 /opt/google/chrome/chrome|chrome|--remote-debugging-port=0
         chromium 9223 /usr/lib/chromium/chromium|chromium|--remote-debugging-port=9222
         chromium 9222 /usr/lib/chromium/chromium|chromium
         deno-inspector 9229 /usr/bin/deno|deno|run|--inspect|main.ts",
    );
}

#[test]
fn forwards_are_told_by_their_port() {
    check(
        "ssh-forward 8080 /usr/bin/ssh|ssh|-N|-L|8080:db:80|host
         ssh-forward 8080 /usr/bin/ssh|ssh|-NL|127.0.0.1:8080:db:80|host
         ssh-socks 1080 /usr/bin/ssh|ssh|-D1080|host
         ssh 9999 /usr/bin/ssh|ssh|-N|-L|8080:db:80|host
         sshd-forward 8080 /usr/sbin/sshd|sshd: ann@pts/3
         kubectl-port-forward 8080 /usr/bin/kubectl|kubectl|port-forward|svc/web|8080:80",
    );
}

#[test]
fn erlang_is_seen_through() {
    let rabbit = "/usr/lib/erlang/erts-13.1/bin/beam.smp|/usr/lib/erlang/erts-13.1/bin/beam.smp|-W|w|--|-root|/usr/lib/erlang|\
                  --|-noshell|-s|rabbit|boot|-boot|start_sasl|-kernel|inet_dist_listen_min|25672|-kernel|inet_dist_listen_max|25672";
    check(&format!("rabbitmq 5672 {rabbit}\nerlang-distribution 25672 {rabbit}"));
    let amqp = looked_at(rabbit, 5672).and_then(|service| service.protocol);
    assert_eq!(amqp.as_deref(), Some("amqp"));
    assert_eq!(looked_at(rabbit, 40000).and_then(|service| service.protocol), None);
    check("erlang 4000 /usr/lib/erlang/erts-13.1/bin/beam.smp|beam.smp|-noshell");
}

#[test]
fn versions_are_taken_only_where_they_are_said() {
    let version = |line| looked_at(line, 1).and_then(|service| service.version);
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(version("/usr/lib/postgresql/15/bin/postgres|postgres"), said("15"));
    assert_eq!(version("/usr/bin/node|next-server (v16.0.1)"), said("16.0.1"));
    assert_eq!(version("/usr/bin/ruby|puma 6.4.0 (tcp://localhost:3000) [shop]"), said("6.4.0"));
    let pnpm =
        "/usr/bin/node|node|/x/node_modules/.pnpm/vite@5.4.1_@types+node@20/node_modules/vite/bin/vite.js";
    assert_eq!(version(pnpm), said("5.4.1"));
    assert_eq!(version("/usr/bin/java|java|-jar|selenium-server-4.10.0.jar"), said("4.10.0"));
    assert_eq!(version("/usr/bin/node|node|/x/node_modules/.bin/vite|5.4.1"), None);
    assert_eq!(version("/usr/bin/redis-server|redis-server 127.0.0.1:6379"), None);
}

#[test]
fn the_evidence_is_named() {
    let by = |line| looked_at(line, 1).map(|service| service.known_by);
    assert_eq!(by("/usr/sbin/nginx|nginx: master process nginx"), Some(KnownBy::Executable));
    assert_eq!(by("|nginx: master process nginx"), Some(KnownBy::CommandLine));
    assert_eq!(by("/usr/bin/node|node|/x/node_modules/.bin/vite"), Some(KnownBy::CommandLine));
    assert_eq!(by("/usr/bin/node|node|app.js"), Some(KnownBy::Executable));
}

#[test]
fn an_image_names_service_and_version() {
    let said = |image| imaged(image).map(|service| (service.id, service.version));
    let expected = |id: &str, version: Option<&str>| Some((id.to_owned(), version.map(str::to_owned)));
    assert_eq!(said("postgres:16.2-alpine3.19"), expected("postgresql", Some("16.2")));
    assert_eq!(said("docker.io/library/redis"), expected("redis", None));
    assert_eq!(said("localhost:5000/team/postgres:latest@sha256:00"), expected("postgresql", None));
    assert_eq!(said("quay.io/minio/minio:RELEASE.2024-01-01"), expected("minio", None));
    assert_eq!(said("bitnami/postgresql:16"), expected("postgresql", Some("16")));
    assert_eq!(said("jaegertracing/all-in-one:1.57"), expected("jaeger", Some("1.57")));
    assert_eq!(said("me/all-in-one:1"), None);
    assert_eq!(said("me/shop:1"), None);
}

#[test]
fn a_proxy_gives_way_to_the_container_behind_it() {
    let published = container("rabbitmq:3.13-management");
    let published = Container { port: Some(15672), ..published };
    let proxy = process("/usr/bin/docker-proxy|/usr/bin/docker-proxy|-proto|tcp");
    let evidence =
        Evidence { process: Some(&proxy), container: Some(&published), protocol: Protocol::Tcp, port: 8080 };
    let service = identify(&evidence).unwrap();
    assert_eq!((service.id.as_str(), service.protocol.as_deref()), ("rabbitmq", Some("http")));
    assert_eq!((service.version.as_deref(), service.known_by), (Some("3.13"), KnownBy::Image));
    let vite = process("/usr/bin/node|node|/x/node_modules/.bin/vite");
    let evidence = Evidence { process: Some(&vite), ..evidence };
    assert_eq!(identify(&evidence).unwrap().id, "vite");
}

#[test]
fn a_tcp_protocol_is_not_claimed_for_udp() {
    let udp = |line| {
        let process = process(line);
        identify(&Evidence { process: Some(&process), container: None, protocol: Protocol::Udp, port: 53 })
    };
    assert_eq!(udp("/usr/lib/postgresql/15/bin/postgres|postgres").unwrap().protocol, None);
    assert_eq!(udp("/usr/sbin/dnsmasq|dnsmasq").unwrap().protocol.as_deref(), Some("dns"));
}

#[test]
fn the_short_name_of_the_kernel_is_enough() {
    let mut bare = process("");
    bare.name = "systemd-resolve".to_owned();
    let evidence = Evidence { process: Some(&bare), container: None, protocol: Protocol::Tcp, port: 53 };
    assert_eq!(identify(&evidence).unwrap().id, "systemd-resolved");
}

#[test]
fn nothing_is_known_of_nothing() {
    let evidence = Evidence { process: None, container: None, protocol: Protocol::Tcp, port: 5432 };
    assert_eq!(identify(&evidence), None);
    check("- 5432 |");
}

proptest! {
    #[test]
    fn no_command_line_panics(
        exe in proptest::option::of(".{0,40}"),
        program in proptest::sample::select(vec![
            "node", "python3", "java", "ruby", "php", "sh", "env", "busybox", "beam.smp", "ssh", "deno", "chromium",
        ]),
        first in ".{0,40}",
        rest in proptest::collection::vec("(-{0,2}[a-zA-Z=:./@]{0,20}|.{0,20})", 0..6),
        port: u16,
    ) {
        let mut process = process("");
        process.exe = exe.or_else(|| Some(format!("/bin/{program}")));
        process.command = std::iter::once(first).chain(rest).collect();
        let evidence = Evidence { process: Some(&process), container: None, protocol: Protocol::Tcp, port };
        if let Some(service) = identify(&evidence) {
            prop_assert!(table::by_id(&service.id).is_some());
            prop_assert!(!service.version.unwrap_or_default().contains(char::is_control));
        }
    }

    #[test]
    fn no_image_panics(image in ".{0,60}") {
        let _ = imaged(&image);
    }
}
