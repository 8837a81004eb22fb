"""Whom a device over ssh is believed to be, and who is let in: never by what the other side merely says."""

from __future__ import annotations

import dataclasses
import subprocess

import pytest

from albert_edge.errors import DeviceError
from albert_edge.harness.devices import sshlink
from albert_edge.harness.devices.hostkeys import address_of, pin, pinned_file
from albert_edge.harness.devices.ssh import SshDevice


def with_settings(entry, **changes):
    return dataclasses.replace(entry, settings={**entry.settings, **changes})


@pytest.fixture
def stranger(entry, tmp_path):
    """The device, its host key known to nobody."""
    (tmp_path / "nobody").write_text("")
    return with_settings(entry, known_hosts=str(tmp_path / "nobody"))


def test_an_unknown_host_key_is_refused(stranger, server, line, folder):
    with pytest.raises(DeviceError) as error:
        SshDevice(stranger).check()
    said = str(error.value)
    assert said.startswith(f"device pi must have a host key that is known; received {server.fingerprint}: ")
    assert "--host-key FINGERPRINT" in said
    assert not (folder / "runs").exists(), "something was sent"


def test_another_host_key_than_before_is_refused(entry, server, line, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    key = " ".join((tmp_path / "other.pub").read_text().split()[:2])
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{line.port} {key}\n")
    with pytest.raises(DeviceError, match=r"^device pi must have the host key that is known, SHA256:\S+; received SHA"):
        SshDevice(entry).check()


def test_known_hosts_that_cannot_be_read_are_refused(entry, tmp_path):
    (tmp_path / "known_hosts").write_text("word\n")
    with pytest.raises(DeviceError, match=r"^device pi must have a host, known_hosts and .*; received .*: word$"):
        SshDevice(entry).check()


def test_a_config_file_cannot_turn_the_check_off(stranger, tmp_path, monkeypatch):
    """`UserKnownHostsFile none` is how OpenSSH's users do it."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n  UserKnownHostsFile none\n  StrictHostKeyChecking no\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DeviceError, match=r"^device pi must have a host key that is known; received SHA256:"):
        SshDevice(stranger).check()
    assert sshlink.known_hosts_text(address_of(stranger)).strip()


def test_a_pinned_key_is_believed(stranger, server, line):
    pin(stranger, server.fingerprint)
    assert pinned_file().read_text() == server.known_hosts_line(line.port)
    pin(stranger, server.fingerprint)
    assert pinned_file().read_text() == server.known_hosts_line(line.port)


def test_a_wrong_fingerprint_is_not_pinned(stranger, server):
    wrong = "SHA256:" + "A" * 43
    with pytest.raises(DeviceError) as error:
        pin(stranger, wrong)
    assert str(error.value) == f"device pi must have the host key {wrong}; received {server.fingerprint}"
    assert not pinned_file().exists()


def test_a_key_that_is_not_let_in(entry, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    with pytest.raises(DeviceError, match=r"^device pi must let the user in; received .*other"):
        SshDevice(with_settings(entry, key=str(tmp_path / "other"))).check()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": "nowhere"}, "key of device pi must be the file of a private key; received 'nowhere'"),
        ({"port": 0}, "port of device pi must be from 1 to 65535; received 0"),
        ({"folder": "../.."}, "folder of device pi must be one of its own.*received '../..'"),
        ({"folder": "/"}, "folder of device pi must be one of its own.*received '/'"),
        ({"folder": "a b; rm"}, "folder of device pi must be one of its own.*received 'a b; rm'"),
    ],
)
def test_a_wrong_setting_is_refused(entry, changes, message):
    with pytest.raises(DeviceError, match=message):
        SshDevice(with_settings(entry, **changes))


def test_nobody_there(entry, line):
    line.close()
    with pytest.raises(DeviceError, match=r"^device pi must be reached at \[127\.0\.0\.1\]:\d+; received "):
        SshDevice(entry).check()
