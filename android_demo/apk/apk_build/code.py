"""Jars to classes.dex: ProGuard leaves out what nothing reaches, dx turns the rest into Android's instructions.

Shrinking is needed for more than size. The Kotlin library's few functions that are compiled for LambdaMetafactory,
which Android has not, would crash if they were called, and dx takes no more than 65,536 methods.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from .facts import Facts
from .tools import BuildError, run

# Resources of Kotlin's reflection and of the jars themselves: nothing in an APK reads them.
_LEFT_OUT = "!META-INF/**,!**.kotlin_builtins,!**.kotlin_module,!**.kotlin_metadata,!module-info.class"


def make_dex(facts: Facts, target: Path, rules: list[Path], scratch: Path) -> bytes:
    """The one dex file of the jars in `target`/app, shrunk by the rules."""
    dexer = _jar(target / "tools", "dalvik-dx")
    shrunk = scratch / "shrunk.jar"
    _shrink(facts, target, rules, shrunk)
    dex = scratch / "classes.dex"
    main = "com.android.dx.command.Main"
    options = ["--dex", f"--min-sdk-version={facts.min_sdk}", f"--output={dex}"]
    run("dexing", ["java", "-cp", dexer, main, *options, shrunk])
    return dex.read_bytes()


def _shrink(facts: Facts, target: Path, rules: list[Path], shrunk: Path) -> None:
    jars = sorted((target / "app").glob("*.jar"))
    if not jars:
        raise BuildError(f"{target / 'app'} holds no jars: run mvn package anew")
    configuration = [
        *(f"-injars '{jar}'({_LEFT_OUT})" for jar in jars),
        f"-outjars '{shrunk}'",
        # android-all leaves java.* to the JVM.
        "-libraryjars '<java.home>/jmods/java.base.jmod'(!**.jar;!module-info.class)",
        f"-libraryjars '{facts.framework}'(!META-INF/**)",
        *(f"-include '{path}'" for path in rules),
        "-dontnote",
        "-ignorewarnings",
    ]
    path = shrunk.with_name("shrink.pro")
    path.write_text("\n".join(configuration) + "\n", encoding="utf-8")
    run("shrinking", ["java", "-cp", f"{target / 'tools'}/*", "proguard.ProGuard", f"@{path}"])
    if not zipfile.is_zipfile(shrunk):
        raise BuildError("shrinking: ProGuard wrote no jar")


def _jar(folder: Path, name: str) -> Path:
    """The one jar of that name, whatever its version."""
    found = sorted(folder.glob(f"{name}-*.jar"))
    if len(found) != 1:
        raise BuildError(f"{folder} must hold one {name}; received {len(found)}: run mvn package anew")
    return found[0]
