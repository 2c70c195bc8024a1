"""Swaps names as fast as it can, until it is killed: swapper.py ROOT HOST-FOLDER.

ROOT/a/b/file is now a file, now a link to HOST-FOLDER's; a and b are now folders, now links to
folders of the host with the same names below. Both sides exchange places in one step, so that no
moment is without a name.
"""
import ctypes
import os
import random
import sys

root, host = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
exchange = 2


def swap(one, other):
    libc.renameat2(-100, one.encode(), -100, other.encode(), exchange)


os.chdir(root)
os.makedirs("a/b", exist_ok=True)
with open("a/b/file", "w") as file:
    file.write("own")
os.symlink(f"{host}/a/b/file", "a/b/link")
os.symlink(f"{host}/a/b", "a/other")
os.symlink(f"{host}/a", "other")
os.mkfifo("a/b/fifo")
pairs = [
    ("a/b/file", "a/b/link"),
    ("a/b/file", "a/b/fifo"),
    ("a/b", "a/other"),
    ("a", "other"),
]
random.seed(1)
sys.stdout.write("ready\n")
sys.stdout.flush()
while True:
    one, other = random.choice(pairs)
    swap(one, other)
