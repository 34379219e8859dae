//! `wharf ls` on a laptop, in worktrees, with containers and unknown owners, in all widths.

use insta::assert_snapshot;
use wharf_model::connection::TcpState;
use wharf_model::snapshot::Snapshot;
use wharf_views::style::Style;
use wharf_views::text::list::write_list;
use wharf_views::text::warning::{write_nothing_matched, write_warnings};

use crate::fixture::{
    connection, containers, laptop, piped, process_ref, snapshot, terminal, unknown_owners, vite, warning,
    worktrees,
};

fn drawn(snapshot: &Snapshot, style: &Style) -> String {
    let mut out = Vec::new();
    write_list(&mut out, snapshot, style).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_wide_terminal_shows_all() {
    assert_snapshot!(drawn(&laptop(), &terminal(200)), @"
    PORT    ADDRESS         WHAT              PROCESS                       PROJECT             USER             SINCE  NOTES
    3000    localhost       Vite 7.1.2        node 4121                     shop › @shop/web    ana              2h
    8000    0.0.0.0         Django            python3 5210                  shop                ana              5m     stopped (Ctrl-Z or SIGSTOP)
    9292    all interfaces  Puma              ruby 6001                     billing             ana              3d     backlog full: 129 of 128
    5432    all interfaces  PostgreSQL 16     docker-proxy 2211             shop-db-1 (docker)  root             2h     port 5432 inside
    80      all interfaces  nginx             nginx 812 +8                                      root             2h
    22      all interfaces  ssh?              ? (ssh.service)                                   root
    53/udp  127.0.0.53      systemd-resolved  ? (systemd-resolved.service)                      systemd-resolve
    631     localhost                         ? (cups.service)                                  root
    ");
}

#[test]
fn at_120_columns_cells_are_cut() {
    assert_snapshot!(drawn(&laptop(), &terminal(120)), @"
    PORT    ADDRESS         WHAT              PROCESS               PROJECT             USER      SINCE  NOTES
    3000    localhost       Vite 7.1.2        node 4121             shop › @shop/web    ana       2h
    8000    0.0.0.0         Django            python3 5210          shop                ana       5m     stopped (Ctrl-Z or…
    9292    all interfaces  Puma              ruby 6001             billing             ana       3d     backlog full: 129 …
    5432    all interfaces  PostgreSQL 16     docker-proxy 2211     shop-db-1 (docker)  root      2h     port 5432 inside
    80      all interfaces  nginx             nginx 812 +8                              root      2h
    22      all interfaces  ssh?              ? (ssh.service)                           root
    53/udp  127.0.0.53      systemd-resolved  ? (systemd-resolved)                      systemd…
    631     localhost                         ? (cups.service)                          root
    ");
}

#[test]
fn at_80_columns_user_and_since_are_dropped() {
    assert_snapshot!(drawn(&laptop(), &terminal(80)), @"
    PORT    ADDRESS         WHAT           PROCESS         PROJECT    NOTES
    3000    localhost       Vite 7.1.2     node 4121       shop
    8000    0.0.0.0         Django         python3 5210    shop       stopped (Ctrl…
    9292    all interfaces  Puma           ruby 6001       billing    backlog full:…
    5432    all interfaces  PostgreSQL 16  docker-p… 2211  shop-db-1  port 5432 ins…
    80      all interfaces  nginx          nginx 812 +8
    22      all interfaces  ssh?           ? (ssh)
    53/udp  127.0.0.53      systemd-reso…  ? (systemd-re…
    631     localhost                      ? (cups)
    ");
}

#[test]
fn at_60_columns_address_and_notes_are_dropped() {
    assert_snapshot!(drawn(&laptop(), &terminal(60)), @"
    PORT    WHAT              PROCESS           PROJECT
    3000    Vite 7.1.2        node 4121         shop › @shop/web
    8000    Django            python3 5210      shop
    9292    Puma              ruby 6001         billing
    5432    PostgreSQL 16     docker-pro… 2211  shop-db-1
    80      nginx             nginx 812 +8
    22      ssh?              ? (ssh.service)
    53/udp  systemd-resolved  ? (systemd-reso…
    631                       ? (cups.service)
    ");
}

#[test]
fn at_40_columns_port_process_and_project_are_left() {
    assert_snapshot!(drawn(&laptop(), &terminal(40)), @"
    PORT    PROCESS                PROJECT
    3000    node 4121              shop
    8000    python3 5210           shop
    9292    ruby 6001              billing
    5432    docker-proxy 2211      shop-db-1
    80      nginx 812 +8
    22      ? (ssh.service)
    53/udp  ? (systemd-resolved)
    631     ? (cups.service)
    ");
}

#[test]
fn at_20_columns_port_and_process_are_left() {
    assert_snapshot!(drawn(&laptop(), &terminal(20)), @"
    PORT    PROCESS
    3000    node 4121
    8000    python3 5210
    9292    ruby 6001
    5432    docker… 2211
    80      nginx 812 +8
    22      ? (ssh)
    53/udp  ? (systemd-…
    631     ? (cups)
    ");
}

#[test]
fn a_pipe_gets_complete_values_in_the_same_columns() {
    assert_snapshot!(drawn(&laptop(), &piped()), @"
    PORT    ADDRESS         WHAT              PROCESS                       PROJECT             USER             SINCE  NOTES
    3000    localhost       Vite 7.1.2        node 4121                     shop › @shop/web    ana              2h     -
    8000    0.0.0.0         Django            python3 5210                  shop                ana              5m     stopped (Ctrl-Z or SIGSTOP)
    9292    all interfaces  Puma              ruby 6001                     billing             ana              3d     backlog full: 129 of 128
    5432    all interfaces  PostgreSQL 16     docker-proxy 2211             shop-db-1 (docker)  root             2h     port 5432 inside
    80      all interfaces  nginx             nginx 812 +8                  -                   root             2h     -
    22      all interfaces  ssh?              ? (ssh.service)               -                   root             -      -
    53/udp  127.0.0.53      systemd-resolved  ? (systemd-resolved.service)  -                   systemd-resolve  -      -
    631     localhost       -                 ? (cups.service)              -                   root             -      -
    ");
}

#[test]
fn colours_are_few_and_the_port_of_a_web_server_is_a_link() {
    let style = Style { colour: true, hyperlinks: true, ..terminal(100) };
    let drawn = drawn(&laptop(), &style).replace('\x1b', "␛");
    assert_snapshot!(drawn, @r"
    ␛[2mPORT␛[0m    ␛[2mADDRESS␛[0m         ␛[2mWHAT␛[0m             ␛[2mPROCESS␛[0m          ␛[2mPROJECT␛[0m    ␛[2mUSER␛[0m      ␛[2mSINCE␛[0m  ␛[2mNOTES␛[0m
    ␛]8;;http://127.0.0.1:3000/␛\␛[1m3000␛[0m␛]8;;␛\    ␛[2mlocalhost␛[0m       Vite␛[2m 7.1.2␛[0m       node␛[2m 4121␛[0m        ␛[36mshop␛[0m       ␛[2mana␛[0m       ␛[2m2h␛[0m
    ␛]8;;http://127.0.0.1:8000/␛\␛[1m8000␛[0m␛]8;;␛\    ␛[33m0.0.0.0␛[0m         Django           ␛[31mpython3␛[0m␛[2m 5210␛[0m     ␛[36mshop␛[0m       ␛[2mana␛[0m       ␛[2m5m␛[0m     ␛[31mstopped (Ctrl…␛[0m
    ␛]8;;http://[::1]:9292/␛\␛[1m9292␛[0m␛]8;;␛\    ␛[33mall interfaces␛[0m  Puma             ruby␛[2m 6001␛[0m        ␛[36mbilling␛[0m    ␛[2mana␛[0m       ␛[2m3d␛[0m     ␛[31mbacklog full:…␛[0m
    5432    ␛[33mall interfaces␛[0m  PostgreSQL␛[2m 16␛[0m    docker-pr…␛[2m 2211␛[0m  shop-db-1  root      ␛[2m2h␛[0m     ␛[2mport 5432 ins…␛[0m
    ␛]8;;http://127.0.0.1:80/␛\80␛]8;;␛\      ␛[33mall interfaces␛[0m  nginx            nginx␛[2m 812␛[0m␛[2m +8␛[0m                root      ␛[2m2h␛[0m
    22      ␛[33mall interfaces␛[0m  ␛[2mssh?␛[0m             ␛[2m? (ssh.service)␛[0m             root
    53/udp  ␛[2m127.0.0.53␛[0m      systemd-resolv…  ␛[2m? (systemd-res…␛[0m             systemd…
    631     ␛[2mlocalhost␛[0m                        ␛[2m? (cups)␛[0m                    root
    ");
}

#[test]
fn exposure_colours_the_port_where_the_address_is_dropped() {
    let style = Style { colour: true, ..terminal(20) };
    let drawn = drawn(&laptop(), &style).replace('\x1b', "␛");
    assert_snapshot!(drawn, @"
    ␛[2mPORT␛[0m    ␛[2mPROCESS␛[0m
    ␛[1m3000␛[0m    node␛[2m 4121␛[0m
    ␛[33m8000␛[0m    ␛[31mpython3␛[0m␛[2m 5210␛[0m
    ␛[33m9292␛[0m    ruby␛[2m 6001␛[0m
    ␛[33m5432␛[0m    docker…␛[2m 2211␛[0m
    ␛[33m80␛[0m      nginx␛[2m 812␛[0m␛[2m +8␛[0m
    ␛[33m22␛[0m      ␛[2m? (ssh)␛[0m
    53/udp  ␛[2m? (systemd-…␛[0m
    631     ␛[2m? (cups)␛[0m
    ");
}

#[test]
fn wide_adds_command_directory_unit_container_and_backlog() {
    let style = Style { wide: true, ..piped() };
    assert_snapshot!(drawn(&laptop(), &style), @"
    PORT    ADDRESS         WHAT              PROCESS                       PROJECT             USER             SINCE  NOTES                        COMMAND                                             DIRECTORY       UNIT                      CONTAINER                BACKLOG
    3000    localhost       Vite 7.1.2        node 4121                     shop › @shop/web    ana              2h     -                            node ~/src/shop/node_modules/.bin/vite --port 3000  ~/src/shop/web  -                         -                        0 of 511
    8000    0.0.0.0         Django            python3 5210                  shop                ana              5m     stopped (Ctrl-Z or SIGSTOP)  python3 manage.py runserver 0.0.0.0:8000            ~/src/shop/api  -                         -                        0 of 511
    9292    all interfaces  Puma              ruby 6001                     billing             ana              3d     backlog full: 129 of 128     puma 6.4 (tcp://[::]:9292)                          /               -                         -                        129 of 128
    5432    all interfaces  PostgreSQL 16     docker-proxy 2211             shop-db-1 (docker)  root             2h     port 5432 inside             /usr/bin/docker-proxy -proto tcp                    /               -                         shop-db-1 (postgres:16)  0 of 511
    80      all interfaces  nginx             nginx 812 +8                  -                   root             2h     -                            nginx: master process /usr/sbin/nginx               /               nginx.service             -                        0 of 511
    22      all interfaces  ssh?              ? (ssh.service)               -                   root             -      -                            -                                                   -               ssh.service               -                        0 of 511
    53/udp  127.0.0.53      systemd-resolved  ? (systemd-resolved.service)  -                   systemd-resolve  -      -                            -                                                   -               systemd-resolved.service  -                        -
    631     localhost       -                 ? (cups.service)              -                   root             -      -                            -                                                   -               cups.service              -                        0 of 511
    ");
}

#[test]
fn wide_on_a_terminal_keeps_to_its_width() {
    let style = Style { wide: true, ..terminal(200) };
    assert_snapshot!(drawn(&laptop(), &style), @"
    PORT    ADDRESS         WHAT              PROCESS             PROJECT             USER      SINCE  NOTES              COMMAND                   DIRECTORY       UNIT            CONTAINER       BACKLOG
    3000    localhost       Vite 7.1.2        node 4121           shop › @shop/web    ana       2h                        node ~/src/s…--port 3000  ~/src/shop/web                                  0 of 511
    8000    0.0.0.0         Django            python3 5210        shop                ana       5m     stopped (Ctrl-Z …  python3 mana….0.0.0:8000  ~/src/shop/api                                  0 of 511
    9292    all interfaces  Puma              ruby 6001           billing             ana       3d     backlog full: 12…  puma 6.4 (tc…/[::]:9292)  /                                               129 of …
    5432    all interfaces  PostgreSQL 16     docker-proxy 2211   shop-db-1 (docker)  root      2h     port 5432 inside   /usr/bin/doc… -proto tcp  /                               shop-db…es:16)  0 of 511
    80      all interfaces  nginx             nginx 812 +8                            root      2h                        nginx: maste…/sbin/nginx  /               nginx.service                   0 of 511
    22      all interfaces  ssh?              ? (ssh.service)                         root                                                                          ssh.service                     0 of 511
    53/udp  127.0.0.53      systemd-resolved  ? (systemd-resolv…                      systemd…                                                                      systemd…ervice
    631     localhost                         ? (cups.service)                        root                                                                          cups.service                    0 of 511
    ");
}

#[test]
fn worktrees_of_one_project_are_told_apart() {
    assert_snapshot!(drawn(&worktrees(), &terminal(120)), @"
    PORT  ADDRESS         WHAT     PROCESS               PROJECT                                USER  SINCE
    3000  all interfaces  Next.js  next-server (v1 4121  shop                                   ana   2h
    3001  all interfaces  Next.js  next-server (v1 4230  shop (feature/basket)                  ana   2h
    3002  all interfaces  Next.js  next-server (v1 4344  shop (agent-2: fix/checkout-rounding)  ana   2h
    ");
}

#[test]
fn containers_are_named_on_both_their_sides() {
    assert_snapshot!(drawn(&containers(), &terminal(120)), @"
    PORT  ADDRESS                 WHAT           PROCESS            PROJECT             USER      SINCE  NOTES
    5432  all interfaces          PostgreSQL 16  docker-proxy 2211  shop-db-1 (docker)  root      2h     port 5432 inside
    5432  in shop-db-1            PostgreSQL 16  postgres 2301      shop-db-1 (docker)  postgres  2h
    8080  10.0.0.2 in netns blue                 busybox 77                             root      2h
    ");
}

#[test]
fn an_unknown_owner_is_never_guessed() {
    assert_snapshot!(drawn(&unknown_owners(), &terminal(160)), @"
    PORT      ADDRESS         PROCESS                                       PROJECT         USER   SINCE  NOTES
    4000      127.0.0.1       in a message queued to pid 812 (supervisord)                  ana
    5000      127.0.0.1       python3 900                                                   ana    2h     bound, not listening
    5353/udp  lo only         avahi 901                                                     ana    2h     runs an executable that was replaced
    7777      127.0.0.2       ? (hidden)                                                    4711
    6379      127.0.0.1       ? (redis-server.service)                                      redis
    9000      192.168.1.5     ? (in container minio)                        minio (docker)  root
    2049      all interfaces  no process has it open                                        root
    ");
}

#[test]
fn an_unknown_owner_is_told_shortly_in_a_narrow_column() {
    assert_snapshot!(drawn(&unknown_owners(), &terminal(80)), @"
    PORT      ADDRESS         PROCESS          PROJECT         SINCE  NOTES
    4000      127.0.0.1       queued to 812
    5000      127.0.0.1       python3 900                      2h     bound, not li…
    5353/udp  lo only         avahi 901                        2h     runs an execu…
    7777      127.0.0.2       ? (hidden)
    6379      127.0.0.1       ? (redis-serve…
    9000      192.168.1.5     ? (minio)        minio (docker)
    2049      all interfaces  no process
    ");
}

#[test]
fn connections_follow_the_endpoints() {
    let mut all = snapshot(vec![vite()]);
    let curl = Some(process_ref(1200, "curl"));
    all.connections = vec![
        connection("127.0.0.1:3000", "127.0.0.1:40011", TcpState::Established, curl),
        connection("127.0.0.1:3000", "127.0.0.1:40012", TcpState::TimeWait, None),
    ];
    assert_snapshot!(drawn(&all, &terminal(100)), @"
    PORT  ADDRESS    WHAT        PROCESS    PROJECT           USER  SINCE
    3000  localhost  Vite 7.1.2  node 4121  shop › @shop/web  ana   2h

    LOCAL           REMOTE           STATE        PROCESS    FAR END
    127.0.0.1:3000  127.0.0.1:40011  established  node 4121  curl 1200
    127.0.0.1:3000  127.0.0.1:40012  time-wait
    ");
}

#[test]
fn no_endpoint_is_said_in_a_line() {
    assert_snapshot!(drawn(&snapshot(Vec::new()), &terminal(120)), @"Nothing listens here: no program on this machine waits for connections, as far as wharf may see.");
}

#[test]
fn warnings_and_no_match_are_lines_for_the_standard_error() {
    let mut out = Vec::new();
    let text = "some owners are hidden: 3 processes may not be looked into; run as root to see them";
    write_warnings(&mut out, &[warning(text)], &terminal(60)).unwrap();
    write_nothing_matched(&mut out, &["3000-3999".into()], &terminal(60)).unwrap();
    assert_snapshot!(String::from_utf8(out).unwrap(), @"
    warning: some owners are hidden: 3 processes may not be
    looked into; run as root to see them
    nothing that listens matches 3000-3999
    ");
}
