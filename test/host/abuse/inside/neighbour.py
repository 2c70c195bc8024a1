"""
What one sandbox must not see of another: `neighbour.py PLAN TAG [ROOT]`. Says `armed` and stays;
with ROOT it moves into that folder, as a neighbour has a root of its own.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import threading

with open(sys.argv[1]) as file:
    D = json.load(file)
root = sys.argv[3] if len(sys.argv) > 3 else "/"
secret = D["secret"].encode() + b"\n"
libc = ctypes.CDLL(None)


def serve(family, address):
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.bind(address)
    sock.listen(8)

    def loop():
        while True:
            client, _ = sock.accept()
            client.recv(4096)
            client.sendall(secret)
            client.close()

    threading.Thread(target=loop, daemon=True).start()


serve(socket.AF_INET, ("127.0.0.1", D["neighbour_port"]))
serve(socket.AF_UNIX, "\0" + D["neighbour_tag"])
libc.shmget(D["neighbour_key"], 4096, 0o1666)
for path in ("root", "dev/shm"):
    os.makedirs(os.path.join(root, path), exist_ok=True)
    with open(os.path.join(root, path, D["neighbour_tag"]), "wb") as file:
        file.write(secret)
if root != "/":
    os.chroot(root)
print("armed", flush=True)
signal.pause()
