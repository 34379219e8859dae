"""A real Docker Engine in the sandbox, with one container: engine.py FOLDER SOCKET HOST_PORT

The image holds only busybox's httpd, on port 80, published at 127.0.0.1:HOST_PORT by docker-proxy.
Ends the container and the engine when standard input does.
Commands: hide (moves the API socket away), unhide.
"""

import json
import os
import shutil
import subprocess
import sys

import kit

folder, api, port = sys.argv[1:4]
host = f"unix://{api}"


def docker(*words, **more):
    run = subprocess.run(["docker", "-H", host, *words], capture_output=True, **more)
    if run.returncode != 0:
        raise SystemExit(f"docker {words[0]}: {run.stderr.decode()}")
    return run.stdout.strip().decode("utf-8", "replace")


def image():
    root = f"{folder}/root"
    os.makedirs(f"{root}/bin")
    os.makedirs(f"{root}/www")
    shutil.copy("/bin/busybox", f"{root}/bin/busybox")
    for name in ("sh", "httpd"):
        os.symlink("busybox", f"{root}/bin/{name}")
    with open(f"{root}/www/index.html", "w") as page:
        page.write("hello\n")
    archive = subprocess.run(["tar", "-C", root, "-c", "."], capture_output=True, check=True).stdout
    docker("import", "-", "wharf-test-bb:1", input=archive)


def start_engine():
    log = open(f"{folder}/log", "wb")
    words = ["dockerd", "-H", host, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    words += ["--pidfile", f"{folder}/pid", "--userland-proxy=true", "--ip6tables=false"]
    words += ["--cgroup-parent", f"/{group}/docker"]
    engine = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def up():
        if engine.poll() is not None:
            with open(f"{folder}/log") as text:
                raise SystemExit("dockerd ended: " + text.read()[-2000:])
        return subprocess.run(["docker", "-H", host, "version"], capture_output=True).returncode == 0

    kit.until(up, "the engine to answer")
    return engine


def hide():
    os.rename(api, api + ".hidden")


def unhide():
    os.rename(api + ".hidden", api)


def tell_holder(*paths):
    """The engine makes its control groups in every hierarchy, and leaves their parents behind."""
    with open(f"{kit.FOLDER}/cgroups", "a") as file:
        for point in kit.cgroup_mounts():
            file.writelines(f"{point}/{path}\n" for path in paths)


group = os.path.basename(kit.FOLDER)
os.makedirs(folder)
tell_holder(group, f"{group}/docker")
engine = start_engine()
try:
    image()
    labels = ["--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=web"]
    command = ["wharf-test-bb:1", "/bin/httpd", "-f", "-p", "80", "-h", "/www"]
    container = docker("run", "-d", "--name", "shop-web-1", "-p", f"127.0.0.1:{port}:80", *labels, *command)
    tell_holder(f"{group}/docker/{container}")
    inside = json.loads(docker("inspect", container))[0]["State"]["Pid"]
    kit.ready(container=container, inside=inside, engine=engine.pid)
    kit.obey(hide=hide, unhide=unhide)
finally:
    if os.path.exists(api + ".hidden"):
        unhide()
    subprocess.run(["docker", "-H", host, "rm", "-f", "shop-web-1"], capture_output=True)
    engine.terminate()
    engine.wait(15)
