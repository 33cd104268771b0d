"""Read master, write master, and registers: three views of one run (`axi_run`)."""

from __future__ import annotations

from array_scene import counted, offered
from axi_run import ACTIVATIONS_AT, LATENCY, REGISTERS, RESPONSE, SPEC, run
from capture import Trace
from draw import Bit, Bus, Heading, Wave

from bitsim.gateware.bus.read_master import ReadAction
from bitsim.gateware.bus.write_master import WriteAction


def channel(trace: Trace, prefix: str, **shown: list[str | None]) -> list[Bit | Bus]:
    """valid and ready of an AXI channel, transfers marked, and what it carries meanwhile."""
    passed = trace.transfers(prefix, "")
    name = prefix.rpartition("_")[2]
    rows: list[Bit | Bus] = [
        Bit(f"{name}valid", trace.number(f"{prefix}valid"), passed),
        Bit(f"{name}ready", trace.number(f"{prefix}ready"), passed),
    ]
    for what, values in shown.items():
        valid = trace[f"{prefix}valid"]
        meant = [value if here else None for here, value in zip(valid, values, strict=True)]
        rows.append(Bus(f"{name}{what}", meant, passed))
    return rows


def numbers(trace: Trace, name: str, add: int = 0) -> list[str | None]:
    return [str(each + add) for each in trace.number(name)]


def addresses(trace: Trace, name: str) -> list[str | None]:
    return [f"{each:x}" for each in trace.number(name)]


def states(trace: Trace, name: str, meant: dict[str, str]) -> list[str | None]:
    """An enumeration's states as they are to be read; a state that is left out: nothing."""
    return [meant.get(str(each).rpartition(".")[2]) for each in trace[name]]


def named(kind: type, *left_out: str) -> dict[str, str]:
    """A word for each state."""
    return {
        each.name: each.name.partition("_")[0].lower() for each in kind if each.name not in left_out
    }


def read_wave() -> Wave:
    """The activation port: its addresses begin eight bytes before a 4 KiB boundary."""
    trace = run()
    port, axi = "top.activations_port", "m_axi_activations_"
    jobs = trace.transfers(f"{port}.jobs")
    taken = jobs.index(True)
    asked = trace.transfers(f"{axi}ar", "")
    words = [each + 1 for each in trace.number(f"{axi}arlen")]
    bursts = [
        (address, count)
        for address, count, here in zip(trace.number(f"{axi}araddr"), words, asked, strict=True)
        if here
    ]
    bus = SPEC.bus
    assert bus is not None
    assert bursts[0] == (ACTIVATIONS_AT, (0x2000 - ACTIVATIONS_AT) // bus.word_bytes)
    assert sum(count for _, count in bursts) == 12
    first_word = trace.transfers(f"{axi}r", "").index(True)
    assert first_word == asked.index(True) + LATENCY["activations"]
    leaves = trace.transfers(f"{port}.gearbox.words")
    assert leaves.index(True) == first_word + 2
    beats = trace.transfers(f"{port}.beats")
    last = max(cycle for cycle, passed in enumerate(beats) if passed)
    return Wave(
        "A read master: 12 words of activations from 0x1ff8 on, two words a beat",
        [
            Heading("master"),
            Bus("job", counted(jobs, "job ")),
            Bus("action", states(trace, f"{port}.master.action", named(ReadAction, "WAIT"))),
            Bus("left", numbers(trace, f"{port}.master.left")),
            Bus("in_flight", numbers(trace, f"{port}.master.in_flight")),
            Bus("reserved", numbers(trace, f"{port}.master.reserved")),
            Heading("m_axi_activations_"),
            *channel(
                trace,
                f"{axi}ar",
                addr=addresses(trace, f"{axi}araddr"),
                len=numbers(trace, f"{axi}arlen"),
            ),
            *channel(trace, f"{axi}r", data=offered(trace, f"{axi}r", "d", "")),
            Bit("rlast", trace.number(f"{axi}rlast")),
            Heading("FIFO and gearbox"),
            Bus("word leaves the FIFO", counted(leaves, "d"), leaves),
            Bit("beats.valid", trace.number(f"{port}.beats__valid"), beats),
            Bit("beats.ready", trace.number(f"{port}.beats__ready"), beats),
            Bus("beats.payload", offered(trace, f"{port}.beats", "a"), beats),
        ],
        [(taken - 1, last + 2)],
        [
            "arlen is one less than the words. The first burst ends at 0x2000, since none crosses "
            f"4 KiB; then bursts of {bus.burst_words}, at most {bus.outstanding} in flight,",
            f"as long as all their words have room in the FIFO ({bus.read_fifo_words}). A word "
            "that is transferred in cycle t leaves the FIFO in t + 2 at the earliest: "
            f"d0 in {first_word} and {first_word + 2}.",
        ],
    )


def write_wave() -> Wave:
    """The results port."""
    trace = run()
    port, axi = "top.results_port", "m_axi_results_"
    beats = trace.transfers(f"{port}.beats")
    first = beats.index(True)
    enters = trace.number(f"{port}.fifo.w_en")
    answers = trace.number(f"{axi}bvalid")
    last = max(cycle for cycle, each in enumerate(answers) if each)
    entered = enters.index(1)
    announced = trace.number(f"{axi}awvalid").index(1)
    # Four words entered one after the other; the last of them can leave two cycles later.
    assert announced == entered + SPEC.bus.burst_words - 1 + 2 + 1
    sent = trace.transfers(f"{axi}w", "")
    assert sum(sent) == 16
    return Wave(
        "The write master: result beats of four words, bursts of four",
        [
            Heading("cutter"),
            Bit("beats.valid", trace.number(f"{port}.beats__valid"), beats),
            Bit("beats.ready", trace.number(f"{port}.beats__ready"), beats),
            Bus("beats.payload", offered(trace, f"{port}.beats", "r"), beats),
            Bus("rest", numbers(trace, f"{port}.cutter.rest")),
            Bus("word enters the FIFO", counted(enters, "d")),
            Heading("master"),
            Bus("action", states(trace, f"{port}.master.action", named(WriteAction, "WAIT"))),
            Bus("left", numbers(trace, f"{port}.master.left")),
            Bus("unanswered", numbers(trace, f"{port}.master.unanswered")),
            Heading("m_axi_results_"),
            *channel(
                trace,
                f"{axi}aw",
                addr=addresses(trace, f"{axi}awaddr"),
                len=numbers(trace, f"{axi}awlen"),
            ),
            *channel(trace, f"{axi}w", data=offered(trace, f"{axi}w", "d", "")),
            Bit("wlast", trace.number(f"{axi}wlast")),
            *channel(trace, f"{axi}b"),
        ],
        [(first - 1, last + 4)],
        [
            "A burst is announced when all its words can leave the FIFO, so wvalid stays 1 until "
            f"wlast: d0 to d3 enter in {entered} to {entered + 3}, awvalid is 1 from {announced} "
            "on.",
            "The memory here lets every fifth word and the third address wait for a cycle, and "
            f"answers after {RESPONSE}.",
        ],
    )


def host_wave() -> Wave:
    """The last words of an entry, start, and much later the interrupt."""
    trace = run()
    names = {register.offset: register.name for register in REGISTERS}

    def meant(channel: str) -> list[str | None]:
        offsets = trace.number(f"s_axi_{channel}addr")
        return [names.get(offset) for offset in offsets]

    irq = trace.number("irq")
    start = trace.number("top.start").index(1)
    busy, done = trace.number("top.busy"), trace.number("top.done")
    raised, cleared = irq.index(1), len(irq) - irq[::-1].index(1)
    assert busy.index(1) == start + 1
    assert done.index(1) <= raised
    written = trace.transfers("s_axi_aw", "")
    read = trace.transfers("s_axi_ar", "").index(True)
    takes = trace.transfers("s_axi_b", "").index(True) - written.index(True)
    reads = trace.transfers("s_axi_r", "").index(True) - read
    status = trace.number("s_axi_rdata")[read + reads]
    assert status == REGISTERS["STATUS"].field("done").mask
    begin = [cycle for cycle, each in enumerate(written) if each][-5]
    return Wave(
        "Registers: the end of a list's entry, the start, and the interrupt at the end of the list",
        [
            Heading("s_axi_, writing"),
            *channel(trace, "s_axi_aw", addr=meant("aw")),
            *channel(trace, "s_axi_w", data=addresses(trace, "s_axi_wdata")),
            *channel(trace, "s_axi_b", resp=[str(each) for each in trace["s_axi_bresp"]]),
            Heading("s_axi_, reading"),
            *channel(trace, "s_axi_ar", addr=meant("ar")),
            *channel(trace, "s_axi_r", data=addresses(trace, "s_axi_rdata")),
            Heading("what comes of it"),
            Bus("LIST_INDEX", numbers(trace, "csr.list_index")),
            Bit("start", trace.number("top.start")),
            Bit("busy", busy),
            Bit("done", done),
            Bit("irq", irq),
        ],
        [(begin - 1, start + 4), (raised - 3, cleared + 3)],
        [
            "The last ENTRY register puts the entry in place: LIST_INDEX becomes one more. A write "
            f"is answered {takes} cycles after it is taken, a read {reads}. No ready waits for a "
            "valid.",
            f"start is 1 in cycle {start}, busy from the next on. STATUS reads {status}: done, no "
            "errors. Writing 1 to INTERRUPT_STATUS clears done there, and with it irq; STATUS.done "
            "stays.",
        ],
    )
