//! `wharf show`: of a server, of several, of a free port, of a port that something else holds.

use insta::assert_snapshot;
use wharf_model::detail::PortDetail;
use wharf_views::style::Style;
use wharf_views::text::show::{write_head, write_tail};

use crate::fixture::{
    piped, show_free, show_held, show_lingering, show_privileged, show_several, show_vite, terminal,
};

fn drawn(detail: &PortDetail, style: &Style) -> String {
    let mut out = Vec::new();
    write_head(&mut out, detail, style).unwrap();
    write_tail(&mut out, detail, style).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_vite_server_with_its_clients() {
    assert_snapshot!(drawn(&show_vite(), &terminal(100)), @"
    localhost:3000 — Vite 7.1.2, node (pid 4121), project shop

      listens on    127.0.0.1:3000 and [::1]:3000, open to this machine only
      backlog       0 of 511 waiting to be accepted
      options       SO_REUSEADDR

      process       node (pid 4121), sleeping, user ana
      since         2026-11-23 12:00:11 (2h ago)
      command       node ~/src/shop/node_modules/.bin/vite --port 3000
      executable    /usr/bin/node
      directory     ~/src/shop/web
      terminal      pts/3
      environment   PORT=3000

      started by    zsh in tmux (pid 811), terminal pts/3
                    kept running by nodemon (pid 4110): it starts it again
      ancestry      systemd 1
                    └ tmux: server 811  tmux
                      └ zsh 3000  -zsh
                        └ npm run dev 4110
                          └ node 4121

      project       shop  ~/src/shop
      branch        main
      package       @shop/web  ~/src/shop/package.json

      number        3000, a user port (1024–49151)
      IANA          hbci (tcp, udp)  HBCI
      ephemeral     outside this kernel's 32768–60999
      browsers      may open it
      privilege     anyone here may bind it

      connections   4 from chrome (pid 900): 3 open, 1 closed by the other end, not yet here
                    1 from curl (pid 1200): open
                    1 from this machine, no process known: over (TIME_WAIT)
    ");
}

#[test]
fn on_a_narrow_terminal_values_stand_under_their_keys() {
    assert_snapshot!(drawn(&show_vite(), &terminal(36)), @"
    localhost:3000 — Vite 7.1.2, node
    (pid 4121), project shop

    listens on
      127.0.0.1:3000 and [::1]:3000,
      open to this machine only
    backlog
      0 of 511 waiting to be accepted
    options
      SO_REUSEADDR

    process
      node (pid 4121), sleeping, user
      ana
    since
      2026-11-23 12:00:11 (2h ago)
    command
      node
      ~/src/shop/node_modules/.bin/vite
      --port 3000
    executable
      /usr/bin/node
    directory
      ~/src/shop/web
    terminal
      pts/3
    environment
      PORT=3000

    started by
      zsh in tmux (pid 811), terminal
      pts/3
      kept running by nodemon (pid
      4110): it starts it again
    ancestry
      systemd 1
      └ tmux: server 811  tmux
        └ zsh 3000  -zsh
          └ npm run dev 4110
            └ node 4121

    project
      shop  ~/src/shop
    branch
      main
    package
      @shop/web  ~/src/shop/package.json

    number
      3000, a user port (1024–49151)
    IANA
      hbci (tcp, udp)  HBCI
    ephemeral
      outside this kernel's 32768–60999
    browsers
      may open it
    privilege
      anyone here may bind it

    connections
      4 from chrome (pid 900): 3 open, 1
      closed by the other end, not yet
      here
      1 from curl (pid 1200): open
      1 from this machine, no process
      known: over (TIME_WAIT)
    ");
}

#[test]
fn the_head_is_the_same_before_and_after_the_connections_are_known() {
    let head = |detail: &PortDetail| {
        let mut out = Vec::new();
        write_head(&mut out, detail, &terminal(100)).unwrap();
        out
    };
    let mut without = show_vite();
    without.endpoints[0].connections.clear();
    assert_eq!(head(&show_vite()), head(&without));
}

#[test]
fn a_name_with_several_endpoints_gets_a_block_for_each() {
    assert_snapshot!(drawn(&show_several(), &terminal(100)), @"
    port 80 on all interfaces — nginx (pid 812)

      listens on    0.0.0.0:80 and [::]:80, open to every network that reaches this machine, firewalls
                    aside
      backlog       0 of 511 waiting to be accepted

      process       nginx (pid 812), sleeping, user ana
      since         2026-11-23 12:00:11 (2h ago)
      command       nginx: master process /usr/sbin/nginx
      executable    /usr/bin/nginx
      directory     /
      with          nginx (pid 813), sleeping  nginx: worker process
                    nginx (pid 814), sleeping  nginx: worker process
                    nginx (pid 815), sleeping  nginx: worker process
                    nginx (pid 816), sleeping  nginx: worker process
                    and 4 more: pid 817 818 819 820

      unit          nginx.service

    port 5432 on all interfaces — PostgreSQL 16, docker-proxy (pid 2211), container shop-db-1

      listens on    0.0.0.0:5432 and [::]:5432, open to every network that reaches this machine,
                    firewalls aside
      backlog       0 of 511 waiting to be accepted

      process       docker-proxy (pid 2211), sleeping, user ana
      since         2026-11-23 12:00:11 (2h ago)
      command       /usr/bin/docker-proxy -proto tcp
      executable    /usr/bin/docker-proxy
      directory     /

      container     shop-db-1 (docker), image postgres:16, port 5432 inside, service db of Compose
                    project shop

    port 53/udp on 127.0.0.53 — systemd-resolved, owner hidden (systemd-resolved.service)

      listens on    127.0.0.53:53 (udp), open to this machine only
      unread        0 bytes

      process       hidden: you may not look into the processes of others
      made by       user systemd-resolve (uid 991)

      unit          systemd-resolved.service

    127.0.0.1:4000 — held in a message queued to pid 812 (supervisord)

      listens on    127.0.0.1:4000, open to this machine only
      backlog       0 of 511 waiting to be accepted

      process       none has it open; it waits in a message queued to pid 812 (supervisord)
      made by       user ana (uid 1000)

    127.0.0.1:5000 — python3 (pid 900)

      bound to      127.0.0.1:5000, not listening: connections are refused

      process       python3 (pid 900), sleeping, user ana
      since         2026-11-23 12:00:11 (2h ago)
      command       python3
      executable    /usr/bin/python3
      directory     /

      connections   port 80 on all interfaces: none
                    port 5432 on all interfaces: none
                    port 53/udp on 127.0.0.53: none
                    127.0.0.1:4000: none
    ");
}

#[test]
fn a_free_port_is_proved_free() {
    assert_snapshot!(drawn(&show_free(), &terminal(100)), @"
    62893 — free

      proof         TCP bound here to 127.0.0.1, ::1, 0.0.0.0, :: just now, and let go

      number        62893, a dynamic port (49152–65535), assigned to nobody
      ephemeral     outside this kernel's 32768–60999; inside macOS's and Windows's defaults
      browsers      may open it
      privilege     anyone here may bind it
    ");
}

#[test]
fn a_port_held_by_an_outgoing_connection() {
    assert_snapshot!(drawn(&show_held(), &terminal(100)), @"
    45678 — nobody listens, but a connection holds it: firefox (pid 900)

      held by       firefox (pid 900), 192.168.1.5:45678 to 192.0.2.7:443: open
      tried         taken: 127.0.0.1, ::1, 0.0.0.0, :: (EADDRINUSE)

      number        45678, a user port (1024–49151)
      IANA          no name assigned
      ephemeral     inside this kernel's 32768–60999: an outgoing connection may take it at any time
      browsers      may open it
      privilege     anyone here may bind it
    ");
}

#[test]
fn a_port_with_lingering_connections_is_free_for_most() {
    assert_snapshot!(drawn(&show_lingering(), &terminal(100)), @"
    6000 — free

      lingering     no process any more, 127.0.0.1:6000 to 127.0.0.1:50000: over (TIME_WAIT)
      proof         TCP bound here to 127.0.0.1, ::1, 0.0.0.0, :: just now, and let go
                    a server that does not set SO_REUSEADDR is refused still: connections have the port

      number        6000, a user port (1024–49151)
      IANA          no name assigned
      ephemeral     outside this kernel's 32768–60999
      browsers      refuse to open it (ERR_UNSAFE_PORT)
      privilege     anyone here may bind it
    ");
}

#[test]
fn a_strict_server_is_told_of_only_where_a_lenient_one_is_not_refused() {
    let said = |detail: &PortDetail| drawn(detail, &terminal(100)).contains("does not set SO_REUSEADDR");
    let mut detail = show_lingering();
    assert!(said(&detail));
    // The very address that is refused without the option is refused with it too; others are free.
    for trial in &mut detail.availability.as_mut().unwrap().tried {
        if trial.address.to_string() == "0.0.0.0:6000" {
            trial.error = Some("EADDRINUSE".into());
        }
    }
    assert!(!said(&detail));
}

#[test]
fn beside_a_udp_server_the_port_is_told_free_for_tcp() {
    let mut detail = show_several();
    detail.endpoints = detail.endpoints.split_off(2);
    detail.endpoints.truncate(1);
    detail.availability = show_free().availability;
    let text = drawn(&detail, &terminal(100));
    let line = text.lines().find(|line| line.contains("still free")).unwrap();
    assert_eq!(
        line,
        "  still free    TCP bound here to 127.0.0.1, ::1, 0.0.0.0, :: just now, and let go: another server"
    );
}

#[test]
fn a_port_that_needs_privilege() {
    assert_snapshot!(drawn(&show_privileged(), &piped()), @"
    80 — nobody listens, and you may not bind it

      tried         not allowed: 127.0.0.1, ::1, 0.0.0.0, :: (EACCES)

      number        80, a system port (0–1023)
      IANA          no name assigned
      ephemeral     outside this kernel's 32768–60999
      browsers      may open it
      privilege     needs root or CAP_NET_BIND_SERVICE here
    ");
}

#[test]
fn colours_are_few() {
    let style = Style { colour: true, ..terminal(100) };
    assert_snapshot!(drawn(&show_held(), &style).replace('\x1b', "␛"), @"
    ␛[1m45678␛[0m␛[2m — ␛[0m␛[33mnobody listens, but a connection holds it: ␛[0mfirefox␛[2m (pid 900)␛[0m

      ␛[2mheld by␛[0m       firefox␛[2m (pid 900)␛[0m, 192.168.1.5:45678 to 192.0.2.7:443␛[2m: open␛[0m
      ␛[2mtried␛[0m         ␛[33mtaken: 127.0.0.1, ::1, 0.0.0.0, :: (EADDRINUSE)␛[0m

      ␛[2mnumber␛[0m        45678, a user port (1024–49151)
      ␛[2mIANA␛[0m          ␛[2mno name assigned␛[0m
      ␛[2mephemeral␛[0m     ␛[33minside this kernel's 32768–60999: an outgoing connection may take it at any time␛[0m
      ␛[2mbrowsers␛[0m      may open it
      ␛[2mprivilege␛[0m     anyone here may bind it
    ");
}
