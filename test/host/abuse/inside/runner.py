"""Runs the probes that a file names, each in a process of its own; one JSON line for each."""

import json
import os
import signal
import sys
import tempfile
import time
import types

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, sys.argv[1])) as file:
    plan = json.load(file)
with open(os.path.join(here, "pid")) as file:
    plan["decoys"]["pid"] = int(file.read())
names = {"D": types.SimpleNamespace(**plan["decoys"])}
with open(os.path.join(here, "prelude.py")) as file:
    exec(compile(file.read(), "prelude.py", "exec"), names)


def child(probe, output):
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    if probe["language"] == "sh":
        # What could be told apart from the decoys is not in the environment of the others.
        env = {**os.environ, **{key.upper(): str(value) for key, value in plan["decoys"].items()}}
        os.execvpe("bash", ["bash", "-c", probe["code"]], env)
    try:
        exec(compile(probe["code"], probe["name"], "exec"), names)
        code = 0
    except SystemExit as end:
        code = 0 if end.code in (0, None) else 1
        print(end.code)
    except BaseException as error:
        print(type(error).__name__, error)
        code = 1
    sys.stdout.flush()
    os._exit(code)


def run(probe):
    with tempfile.TemporaryFile() as output:
        for attempt in range(100):
            try:
                pid = os.fork()
                break
            except OSError:
                time.sleep(0.05)
        else:
            return None, "the runner could not fork"
        if pid == 0:
            child(probe, output.fileno())
        status = wait(pid, plan["seconds"])
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass
        output.seek(0)
        said = output.read(4000).decode("utf8", "replace").strip()
    return status, said


def wait(pid, seconds):
    deadline = time.monotonic() + seconds
    pause = 0.001
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found == pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "too slow"


for probe in plan["probes"]:
    status, said = run(probe)
    line = {"name": probe["name"], "fired": status == 0, "status": status, "said": said[-600:]}
    # The runner's own output is not what a probe was given.
    os.write(1, (json.dumps(line) + "\n").encode())
