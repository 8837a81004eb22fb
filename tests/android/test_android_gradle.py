"""The Gradle files, which nothing here can run, agree with Maven's, with each other and with the sources."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEMO = Path(__file__).resolve().parents[2] / "android_demo"
MODULES = ("core", "tflite", "app")
# Version of the catalogue -> Maven's property.
SHARED = {
    "kotlin": "kotlin.version",
    "junit": "junit.version",
    "applicationId": "android.package",
    "minSdk": "android.minSdk",
    "targetSdk": "android.targetSdk",
    "versionCode": "android.versionCode",
    "versionName": "android.versionName",
}


def catalogue() -> dict:
    return tomllib.loads((DEMO / "gradle" / "libs.versions.toml").read_text(encoding="utf-8"))


def properties() -> dict:
    """Of Maven's parent."""
    root = ElementTree.parse(DEMO / "pom.xml").getroot()
    space = "{http://maven.apache.org/POM/4.0.0}"
    return {element.tag.removeprefix(space): element.text for element in root.find(f"{space}properties")}


def script(path: str) -> str:
    """A Gradle file without its comments."""
    return re.sub(r"(?m)^\s*//.*$", "", (DEMO / path).read_text(encoding="utf-8"))


def scripts() -> list[str]:
    return ["settings.gradle.kts", "build.gradle.kts", *(f"{module}/build.gradle.kts" for module in MODULES)]


def disagreements(versions: dict, maven: dict) -> list[str]:
    """Names of which the catalogue and Maven say otherwise."""
    return [name for name, key in SHARED.items() if versions[name] != maven[key]]


def unknown_aliases(text: str, names: dict) -> list[str]:
    """Aliases `libs.x.y` of a Gradle file that the catalogue doesn't have."""
    known = {
        *(f"libs.{name.replace('-', '.')}" for name in names["libraries"]),
        *(f"libs.plugins.{name.replace('-', '.')}" for name in names["plugins"]),
        *(f"libs.versions.{name}.get" for name in names["versions"]),
    }
    return [alias for alias in re.findall(r"\blibs(?:\.\w+)+", text) if alias not in known]


def unbalanced(text: str) -> str:
    """What is left of a script's brackets when the pairs are taken out; empty if all have their partner."""
    brackets = re.sub(r"[^(){}\[\]]", "", re.sub(r'"[^"\n]*"', "", text))
    while (shorter := re.sub(r"\(\)|\{\}|\[\]", "", brackets)) != brackets:
        brackets = shorter
    return brackets


def test_the_catalogue_and_maven_agree():
    assert disagreements(catalogue()["versions"], properties()) == []


@pytest.mark.parametrize("name", SHARED)
def test_a_version_of_its_own_is_found(name):
    versions = {**catalogue()["versions"], name: "0"}
    assert disagreements(versions, properties()) == [name]


def test_every_version_is_used():
    names = catalogue()
    references = [entry["version"]["ref"] for kind in ("libraries", "plugins") for entry in names[kind].values()]
    assert set(references) <= set(names["versions"])
    used = re.findall(r"libs\.versions\.(\w+)\.get", " ".join(map(script, scripts())))
    assert {*references, *used} == set(names["versions"])


@pytest.mark.parametrize("path", scripts())
def test_aliases_exist_and_brackets_close(path):
    assert unknown_aliases(script(path), catalogue()) == []
    assert unbalanced(script(path)) == ""


def test_an_alias_that_does_not_exist_is_found():
    text = "api(libs.litert)\napi(libs.litertt)\nalias(libs.plugins.kotlin.jvm)\nlibs.versions.minSdk.get().toInt()"
    assert unknown_aliases(text, catalogue()) == ["libs.litertt"]


def test_a_bracket_that_stays_open_is_found():
    assert unbalanced('android { noCompress += "}" ') == "{"


def test_the_modules_and_their_sources_exist():
    included = re.findall(r'include\(":(\w+)"\)', script("settings.gradle.kts"))
    assert tuple(included) == MODULES
    maven = (DEMO / "pom.xml").read_text(encoding="utf-8")
    for module in included:
        # Gradle's standard folder, and the one that Maven's file names.
        assert f"<module>{module}</module>" in maven
        assert "<sourceDirectory>src/main/kotlin</sourceDirectory>" in (DEMO / module / "pom.xml").read_text("utf-8")
        assert list((DEMO / module / "src" / "main" / "kotlin").rglob("*.kt"))
        projects = re.findall(r'project\(":(\w+)"\)', script(f"{module}/build.gradle.kts"))
        assert set(projects) < set(included)


def test_the_manifest_leaves_to_both_builds_what_they_add():
    manifest = (DEMO / "app" / "src" / "main" / "AndroidManifest.xml").read_text(encoding="utf-8")
    # Android's plugin refuses the first and warns of the others.
    for attribute in ("package=", "versionCode", "versionName", "extractNativeLibs", "<uses-sdk"):
        assert attribute not in manifest


def test_models_stay_uncompressed_and_pages_of_16_kb_are_served():
    assert 'noCompress += "tflite"' in script("app/build.gradle.kts")
    # LiteRT's first version with native libraries for them is 1.4.0; from 2.0 on its Java API is another.
    major, minor, _ = map(int, catalogue()["versions"]["litert"].split("."))
    assert (1, 4) <= (major, minor) < (2, 0)


def test_plugins_fit_each_other():
    """Kotlin 2.1.21's Gradle plugin is made for Android's from 7.3.1 to 8.7.2, which knows SDK levels up to 35."""
    versions = catalogue()["versions"]
    assert versions["kotlin"] == "2.1.21"
    assert (7, 3, 1) <= tuple(map(int, versions["agp"].split("."))) <= (8, 7, 2)
    assert int(versions["minSdk"]) < int(versions["targetSdk"]) <= int(versions["compileSdk"]) <= 35


def test_the_shrinker_s_rules_are_one_file_for_both():
    assert '"proguard-rules.pro"' in script("app/build.gradle.kts")
    assert (DEMO / "app" / "proguard-rules.pro").exists()
