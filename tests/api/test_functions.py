"""Each function of `import bitsim`: what it gives, and what it refuses."""

import re

import numpy as np
import pytest

import bitsim
from bitsim.errors import BitsimError
from bitsim.reference.text.chat import Message

SWEEP = """
name = "two"
accelerator = "dot_16x40"
network = "addition"
context = 8
[grid]
"array.columns" = [4, 16]
"""


def small(**values):
    return bitsim.simulate("dot_16x40", "addition", **{"context": 8, **values})


@pytest.fixture(scope="module")
def made():
    """A run, the text as it came, what was said of progress."""
    pieces, steps = [], []
    run = bitsim.run(
        "12+9=",
        tokens=np.int64(3),
        on_text=pieces.append,
        progress=lambda *step: steps.append(step),
    )
    return run, pieces, steps


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"stage": "Decode"}, "stage = 'Decode': must be one of prefill, decode"),
        ({"stage": "prefil"}, "stage = 'prefil': must be one of prefill, decode"),
        ({"stage": None}, "stage = None: must be one of prefill, decode"),
        ({"stage": ["decode"]}, "stage = ['decode']: must be one of prefill, decode"),
        ({"batch": 0}, "batch = 0: must be a whole number from 1 to 16777216"),
        ({"batch": True}, "batch = True: must be a whole number from 1 to 16777216"),
        ({"batch": 1.0}, "batch = 1.0: must be a whole number from 1 to 16777216"),
        ({"batch": None}, "batch = None: must be a whole number from 1 to 16777216"),
        ({"batch": 1 << 25}, "batch = 33554432: must be a whole number from 1 to 16777216"),
        ({"context": -1}, "context = -1: must be a whole number from 1 to 16777216"),
        ({"context": 0}, "context = 0: must be a whole number from 1 to 16777216"),
        ({"context": "8"}, "context = '8': must be a whole number from 1 to 16777216"),
        ({"context": np.nan}, "context = nan: must be a whole number from 1 to 16777216"),
        ({"statistics": {}}, "statistics = {}: must be a bitsim.spec.network.Statistics"),
        ({"technology": 7}, "technology = 7: give a name of models/technologies, a path, or what "
         "bitsim.load_* made of one"),
        ({"technology": ""}, "'': no such name in technologies, and no such path; one of: 45nm, "
         "7nm"),
    ],
)  # fmt: skip
def test_simulate_refuses_a_wrong_value_in_one_line(values, fault):
    with pytest.raises(BitsimError) as found:
        small(**values)
    assert str(found.value) == fault


def test_prefill_of_no_token_is_refused_too():
    with pytest.raises(BitsimError, match="context = 0"):
        small(stage="prefill", context=0)


def test_numbers_of_numpy_are_taken_as_the_numbers_that_they_are():
    result = small(batch=np.uint8(2), context=np.int64(8))
    assert result == small(batch=2)
    assert type(result.passes[0].m) is type(result.passes[0].context) is int


def test_an_unknown_argument_is_pythons_type_error():
    for function in (small, bitsim.run, bitsim.explore, bitsim.emit, bitsim.check, bitsim.record):
        with pytest.raises(TypeError, match="unexpected keyword argument 'contxt'"):
            function(contxt=8)


def test_a_run_gives_the_text_its_exactness_and_what_it_cost(made):
    run, pieces, steps = made
    assert run.text == "21"
    assert pieces == ["12+9=", "2", "1", "", ""]  # the end, and what the tokenizer held back
    assert run.bit_exact
    assert run.generated.sums_compared == 61_440
    assert run.result.cycles == 56_332
    assert steps[-1] == (96, 96)
    assert run.frame("array").cycles.sum() == 56_332
    assert repr(run).startswith("<Run: '12+9=21', 0 of 61,440 sums differ; <RunResult: addition")
    assert "; &lt;RunResult: addition" in run._repr_html_()
    assert len({run, run}) == 1


def test_a_run_takes_a_network_that_is_loaded():
    network = bitsim.load_network("addition")
    assert bitsim.run("7+8=", network=network, tokens=2).text == "15"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"prompt": 5}, "prompt = 5: must be a text, or a tuple of Messages"),
        ({"prompt": ()}, "prompt = (): must be a text, or a tuple of Messages"),
        ({"prompt": ["1+1="]}, "prompt = ['1+1=']: must be a text, or a tuple of Messages"),
        ({"tokens": 0}, "tokens = 0: must be a whole number from 1 to 16777216"),
        ({"temperature": -1}, "temperature = -1: must be a number from 0 to 100"),
        ({"temperature": float("nan")}, "temperature = nan: must be a number from 0 to 100"),
        ({"temperature": "hot"}, "temperature = 'hot': must be a number from 0 to 100"),
        ({"temperature": None}, "temperature = None: must be a number from 0 to 100"),
        ({"seed": -1}, "seed = -1: must be a whole number from 0 to 9223372036854775807"),
        ({"seed": None}, "seed = None: must be a whole number from 0 to 9223372036854775807"),
        ({"context": 0}, "context = 0: must be a whole number from 1 to 16777216"),
        ({"head": "Int8"}, "head = 'Int8': must be one of own, int8"),
        ({"head": None}, "head = None: must be one of own, int8"),
    ],
)
def test_run_and_record_refuse_a_wrong_value_in_one_line(values, fault, tmp_path):
    for function in (bitsim.run, lambda **given: bitsim.record(tmp_path / "new", **given)):
        if function is not bitsim.run and "temperature" in values:
            continue
        with pytest.raises(BitsimError) as found:
            function(**values)
        assert str(found.value) == fault
    assert not (tmp_path / "new").exists()


def test_a_chat_is_a_tuple_of_messages_and_this_network_has_no_chat_form():
    with pytest.raises(BitsimError, match="chat"):
        bitsim.run((Message("user", "1+1="),))


def test_a_recording_is_the_trace_that_a_machine_replays(tmp_path):
    said = []
    trace = bitsim.record(str(tmp_path / "new"), "7+8=", tokens=2, say=said.append)
    assert said == ["7+8=15"]
    assert repr(trace) == f"<Trace: {tmp_path / 'new'}, addition, 2 passes>"
    assert trace.manifest.command == "bitsim.record"
    replayed = bitsim.simulate_trace("dot_16x40", trace)
    assert replayed == bitsim.simulate_trace("dot_16x40", tmp_path / "new", "7nm")
    assert replayed.tokens == 2


@pytest.mark.parametrize("path", [None, "", 5, "a\0b"])
def test_a_recording_without_a_path_is_refused(path):
    with pytest.raises(BitsimError, match=r"path = .*: must be the path of a new folder"):
        bitsim.record(path)


def test_emit_gives_verilog_whose_top_module_has_the_machines_name(tmp_path):
    tiny = bitsim.load_accelerator("dot_16x40").changed(
        {"name": "tiny", "array.columns": 1, "array.lanes": 5, "array.max_k": 40}
    )
    text = bitsim.emit(tiny)
    assert re.search(r"^module tiny\(", text, re.MULTILINE)
    with pytest.raises(BitsimError, match="ice50"):
        bitsim.emit(tiny, target="ice50")


def test_check_refuses_a_wrong_value_before_anything_is_built(tmp_path):
    with pytest.raises(BitsimError, match=r"seed = 1\.5"):
        bitsim.check("dot_16x40", seed=1.5, work=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BitsimError, match=r"work = .*file.*; choose another folder"):
        bitsim.check("dot_16x40", work=tmp_path / "file")
    with pytest.raises(BitsimError, match="trace = 7: must be the path of a trace's folder"):
        bitsim.check("dot_16x40", 7, work=tmp_path)


def test_explore_gives_each_design_and_keeps_what_it_is_told_to_keep(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(SWEEP)
    result = bitsim.explore(path, workers=1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["two.toml"]
    assert [each.settings for each in result.evaluations] == [
        {"array.columns": 4}, {"array.columns": 16},
    ]  # fmt: skip
    assert result.evaluations[1].cycles == small().cycles
    assert len(result.pareto) == 2
    assert repr(result) == (
        "<SweepResult: two, 2 designs evaluated, 0 refused, 2 that no other one beats>"
    )
    assert len({*result.evaluations, *result.evaluations, result, result.sweep}) == 4
    bitsim.explore(bitsim.load_sweep(path), out=tmp_path / "kept", workers=np.int64(1))
    assert (tmp_path / "kept" / "two.sqlite").exists()


@pytest.mark.parametrize("workers", [0, 1.5, "2", True])
def test_explore_refuses_workers_that_are_no_number(workers):
    with pytest.raises(BitsimError, match=r"workers = .*: must be a whole number from 1"):
        bitsim.explore("decode_2b", workers=workers)


def test_whatever_is_loaded_fits_on_a_screen_and_can_be_a_key():
    network = bitsim.load_network("addition")
    assert repr(network) == "<Network: addition, 3 layers of 256, head in bf16>"
    assert repr(bitsim.load_sweep("decode_2b")).startswith("<Sweep: decode_2b, ")
    for part in (
        network,
        bitsim.load_accelerator("dot_16x40_axi"),
        bitsim.load_network_spec("addition"),
        bitsim.load_technology("7nm"),
        bitsim.load_board("ulx3s_85f"),
        bitsim.load_sweep("decode_2b"),
    ):
        assert len({part, part}) == 1
    again = bitsim.load_accelerator("dot_16x40_axi").model_copy()
    assert hash(again) == hash(bitsim.load_accelerator("dot_16x40_axi"))
