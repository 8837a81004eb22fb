"""Arm boards in qemu's user mode: what they need, made by one command, and how this project runs on them."""
