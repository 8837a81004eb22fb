"""The checks of an APK's code, on small classes that javac and dx make: what they must find is found."""

import json
from pathlib import Path

import pytest
from android_apk import contents_of, dex_of, facts, read_dex
from apk_build.checks import dynamic, newer, references
from apk_build.classes import classes_of_jar
from apk_build.newer import Guarded, read_guarded
from apk_build.signatures import read_signatures
from apk_build.tools import BuildError

pytestmark = pytest.mark.slow

PLAIN = "public class A { public Object f(java.util.List<String> x) { return x.get(0); } }"
LAMBDA = "public class A { public Runnable f(String x) { return () -> System.out.println(x); } }"
TWO = "public class A { public int f() { return B.g(); } } class B { static int g() { return 1; } }"
# Of API 28.
NEW_METHOD = 'public class A { public void f(android.view.View v) { v.setAccessibilityPaneTitle("x"); } }'
ASKED = NEW_METHOD.replace("v.set", "if (android.os.Build.VERSION.SDK_INT >= 28) v.set")
NEW_CLASS = "public class A { public Object f() { return new android.os.strictmode.NetworkViolation(); } }"
REFERENCE = "android.view.View.setAccessibilityPaneTitle(Ljava.lang.CharSequence;)V"


@pytest.fixture(scope="module")
def platforms():
    """Looks up classes of the newest Android and of the oldest."""
    jar, signatures = facts().framework, facts().oldest_framework
    return classes_of_jar(Path(jar)), read_signatures(Path(signatures)).get


@pytest.fixture(scope="module")
def contents(tmp_path_factory, platforms):
    """What the checks look at, of a source's code."""
    known = {}

    def of(source, left_out="", guarded=()):
        if (source, left_out) not in known:
            known[source, left_out] = dex_of(tmp_path_factory.mktemp("code"), source, left_out)
        return contents_of(read_dex(known[source, left_out]), *platforms, guarded)

    return of


def test_code_that_android_has_passes(contents):
    given = contents(PLAIN)
    assert [check(given).problems for check in (references, dynamic, newer)] == [[], [], []]
    assert "java/util/List" in given.dex.types
    assert ("java/util/List", "get(I)Ljava/lang/Object;") in given.dex.members
    assert given.dex.users["java.util.List.get(I)Ljava.lang.Object;"] == {"A"}


def test_a_lambda_of_java_is_found(contents):
    problems = dynamic(contents(LAMBDA)).problems
    assert "A.f(Ljava.lang.String;)Ljava.lang.Runnable; has invoke-custom" in problems
    assert "1 call sites" in problems


def test_a_class_that_was_left_out_is_found(contents):
    assert references(contents(TWO)).problems == []
    assert references(contents(TWO, left_out="B")).problems == ["B is missing, used by A"]


def test_a_member_that_android_lacks_is_found(contents):
    given = contents(NEW_METHOD)
    given.dex.members.add(("android/view/View", "setAccessibilityPaneTitel(I)V"))
    given.dex.members.add(("android/view/View", "paneTitle#I"))
    assert references(given).problems == [
        "android.view.View#paneTitle is missing",
        "android.view.View.setAccessibilityPaneTitel(I)V is missing",
    ]


def test_a_newer_method_must_be_on_the_list(contents):
    given = contents(NEW_METHOD)
    assert references(given).problems == []
    assert newer(given).problems == [f"{REFERENCE}, used by A, is newer than the oldest Android and not on the list"]


@pytest.mark.parametrize(
    ("used_by", "problem"),
    [
        (("A",), None),
        (("A", "B"), f"{REFERENCE} is on the list for B, which does not use it"),
        (("B",), f"{REFERENCE}, used by A, is newer than the oldest Android and not on the list"),
    ],
)
def test_the_list_names_the_classes_that_use_it(contents, used_by, problem):
    guarded = [Guarded(REFERENCE, used_by, "SDK_INT >= 28 in f")]
    found = newer(contents(ASKED, guarded=guarded)).problems
    assert problem in found if problem else found == []


def test_a_class_on_the_list_must_ask_for_the_version(contents):
    guarded = [Guarded(REFERENCE, ("A",), "SDK_INT >= 28 in f")]
    problem = f"{REFERENCE} is on the list for A, which does not ask for SDK_INT"
    assert newer(contents(NEW_METHOD, guarded=guarded)).problems == [problem]


def test_a_newer_class_must_be_on_the_list(contents):
    reference = "android.os.strictmode.NetworkViolation"
    problem = f"{reference}, used by A, is newer than the oldest Android and not on the list"
    assert newer(contents(NEW_CLASS)).problems == [problem]


def test_what_stands_on_the_list_must_be_used(contents):
    guarded = [Guarded(REFERENCE, ("A",), "SDK_INT >= 28 in f")]
    problem = f"{REFERENCE} is on the list, but nothing uses it, or the oldest Android has it"
    assert newer(contents(PLAIN, guarded=guarded)).problems == [problem]


@pytest.mark.parametrize("row", [{"reference": "a", "used_by": []}, {"reference": "a", "used_by": [], "guard": " "}])
def test_a_line_of_the_list_needs_its_guard(tmp_path, row):
    path = tmp_path / "newer.json"
    path.write_text(json.dumps([row]), encoding="utf-8")
    with pytest.raises(BuildError, match="must give each reference guard, reference, used_by"):
        read_guarded(path)
