"""A container of Docker that is started again whenever it ends; another one of the same engine is to stay.

needs: root dockerd docker docker-proxy iptables busybox
user: root
"""

import json
import shutil

from occupant import *

ENGINE, GROUP = f"{FOLDER}/engine", os.path.basename(FOLDER)
HOST = "unix:///run/docker.sock"


def docker(*words, **more):
    run = subprocess.run(["docker", "-H", HOST, *words], capture_output=True, **more)
    if run.returncode != 0:
        raise SystemExit(f"docker {words[0]}: {run.stderr.decode()}")
    return run.stdout.strip().decode()


def tell_holder(*paths):
    """The engine makes its control groups in every hierarchy, and leaves their parents behind."""
    with open(f"{FOLDER}/cgroups", "a") as file:
        for point in cgroup_mounts():
            file.writelines(f"{point}/{path}\n" for path in paths)


def start_engine():
    words = ["dockerd", "-H", HOST, "--data-root", f"{ENGINE}/data", "--exec-root", f"{ENGINE}/exec"]
    words += ["--pidfile", f"{ENGINE}/pid", "--userland-proxy=true", "--ip6tables=false", "--cgroup-parent", f"/{GROUP}/docker"]
    with open(f"{ENGINE}/log", "wb") as log:
        engine = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def is_up():
        if engine.poll() is not None:
            with open(f"{ENGINE}/log") as text:
                raise SystemExit("dockerd ended: " + text.read()[-2000:])
        return subprocess.run(["docker", "-H", HOST, "version"], capture_output=True).returncode == 0

    until(is_up, "the engine to answer")
    return engine


def image():
    root = f"{ENGINE}/root"
    os.makedirs(f"{root}/bin")
    os.makedirs(f"{root}/www")
    shutil.copy("/bin/busybox", f"{root}/bin/busybox")
    os.symlink("busybox", f"{root}/bin/httpd")
    with open(f"{root}/www/index.html", "w") as page:
        page.write("hello\n")
    archive = subprocess.run(["tar", "-C", root, "-c", "."], capture_output=True, check=True).stdout
    docker("import", "-", "wharf-test-bb:1", input=archive)


def run(name, port):
    """Starts a container, and returns the process in it."""
    command = ["wharf-test-bb:1", "/bin/httpd", "-f", "-p", "80", "-h", "/www"]
    labels = ["--label", "com.docker.compose.project=shop", "--label", f"com.docker.compose.service={name}"]
    words = ["run", "-d", "--restart", "always", "--name", f"shop-{name}-1", "-p", f"127.0.0.1:{port}:80", *labels, *command]
    container = docker(*words)
    tell_holder(f"{GROUP}/docker/{container}")
    wait_for_port(port)
    return json.loads(docker("inspect", container))[0]["State"]["Pid"]


os.makedirs(ENGINE)
tell_holder(GROUP, f"{GROUP}/docker")
engine = start_engine()
try:
    image()
    doom(run("web", PORT), "the container itself")
    spare(run("api", NEIGHBOUR), "the other container")
    neighbours.append(NEIGHBOUR)
    spare(engine.pid, "the engine")
    clients()
    bystand()
    ready(**scene())
    obey()
finally:
    subprocess.run(["docker", "-H", HOST, "rm", "-f", "shop-web-1", "shop-api-1"], capture_output=True)
    engine.terminate()
    engine.wait(15)
    os._exit(0)
