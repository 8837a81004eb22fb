"""A debug key, made once and kept beside the APK, and the signature with it.

Only signatures of version 2 and 3 are written: every Android from 7.0 on checks those. The key says nothing about who
built the APK; for the store use a key of your own, from Android Studio.
"""

from __future__ import annotations

import os
from pathlib import Path

from .tools import run

# What Android's own tools use for debug keys.
_PASSWORD = "android"  # noqa: S105
_ALIAS = "androiddebugkey"


def debug_key(folder: Path) -> Path:
    """The key store in the folder, made if it isn't there."""
    key = folder / "debug.keystore"
    if not key.exists():
        fresh = folder / "debug.keystore.partial"
        fresh.unlink(missing_ok=True)
        store: list[str | Path] = ["-keystore", fresh, "-storetype", "PKCS12", "-storepass", _PASSWORD]
        key_pair = ["-alias", _ALIAS, "-keyalg", "RSA", "-keysize", "2048", "-validity", "10000"]
        name = ["-dname", "CN=Android Debug, O=Android, C=US"]
        run("making the debug key", ["keytool", "-genkeypair", *store, *key_pair, *name])
        os.replace(fresh, key)
    return key


def sign(apk: Path, key: Path, min_sdk: int) -> None:
    """Signs the APK in its place."""
    command: list[str | Path] = ["apksigner", "sign", "--min-sdk-version", str(min_sdk)]
    command += ["--ks", key, "--ks-key-alias", _ALIAS, "--ks-pass", f"pass:{_PASSWORD}"]
    for version, wanted in (("v1", "false"), ("v2", "true"), ("v3", "true"), ("v4", "false")):
        command += [f"--{version}-signing-enabled", wanted]
    run("signing", [*command, apk])
