"""
Arms what the probes look for, in the namespaces that it is started in: a process with a secret
file, sockets, shared memory, a key. `decoys.py PLAN [--world] [-- COMMAND…]`: says `armed` and
stays until its input ends, or runs the command and ends with it. With `--world` it is PID 1 of
namespaces of its own and may give itself addresses.
"""

import ctypes
import json
import mmap
import os
import shutil
import socket
import subprocess
import sys
import threading

with open(sys.argv[1]) as file:
    D = json.load(file)
is_world = "--world" in sys.argv
command = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else None
libc = ctypes.CDLL(None, use_errno=True)
secret = D["secret"].encode() + b"\n"
kept = []


def serve(sock, is_stream):
    def loop():
        while True:
            try:
                if is_stream:
                    client, _ = sock.accept()
                    client.recv(4096)
                    client.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + secret)
                    client.close()
                else:
                    _, peer = sock.recvfrom(4096)
                    sock.sendto(secret, peer)
            except OSError:
                pass

    kept.append(sock)
    threading.Thread(target=loop, daemon=True).start()


def listen(family, address, kind=socket.SOCK_STREAM):
    sock = socket.socket(family, kind)
    if family != socket.AF_UNIX:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    if kind == socket.SOCK_STREAM:
        sock.listen(16)
    serve(sock, kind == socket.SOCK_STREAM)


if is_world:
    # Addresses that only this namespace has: nothing of the machine's network is touched.
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in ("169.254.169.254", "1.1.1.1", D["address"]):
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
        file.write("0 2147483647")
    for port in (53, 80, 443):
        listen(socket.AF_INET, ("0.0.0.0", port))
    listen(socket.AF_INET, ("0.0.0.0", 53), socket.SOCK_DGRAM)
    neighbour = os.path.join(D["place"], "inside", "neighbour.py")
    root = os.path.join(D["place"], "neighbour-root")
    kept.append(subprocess.Popen([sys.executable, neighbour, sys.argv[1], D["neighbour_tag"], root]))

os.chdir(D["place"])
listen(socket.AF_INET, ("0.0.0.0", D["port"]))
listen(socket.AF_INET, ("0.0.0.0", D["port"]), socket.SOCK_DGRAM)
listen(socket.AF_INET6, ("::1", D["port"]))
listen(socket.AF_UNIX, "\0" + D["tag"])
listen(socket.AF_UNIX, "\0" + D["tag"] + "-datagram", socket.SOCK_DGRAM)
if os.path.exists("socket"):
    os.unlink("socket")
listen(socket.AF_UNIX, "socket")

# Shared memory and queues of this IPC namespace.
sysv = {
    "shm": libc.shmget(D["key"], 4096, 0o1666),
    "sem": libc.semget(D["key"], 1, 0o1666),
    "msg": libc.msgget(D["key"], 0o1666),
}
libc.shmat.restype = ctypes.c_void_p
ctypes.memmove(libc.shmat(sysv["shm"], None, 0), secret, len(secret))
with open(f"/dev/shm/{D['tag']}", "wb") as file:
    file.write(secret)
libc.mq_open(f"/{D['tag']}".encode(), os.O_RDWR | os.O_CREAT, 0o666, None)
# A key in the keyring of the user.
key = libc.syscall(248, b"user", D["tag"].encode(), secret, len(secret), -4)
# Readable by the user's processes although they were not handed it.
libc.syscall(250, 5, key, 0x3F3F3F3F)

# A process with a telling name, environment, working directory, open and mapped file.
shutil.copy("/usr/bin/sleep", "program")
os.chmod("program", 0o755)
with open("secret") as opened:
    mapped = mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ)
    shown = {**os.environ, "ABUSE_DECOY": D["tag"]}
    victim = subprocess.Popen(
        [os.path.join(D["place"], "program"), "3600"], env=shown, pass_fds=[opened.fileno()], stdin=subprocess.DEVNULL
    )
    with open(os.path.join(D["place"], "inside", "pid"), "w") as file:
        file.write(str(victim.pid))
    print("armed", flush=True)
    try:
        if command is None:
            sys.stdin.read()
        else:
            sys.exit(subprocess.run(command, pass_fds=[3]).returncode)
    finally:
        victim.kill()
        victim.wait()
        libc.shmctl(sysv["shm"], 0, None)
        libc.semctl(sysv["sem"], 0, 0)
        libc.msgctl(sysv["msg"], 0, None)
        libc.mq_unlink(f"/{D['tag']}".encode())
        libc.syscall(250, 9, key, -4)
        os.unlink(f"/dev/shm/{D['tag']}")
