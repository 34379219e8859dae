//! Paths of control groups as engines and systemd really write them.

use proptest::prelude::*;

use super::{container_of, unit_of};

const ID: &str = "9c3bd0aa6bf1d2b4b5f0c1a3b7e4d5960718293a4b5c6d7e8f90a1b2c3d4e5f6";
const INNER: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Checks what a path tells, written `engine:id` and `unit` or `unit@uid`; `-` for nothing. `{}` in a path
/// is [`ID`].
#[track_caller]
fn check(path: &str, container: &str, unit: &str) {
    let path = path.replace("{}", ID);
    let seen = container_of(&path).map_or("-".to_owned(), |seen| format!("{}:{}", seen.engine, seen.id));
    assert_eq!(seen, container.replace("{}", ID), "container of {path}");
    let seen = unit_of(&path).map_or("-".to_owned(), |unit| match unit.user_manager {
        Some(uid) => format!("{} of {uid}", unit.name),
        None => unit.name,
    });
    assert_eq!(seen, unit, "unit of {path}");
}

#[test]
fn docker_is_known_under_both_cgroup_drivers() {
    check("/docker/{}", "docker:{}", "-");
    check("/system.slice/docker-{}.scope", "docker:{}", "-");
    check("/../docker-{}.scope", "docker:{}", "-");
    check("/docker/{}/init", "docker:{}", "-");
    check("/actions_job/{}", "docker:{}", "-");
    check("/ecs/a1b2c3/{}", "docker:{}", "-");
    check("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{}.scope", "docker:{}", "-");
    check("/docker/buildkit/k3v9x0q2m8w7e6r5t4y3u2i1o", "docker:k3v9x0q2m8w7e6r5t4y3u2i1o", "-");
}

#[test]
fn the_innermost_of_nested_containers_counts() {
    check(&format!("/docker/{{}}/docker/{INNER}"), &format!("docker:{INNER}"), "-");
    check(&format!("/system.slice/docker-{{}}.scope/docker/{INNER}/x"), &format!("docker:{INNER}"), "-");
    check(
        &format!("/docker/{{}}/kubelet/kubepods/besteffort/pod-1/{INNER}"),
        &format!("containerd:{INNER}"),
        "-",
    );
    check("/lxc/101/ns/system.slice/docker-{}.scope", "docker:{}", "-");
}

#[test]
fn podman_is_known_rootful_rootless_and_in_pods() {
    check("/machine.slice/libpod-{}.scope", "podman:{}", "-");
    check("/machine.slice/libpod-{}.scope/container", "podman:{}", "-");
    check("/libpod_parent/libpod-{}", "podman:{}", "-");
    check("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{}.scope", "podman:{}", "-");
    check("/machine.slice/machine-libpod_pod_0123.slice/libpod-{}.scope", "podman:{}", "-");
    check("/machine.slice/libpod-{}.scope/libpod-payload-{}", "podman:{}", "-");
    check("/machine.slice/libpod-conmon-{}.scope", "-", "libpod-conmon-{}.scope".replace("{}", ID).as_str());
}

#[test]
fn kubernetes_containers_name_their_runtime() {
    let pod = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f1e_2d.slice";
    check(&format!("{pod}/cri-containerd-{{}}.scope"), "containerd:{}", "-");
    check(&format!("{pod}/crio-{{}}.scope"), "cri-o:{}", "-");
    check(&format!("{pod}/crio-{{}}.scope/container"), "cri-o:{}", "-");
    check(&format!("{pod}/docker-{{}}.scope"), "docker:{}", "-");
    check("/kubepods/burstable/pod0f1e-2d/{}", "containerd:{}", "-");
    check(
        "/system.slice/containerd.service/kubepods-burstable-pod0f.slice:cri-containerd:{}",
        "containerd:{}",
        "-",
    );
    check("/default/{}", "containerd:{}", "-");
}

#[test]
fn lxc_and_nspawn_go_by_name() {
    check("/lxc.payload.web-1", "lxc:web-1", "-");
    check("/lxc/web", "lxc:web", "-");
    check("/lxc/101/ns/system.slice/nginx.service", "lxc:101", "nginx.service");
    check("/lxc.payload/db/system.slice/postgresql@15-main.service", "lxc:db", "postgresql@15-main.service");
    check("/lxc.monitor.web-1", "-", "-");
    check("/machine.slice/machine-build\\x2dbox.scope", "systemd-nspawn:build-box", "-");
    check("/machine.slice/systemd-nspawn@web.service/payload", "systemd-nspawn:web", "-");
    check(
        "/machine.slice/systemd-nspawn@web.service/payload/system.slice/ssh.service",
        "systemd-nspawn:web",
        "ssh.service",
    );
    check("/machine.slice/machine-qemu\\x2d1\\x2dwin.scope", "-", "machine-qemu\\x2d1\\x2dwin.scope");
}

#[test]
fn units_of_the_system_keep_their_full_name() {
    check("/system.slice/nginx.service", "-", "nginx.service");
    check("/system.slice/system-getty.slice/getty@tty1.service", "-", "getty@tty1.service");
    check(
        "/system.slice/system-postgresql.slice/postgresql@15-main.service",
        "-",
        "postgresql@15-main.service",
    );
    check("/system.slice/dev-disk-by\\x2duuid-0.swap", "-", "dev-disk-by\\x2duuid-0.swap");
    check("/user.slice/user-1000.slice/session-3.scope", "-", "session-3.scope");
    check("/system.slice/foo.service/workers/1", "-", "foo.service");
    check("/system.slice/_cpu.service", "-", "cpu.service");
    check("/system.slice/docker.service", "-", "docker.service");
    check("/docker/{}/system.slice/nginx.service", "docker:{}", "nginx.service");
}

#[test]
fn units_of_a_user_carry_the_users_id() {
    let manager = "/user.slice/user-1000.slice/user@1000.service";
    check(&format!("{manager}/app.slice/foo.service"), "-", "foo.service of 1000");
    check(
        &format!("{manager}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-0f-1.scope"),
        "-",
        "vte-spawn-0f-1.scope of 1000",
    );
    check(
        &format!("{manager}/app.slice/app-dev\\x2dserver@1.service"),
        "-",
        "app-dev\\x2dserver@1.service of 1000",
    );
    check(&format!("{manager}/init.scope"), "-", "user@1000.service");
    check(manager, "-", "user@1000.service");
    check("/user.slice/user-1000.slice/user@x.service/a.service", "-", "user@x.service");
}

#[test]
fn hostile_and_empty_paths_tell_nothing() {
    for path in [
        "",
        "/",
        "//",
        "/..",
        "/init.scope",
        "/system.slice",
        "/user.slice/user-1000.slice",
        "/docker",
        "/docker/",
        "/docker/abc",
        "/lxc",
        "/lxc/",
        "/lxc/..",
        "/.service",
        "/a b.service",
        "/nginx.service\u{1b}[2J",
        "/0::/",
        "/foo",
        "/machine-\\x2d",
        "/9C3BD0AA6BF1D2B4B5F0C1A3B7E4D5960718293A4B5C6D7E8F90A1B2C3D4E5F6",
    ] {
        check(path, "-", "-");
    }
}

#[test]
fn a_scope_that_only_looks_like_a_containers_is_a_unit() {
    for scope in ["docker-.scope", "machine-.scope", "libpod-zz.scope", "machine-\\xff.scope"] {
        check(&format!("/{scope}"), "-", scope);
    }
}

proptest! {
    #[test]
    fn any_path_is_read_without_panic(path in "(/(docker|lxc|machine-|libpod-|user@1000\\.service|a\\.slice|\\\\x2d|[0-9a-f]{12,64}|\\PC{0,12})(\\.scope|\\.service)?){0,8}") {
        let _ = container_of(&path);
        let _ = unit_of(&path);
    }

    #[test]
    fn any_text_is_read_without_panic(path in "\\PC{0,200}") {
        let _ = container_of(&path);
        let _ = unit_of(&path);
    }
}
