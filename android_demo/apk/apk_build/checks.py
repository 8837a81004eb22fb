"""The checks of an APK: each takes what was read of it and gives what is wrong and what was measured."""

from __future__ import annotations

import re
from typing import Any, Callable

from .build import ABIS
from .classes import has_member
from .container import PAGE_BYTES, WORD_BYTES
from .contents import Contents, Result
from .dex import label
from .elf import load_alignments
from .newer import unguarded
from .tools import BuildError, run


def signature(contents: Contents) -> Result:
    """Android's own verifier accepts the signatures, of versions 2 and 3."""
    try:
        output = run("verifying", ["apksigner", "verify", "--verbose", contents.apk])
    except BuildError as error:
        return Result("signature", [str(error)])
    schemes = {
        version: answer == "true" for version, answer in re.findall(r"Verified using (v[\d.]+) scheme.*: (\w+)", output)
    }
    problems = [f"no signature of {version}" for version in ("v2", "v3") if not schemes.get(version)]
    return Result("signature", problems, {"schemes": [version for version, valid in schemes.items() if valid]})


def badging(contents: Contents) -> Result:
    """Package, SDK levels and the activity to start are those of the build; no permission is asked for."""
    try:
        output = run("describing", ["aapt2", "dump", "badging", contents.apk])
    except BuildError as error:
        return Result("badging", [str(error)])
    matches = {name: re.search(pattern, output, re.MULTILINE) for name, pattern in _BADGING.items()}
    values: dict[str, Any] = {name: match and match[1] for name, match in matches.items()}
    values["permissions"] = re.findall(r"^uses-permission[^:]*: name='([^']*)'", output, re.MULTILINE)
    facts = contents.facts
    wanted = {"package": facts.package, "min_sdk": str(facts.min_sdk), "target_sdk": str(facts.target_sdk)}
    problems = [f"{name} must be {expected}; received {values[name]}"
                for name, expected in wanted.items() if values[name] != expected]  # fmt: skip
    if (values["activity"] or "").replace(".", "/") not in contents.dex.classes:
        problems.append(f"the activity to start, {values['activity']}, is not in the dex")
    problems += [f"asks for the permission {name}" for name in values["permissions"]]
    return Result("badging", problems, values)


def stored(contents: Contents) -> Result:
    """Models and native libraries lie uncompressed, where Android maps them from the file."""
    models = [member for member in contents.members if member.name.endswith(".tflite")]
    problems = [] if models else ["no .tflite"]
    for member in contents.members:
        if not member.name.endswith((".tflite", ".so")):
            continue
        alignment = PAGE_BYTES if member.name.endswith(".so") else WORD_BYTES
        if not member.stored:
            problems.append(f"{member.name} is deflated")
        elif member.offset % alignment:
            problems.append(f"{member.name} lies at {member.offset}, not at a multiple of {alignment}")
    try:
        run("checking the alignment", ["zipalign", "-c", "-p", str(WORD_BYTES), contents.apk])
    except BuildError as error:
        problems.append(str(error))
    return Result("stored", problems, {"models": {member.name: member.size_bytes for member in models}})


def libraries(contents: Contents) -> Result:
    """Every ABI has its native libraries; how their LOAD segments are aligned is listed by ABI."""
    found: dict[str, dict[str, int]] = {}
    problems = []
    for member in contents.members:
        if not member.name.startswith("lib/"):
            continue
        try:
            alignment = min(load_alignments(contents.data(member.name)), default=0)
        except ValueError as error:
            problems.append(f"{member.name} is {error}")
            continue
        _, abi, name = member.name.split("/")
        found.setdefault(abi, {})[name] = alignment
        if alignment < contents.page_bytes or alignment % contents.page_bytes:
            problems.append(f"{member.name} is aligned to {alignment}, not to {contents.page_bytes}")
    names = {name for libraries in found.values() for name in libraries}
    for abi in ABIS:
        problems += [f"{name} is missing for {abi}" for name in sorted(names - set(found.get(abi, {})))]
    if not names:
        problems.append("no native library")
    return Result("libraries", problems, {"load_alignment": found})


def references(contents: Contents) -> Result:
    """Each class, method and field that the code names is in the dex or in Android.

    Of java.* there is no list but the oldest Android's: `newer` looks at those.
    """
    dex = contents.dex
    problems = [f"{label(name)} is missing{_used(contents, label(name))}"
                for name in sorted(dex.types) if not _left_out(name) and contents.newest(name) is None]  # fmt: skip
    for owner, member in sorted(dex.members):
        # A missing class is one problem, not as many as it has methods.
        if _left_out(owner) or contents.newest(owner) is None or has_member(owner, member, contents.newest):
            continue
        problems.append(f"{label(owner, member)} is missing{_used(contents, label(owner, member))}")
    values = {"classes": len(dex.classes), "classes_named": len(dex.types), "members_named": len(dex.members)}
    return Result("references", problems, values)


def dynamic(contents: Contents) -> Result:
    """No call that needs a bootstrap method: Android has no LambdaMetafactory."""
    return Result("dynamic", list(contents.dex.dynamic))


def newer(contents: Contents) -> Result:
    """What the oldest Android hasn't is used behind a guard only, and stands on the list of those."""
    named = {name for name in contents.dex.types if not name.startswith(_FORMAT)}
    missing = {label(name) for name in named if contents.oldest(name) is None}
    for owner, member in contents.dex.members:
        # A missing class is one line, not as many as it has methods.
        if contents.oldest(owner) is not None and not has_member(owner, member, contents.oldest):
            missing.add(label(owner, member))
    problems = unguarded(missing, contents.dex, contents.guarded)
    return Result("newer", problems, {"guarded": {item.reference: item.guard for item in contents.guarded}})


# What aapt2 says of an APK, a line each.
_BADGING = {
    "package": r"^package: name='([^']*)'",
    "min_sdk": r"^(?:sdkVersion|minSdkVersion):'([^']*)'",
    "target_sdk": r"^targetSdkVersion:'([^']*)'",
    "activity": r"^launchable-activity: name='([^']*)'",
}
# Annotations by which a dex file tells of inner classes and the like: part of the format, public nowhere.
_FORMAT = "dalvik/annotation/"

CHECKS: tuple[Callable[[Contents], Result], ...] = (
    signature, badging, stored, libraries, references, dynamic, newer,
)  # fmt: skip


def _left_out(name: str) -> bool:
    """Whether `references` has nothing to look the class up in."""
    return name.startswith(("java/", "javax/", _FORMAT))


def _used(contents: Contents, reference: str) -> str:
    users = sorted(contents.dex.users.get(reference, ()))
    return f", used by {users[0].replace('/', '.')}" if users else ""
