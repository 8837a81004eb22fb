"""Devices: where `bench` and `evaluate` run when the figures of this machine won't do.

`base` says what a device is and `profiles` what it has; `registry` knows the user's devices by name; a module a kind
(`local`, `ssh`, `adb`, `qemu`) reaches one; `fleet` asks several side by side. Nothing here measures anything: a device
runs this project's own commands, and what it prints comes back as it is.
"""
