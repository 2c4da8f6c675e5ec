"""Every public name is documented whole, and the examples in the docstrings print what they say."""

import doctest
import inspect
import re

import pytest

import corepy as cp

# The extensions are there as soon as the namespace has them.
MODULES = {
    name: module
    for name, module in [("cp", cp), *((f"cp.{name}", getattr(cp, name, None)) for name in ("linalg", "fft"))]
    if module is not None
}
STANDARD = {
    "cp": cp.array_api.__all__,
    **{name: module.__all__ for name, module in MODULES.items() if module is not cp},
}
INSPECTION = type(cp.__array_namespace_info__())
SECTION = re.compile(r"^(\w+)\n-{3,}$", re.MULTILINE)
PLACE = re.compile(r"\bArray API standard 2025\.12, [\w -]+: ``(\w+)``\.$")
# What is called for what it does.
RETURN_NOTHING = {"cp.empty_cache", "cp.set_num_threads", "cp.show_config"}
# What takes no argument.
NEVER_RAISE = {"cp.__array_namespace_info__"}
# Results whose elements are not computed have no accuracy.
NOT_COMPUTED = {"cp.empty", "cp.empty_like", "cp.isdtype", "cp.__array_namespace_info__"}


def public():
    """Each public function and class by its name; what several modules share, once."""
    seen, found = set(), {}
    for prefix, module in MODULES.items():
        for name in dir(module):
            value = getattr(module, name)
            if (name.startswith("_") and name != "__array_namespace_info__") or id(value) in seen:
                continue
            is_class = inspect.isclass(value) and not issubclass(value, Exception)
            if inspect.isroutine(value) or is_class:
                seen.add(id(value))
                found[f"{prefix}.{name}"] = value
    return found


def methods():
    """The documented methods of public classes, and every one that is not special."""
    classes = {"cp.Tensor": cp.Tensor, "cp.DType": cp.DType, "ArrayNamespaceInfo": INSPECTION}
    return {
        f"{owner}.{name}": value
        for owner, cls in classes.items()
        for name, value in vars(cls).items()
        if callable(value) and (not name.startswith("_") or ">>>" in (value.__doc__ or ""))
    }


PUBLIC = public()
FUNCTIONS = {name: value for name, value in PUBLIC.items() if inspect.isroutine(value)}
METHODS = methods()
OF_THE_STANDARD = [name for name in FUNCTIONS if name.rpartition(".")[2] in STANDARD[name.rpartition(".")[0]]]


def sections(item):
    """A docstring's sections; the text before the first is "Summary"."""
    title, *rest = SECTION.split(inspect.getdoc(item) or "")
    return {"Summary": title.strip(), **{name: text.strip() for name, text in zip(rest[::2], rest[1::2], strict=True)}}


def entries(text):
    """The names of a section's entries, and whether each is explained."""
    found, names = {}, []
    for line in text.splitlines():
        if line.startswith(" "):
            found.update(dict.fromkeys(names, True))
        elif line:
            names = [name.strip("* ") for name in line.partition(" : ")[0].split(",")]
            found.update(dict.fromkeys(names, False))
    return found


def failures(name, text):
    """What doctest has to say against the examples of a docstring."""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples, f"{name} has no examples"
    said = []
    # What explain() prints is what it prints by default.
    with cp.fusion(True):
        doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_examples_print_what_the_docstring_says(name):
    item = {**PUBLIC, **METHODS}[name]
    assert not failures(name, inspect.getdoc(item)), failures(name, inspect.getdoc(item))


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_modules_print_what_the_docstring_says(name):
    text = inspect.getdoc(MODULES[name])
    assert text and (">>>" not in text or not failures(name, text)), failures(name, text)


def test_a_wrong_example_is_noticed():
    assert "Expected" in failures("wrong", ">>> 1 + 1\n3\n")


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS])
def test_docstrings_are_whole(name):
    item = {**FUNCTIONS, **METHODS}[name]
    found = sections(item)
    summary = found["Summary"].split("\n\n")[0]
    assert summary.endswith(".") and "\n" not in summary
    assert ">>>" in found.get("Examples", "")
    parameters = list(inspect.signature(item).parameters)
    explained = entries(found.get("Parameters", ""))
    assert [parameter for parameter in parameters if parameter != "self"] == list(explained)
    assert all(explained.values()), f"unexplained: {explained}"
    if name not in RETURN_NOTHING:
        assert all(entries(found["Returns"]).values()), found["Returns"]
    assert all(entries(found.get("Raises", "")).values()), found["Raises"]


@pytest.mark.parametrize("name", OF_THE_STANDARD)
def test_functions_of_the_standard_name_their_place(name):
    found = sections(FUNCTIONS[name])
    match = PLACE.search(found["Notes"])
    assert match and match[1] == name.rpartition(".")[2]
    assert "Raises" in found or name in NEVER_RAISE
    assert match.start() > 0 or name in NOT_COMPUTED, "the accuracy is missing"


def test_the_standard_is_found():
    assert len(OF_THE_STANDARD) > 100 and set(METHODS) >= {"cp.Tensor.item", "ArrayNamespaceInfo.dtypes"}
