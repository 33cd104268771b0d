"""Every form of a checkpoint in the registry holds the same network and keeps the same promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitsim.errors import BitsimError
from bitsim.reference.checkpoints import forms
from bitsim.reference.checkpoints.checkpoint import (
    Checkpoint,
    all_gain_names,
    modules,
    table_names,
)
from bitsim.reference.checkpoints.forms import FORMS, form_of, open_checkpoint
from bitsim.reference.checkpoints.inspection import checkpoint_info
from bitsim.reference.checkpoints.load import (
    load_network,
    load_shape,
    needed_bytes,
    weights_digest,
)
from bitsim.reference.checkpoints.make import plan_checkpoint, write_checkpoint
from tests.reference.checkpoints.converting import WIDE, assert_same_network, converted

# Of each form, what `checkpoint convert` calls it, and the name of one.
MADE = {"folder": ("safetensors", "copy"), "gguf": ("i2_s", "copy.gguf")}
NAMES = [form.name for form in FORMS]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network that every form gets."""
    folder = tmp_path_factory.mktemp("forms")
    (folder / "wide.toml").write_text(WIDE)
    write_checkpoint(plan_checkpoint(str(folder / "wide.toml"), 1, folder / "source"))
    return folder / "source"


@pytest.fixture(scope="module")
def made(source: Path) -> dict[str, Path]:
    """By form, its path."""
    paths = {}
    for name in NAMES:
        kind, path = MADE[name]
        converted(source, kind, source.parent / path)
        paths[name] = source.parent / path
    return paths


def test_every_form_of_the_registry_is_in_this_suite() -> None:
    assert list(MADE) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_is_recognised_by_one_entry_alone(made: dict[str, Path], name: str) -> None:
    assert [form.name for form in FORMS if form.recognises(made[name])] == [name]
    assert form_of(made[name]) is FORMS[NAMES.index(name)]


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_the_same_network(source: Path, made: dict[str, Path], name: str) -> None:
    path = made[name]
    assert_same_network(load_network(path), load_network(source))
    network, opened = load_network(path), open_checkpoint(path)
    assert load_shape(path).ternary_weights == opened.spec.ternary_weights
    assert needed_bytes(path) == opened.memory_bytes
    assert checkpoint_info(path)["ternary_weights"] == network.spec.ternary_weights
    assert next(iter(checkpoint_info(path))) == "format"


@pytest.mark.parametrize("name", NAMES)
def test_its_parts_can_be_read_one_at_a_time(
    source: Path, made: dict[str, Path], name: str
) -> None:
    def parts(checkpoint: Checkpoint) -> list[object]:
        spec = checkpoint.spec
        found: list[object] = []
        for layer in range(spec.layers):
            for module, rows, k in modules(spec, layer):
                found.append(checkpoint.matrix(module, rows, k).digest)
        found += [checkpoint.gains(norm).tobytes() for norm, _ in all_gain_names(spec)]
        for table in table_names(spec):
            form, raw = checkpoint.stored(table)
            assert raw.size == checkpoint.table_bytes(table)
            found += [form, raw.tobytes(), checkpoint.table(table).form]
            checkpoint.release(table)
        return found

    assert parts(open_checkpoint(made[name])) == parts(open_checkpoint(source))


@pytest.mark.parametrize("name", NAMES)
def test_a_faulty_one_is_refused_in_one_line(
    made: dict[str, Path], name: str, tmp_path: Path
) -> None:
    files = open_checkpoint(made[name]).files()
    assert files
    for file in files:
        path = tmp_path / made[name].name
        broken = path
        if made[name].is_dir():
            path.mkdir(exist_ok=True)
            for each in files:
                (path / each.name).write_bytes(each.read_bytes())
            broken = path / file.name
        broken.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        with pytest.raises(BitsimError) as refused:
            open_checkpoint(path).network()
        assert len(str(refused.value).splitlines()) == 1
        assert broken.name in str(refused.value)


@pytest.mark.parametrize("name", NAMES)
def test_its_digest_is_of_its_files(made: dict[str, Path], name: str) -> None:
    before = weights_digest(made[name])
    file = max(open_checkpoint(made[name]).files(), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    changed = weights_digest(made[name])
    file.write_bytes(content)
    assert weights_digest(made[name]) == before != changed


def test_what_is_no_checkpoint_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "wide.toml").write_text(WIDE)
    for name, says in (
        ("wide.toml", "wide.toml: is no checkpoint; name a folder with config.json"),
        ("missing/there", "there: no such file or folder; check the path"),
        ("missing.gguf", "missing.gguf: no such file"),
        ("missing/config.json", "config.json: no such file"),
    ):
        with pytest.raises(BitsimError, match=says) as refused:
            open_checkpoint(tmp_path / name)
        assert len(str(refused.value).splitlines()) == 1


def test_a_further_form_is_one_more_entry(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that says where a folder is: loaded, counted and converted with no other change."""

    def target(path: Path) -> Path:
        return Path(path.read_text())

    folder = FORMS[0]
    further = forms.Form(
        "link",
        lambda path: path.suffix == ".link",
        lambda path: folder.open(target(path)),
        lambda path: folder.shape(target(path)),
    )
    monkeypatch.setattr(forms, "FORMS", [*FORMS, further])
    path = tmp_path / "a.link"
    path.write_text(str(source))
    assert_same_network(load_network(path), load_network(source))
    assert checkpoint_info(path) == checkpoint_info(source)
    assert load_shape(path) == load_shape(source)
    converted(path, "i2_s", tmp_path / "converted.gguf")
