"""A part is asked for by name, by path or as an object, and each gives the same."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import bitsim
from bitsim.errors import BitsimError
from bitsim.spec.catalog import models_folder

MACHINE = models_folder() / "accelerators" / "dot_16x40.toml"
NETWORK = models_folder() / "networks" / "addition"
PRICES = models_folder() / "technologies" / "45nm.toml"


@pytest.fixture(scope="module")
def by_name():
    return bitsim.simulate("dot_16x40", "addition", "45nm", context=8)


@pytest.mark.parametrize(
    "parts",
    [
        lambda: (MACHINE, NETWORK, PRICES),
        lambda: (str(MACHINE), str(NETWORK / "config.json"), str(PRICES)),
        lambda: (
            bitsim.load_accelerator("dot_16x40"),
            bitsim.load_network_spec("addition"),
            bitsim.load_technology("45nm"),
        ),
        lambda: ("dot_16x40", bitsim.load_network("addition"), "45nm"),
    ],
)
def test_a_simulation_of_names_paths_and_objects_is_the_same(by_name, parts):
    other = bitsim.simulate(*parts(), context=8)
    assert (other.cycles, other.energy_j, other.records) == (
        by_name.cycles, by_name.energy_j, by_name.records,
    )  # fmt: skip


def test_without_a_technology_the_accelerators_own_is_taken(by_name):
    assert bitsim.simulate("dot_16x40", "addition", context=8).technology.name == "7nm"
    assert by_name.technology.name == "45nm"


def test_what_load_made_is_loaded_again_as_it_is():
    for load, name in (
        (bitsim.load_accelerator, "dot_16x40"),
        (bitsim.load_network_spec, "addition"),
        (bitsim.load_network, "addition"),
        (bitsim.load_technology, "7nm"),
        (bitsim.load_board, "ulx3s_85f"),
        (bitsim.load_sweep, "decode_2b"),
        (bitsim.load_trace, "traces/addition.trace"),
    ):
        part = load(Path(__file__).resolve().parents[2] / name if "/" in name else name)
        assert load(part) is part


@pytest.mark.parametrize("wrong", [5, None, b"dot_16x40", ["dot_16x40"]])
def test_what_is_no_part_is_refused_with_what_may_be_given(wrong):
    for load, field in (
        (bitsim.load_accelerator, "accelerator"),
        (bitsim.load_network_spec, "network"),
        (bitsim.load_network, "network"),
        (bitsim.load_technology, "technology"),
        (bitsim.load_board, "board"),
        (bitsim.load_sweep, "sweep"),
    ):
        with pytest.raises(BitsimError) as fault:
            load(wrong)
        assert str(fault.value).startswith(f"{field} = {wrong!r}: give a name of models/")
    with pytest.raises(BitsimError, match=r"trace = .*: must be the path of a trace's folder"):
        bitsim.load_trace(wrong)


def test_an_object_of_another_kind_is_refused():
    technology = bitsim.load_technology("7nm")
    with pytest.raises(BitsimError, match=r"accelerator = TechnologySpec\(.*give a name"):
        bitsim.simulate(technology, "addition", context=8)


def test_a_file_names_its_technology_as_seen_from_its_own_folder(tmp_path, monkeypatch):
    (tmp_path / "chips").mkdir()
    shutil.copy(PRICES, tmp_path / "chips" / "mine.toml")
    text = MACHINE.read_text().replace('technology = "7nm"', 'technology = "mine.toml"')
    (tmp_path / "chips" / "chip.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = bitsim.simulate("chips/chip.toml", "addition", context=8)
    assert result.technology.name == "45nm"


def test_a_sweep_names_its_parts_as_seen_from_its_own_folder(tmp_path, monkeypatch):
    folder = tmp_path / "sweeps"
    folder.mkdir()
    shutil.copy(PRICES, folder / "mine.toml")
    shutil.copy(MACHINE, folder / "chip.toml")
    shutil.copytree(NETWORK, folder / "net")
    (folder / "s.toml").write_text(
        'name = "s"\naccelerator = "chip.toml"\nnetwork = "net"\ncontext = 8\n'
        '[grid]\ntechnology = ["7nm", "mine.toml"]\n'
    )
    monkeypatch.chdir(tmp_path)
    sweep = bitsim.load_sweep("sweeps/s.toml")
    assert sweep.accelerator.name == "dot_16x40"
    assert sweep.network.name == "net"  # a folder of a checkpoint has its own name
    assert {key: each.name for key, each in sweep.technologies.items()} == {
        "7nm": "7nm", "mine.toml": "45nm",
    }  # fmt: skip


def test_a_field_is_changed_to_a_number_of_numpy_too():
    base = bitsim.load_accelerator("dot_16x40")
    for field, value in (
        ("array.columns", 4),
        ("memory.peak_gb_per_s", 12.5),
        ("clock_mhz", 100.0),
    ):
        changed = base.changed({field: np.asarray([value])[0]})
        assert changed == base.changed({field: value})
        assert hash(changed) == hash(base.changed({field: value}))
    with pytest.raises(BitsimError, match=r"array\.columns"):
        base.changed({"array.columns": np.float64(4.5)})
