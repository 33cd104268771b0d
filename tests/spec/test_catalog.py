"""Names without a path."""

from __future__ import annotations

import pytest

from bitsim.errors import BitsimError
from bitsim.spec import catalog
from bitsim.spec.base import Spec


def test_every_name_of_models_loads():
    loaders = {
        "accelerators": catalog.load_accelerator,
        "boards": catalog.load_board,
        "checkpoints": catalog.load_checkpoint_source,
        "networks": catalog.load_network_spec,
        "technologies": catalog.load_technology,
    }
    for kind, load in loaders.items():
        for name in catalog.names(kind):
            spec = load(name)
            assert isinstance(spec, Spec)
            assert spec.name == name


def test_the_technology_of_every_accelerator_is_there():
    for name in catalog.names("accelerators"):
        technology = catalog.load_accelerator(name).technology
        assert technology in catalog.names("technologies")


def test_a_path_is_taken_as_it_is(tmp_path):
    path = tmp_path / "own.toml"
    assert catalog.find("accelerators", str(path)) == path
    assert catalog.load_accelerator(str(catalog.find("accelerators", "dot_16x40"))).name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dot_16x4", "did you mean 'dot_16x40'?"),
        ("zzz", "one of: "),
        ("", "no such"),
        ("a\0b", "no such name"),
        ("a\nb", "no such name"),
        ("x" * 10_000, "cannot be read (File name too long)"),
        ("../dot_16x40", "no such file"),
        ("/", "is a folder"),
    ],
)
def test_a_name_that_is_none_is_one_line(name, expected):
    with pytest.raises(BitsimError) as caught:
        catalog.load_accelerator(name)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_network_is_a_toml_a_config_or_the_folder_of_one(tmp_path):
    with pytest.raises(BitsimError, match=r"config\.json: no such file"):
        catalog.load_network_spec(str(tmp_path))
    with pytest.raises(BitsimError, match=r"did you mean 'bitnet-b1\.58-2b-4t'"):
        catalog.load_network_spec("bitnet-b1.58-2b")
