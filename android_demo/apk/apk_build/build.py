"""Makes the APK: what Maven built, dexed, put into one file with models and native libraries, signed."""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .code import make_dex
from .container import Entry, write_apk
from .facts import Facts
from .signing import debug_key, sign
from .tools import BuildError

ABIS = ("arm64-v8a", "armeabi-v7a", "x86", "x86_64")


@dataclass(frozen=True)
class Sources:
    """Where the parts of an APK lie."""

    demo: Path
    """The folder android_demo."""

    @property
    def target(self) -> Path:
        """What Maven gathered for the APK."""
        return self.demo / "apk" / "target"

    @property
    def resources(self) -> Path:
        """What aapt2 made of res/ and the manifest, with the shrinker's rules for it."""
        return self.demo / "app" / "target" / "resources"

    @property
    def assets(self) -> Path:
        """The models, and whatever else the app opens by name."""
        return self.demo / "app" / "src" / "main" / "assets"

    @property
    def libraries(self) -> Path:
        """TensorFlow Lite's archive, unpacked."""
        return self.demo / "libraries" / "target" / "tensorflow-lite"

    @property
    def rules(self) -> list[Path]:
        """The shrinker's rules: the app's, its resources', the archive's."""
        return [self.demo / "app" / "proguard-rules.pro", self.resources / "keep.pro", self.libraries / "proguard.txt"]


def build(sources: Sources, facts: Facts, apk: Path) -> None:
    """Writes a signed APK to `apk`, whose folder keeps the debug key."""
    apk.parent.mkdir(parents=True, exist_ok=True)
    # ProGuard takes a relative path as one from its configuration's folder.
    apk = apk.resolve()
    resources, others = _resources(sources), [*_assets(sources), *_libraries(sources)]
    with tempfile.TemporaryDirectory(dir=apk.parent) as scratch:
        dex = make_dex(facts, sources.target, sources.rules, Path(scratch))
        write_apk(apk, [*resources, Entry("classes.dex", dex), *others])
    sign(apk, debug_key(apk.parent), facts.min_sdk)


def _resources(sources: Sources) -> list[Entry]:
    """The manifest first, as Android's own tools have it, then the table and the files that it names."""
    linked = sources.resources / "resources.apk"
    if not linked.exists():
        raise BuildError(f"{linked} is missing: run mvn package anew")
    with zipfile.ZipFile(linked) as archive:
        return [Entry(name, archive.read(name)) for name in archive.namelist()]


def _assets(sources: Sources) -> list[Entry]:
    files = sorted(path for path in sources.assets.rglob("*") if path.is_file())
    if not any(path.suffix == ".tflite" for path in files):
        raise BuildError(f"{sources.assets} holds no .tflite: make android-model writes them")
    return [Entry(f"assets/{path.relative_to(sources.assets).as_posix()}", path.read_bytes()) for path in files]


def _libraries(sources: Sources) -> list[Entry]:
    entries = []
    for abi in ABIS:
        found = sorted((sources.libraries / "jni" / abi).glob("*.so"))
        if not found:
            raise BuildError(f"{sources.libraries / 'jni' / abi} holds no native library: run mvn package anew")
        entries += [Entry(f"lib/{abi}/{path.name}", path.read_bytes()) for path in found]
    return entries
