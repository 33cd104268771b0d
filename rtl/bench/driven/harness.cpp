// An accelerator's memory and host around its Verilated top: one list after the other, on command.
//
// Called with a file descriptor of the shared memory, its bytes, and delays: refresh period and cycles; accept,
// latency and gap of reads; accept, gap and response of writes. Each command on standard input is a list entry
// and three numbers: where its results go, how many words they are, and how many cycles it may take. The answer
// on standard output: start cycle, end cycle, errors, every counter, and 256 bytes of text: what went wrong.
// State is kept from list to list; the clock stands still between them. Ends at the end of standard input.
// bitsim/verilated/lists/process.py is the other end, and writes `machine.h`.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vtop.h"
#include "axi_memory.h"
#include "machine.h"
#include "verilated.h"

namespace {

constexpr uint64_t FAULT_BYTES = 256;
constexpr uint64_t SETTLE_CYCLES = 3;  // of reset

template <typename T>
Pin pin(T& port) {
    return {&port, sizeof port};
}

#define ADDRESS(port, x)                                                                               \
    {pin(top.m_axi_##port##_##x##id), pin(top.m_axi_##port##_##x##addr), pin(top.m_axi_##port##_##x##len), \
     pin(top.m_axi_##port##_##x##size), pin(top.m_axi_##port##_##x##burst),                            \
     pin(top.m_axi_##port##_##x##valid), pin(top.m_axi_##port##_##x##ready)}

#define READ(port)                                                                             \
    {                                                                                          \
        ReadMemory memory;                                                                     \
        memory.address = ADDRESS(port, ar);                                                    \
        memory.rid = pin(top.m_axi_##port##_rid);                                              \
        memory.rdata = {&top.m_axi_##port##_rdata, WORD_BYTES};                                \
        memory.rresp = pin(top.m_axi_##port##_rresp);                                          \
        memory.rlast = pin(top.m_axi_##port##_rlast);                                          \
        memory.rvalid = pin(top.m_axi_##port##_rvalid);                                        \
        memory.rready = pin(top.m_axi_##port##_rready);                                        \
        reads.push_back(memory);                                                               \
    }

class Host {
public:
    Host(uint8_t* bytes, uint64_t size, const ReadDelays& read, const WriteDelays& write)
        : arena_{bytes, size, ""}, read_delays_(read), write_delays_(write) {
        Vtop& top = top_;  // as the macros call it
        std::vector<ReadMemory>& reads = reads_;
        READ_PORTS(READ)
        write_.address = ADDRESS(results, aw);
        write_.wdata = {&top.m_axi_results_wdata, WORD_BYTES};
        write_.wstrb = pin(top.m_axi_results_wstrb);
        write_.wlast = pin(top.m_axi_results_wlast);
        write_.wvalid = pin(top.m_axi_results_wvalid);
        write_.wready = pin(top.m_axi_results_wready);
        write_.bid = pin(top.m_axi_results_bid);
        write_.bresp = pin(top.m_axi_results_bresp);
        write_.bvalid = pin(top.m_axi_results_bvalid);
        write_.bready = pin(top.m_axi_results_bready);
        top.start = 0;
        top.list_enable = 0;
        top.rst = 1;
        for (uint64_t i = 0; i < SETTLE_CYCLES; ++i) edge();
        top.rst = 0;
    }

    // Answer of one command.
    std::vector<uint64_t> run(const uint8_t* entry, uint64_t address, uint64_t words, uint64_t most) {
        const uint64_t first = cycle_;
        write_.expect(address, words);
        std::memcpy(&top_.list_data, entry, ENTRY_BYTES);
        top_.list_enable = (1u << (ENTRY_BYTES / 4)) - 1;
        top_.list_index = 0;
        clock();
        top_.list_enable = 0;
        top_.start = 1;
        top_.count = 1;
        const uint64_t start_cycle = cycle_;
        clock();
        top_.start = 0;
        while (top_.busy && cycle_ - first < most) clock();
        if (top_.busy) arena_.broken("the list did not end");
        if (!top_.done && !top_.busy) arena_.broken("`done` was wrong");
        bool idle = write_.idle() && write_.words == words;
        for (const ReadMemory& read : reads_) idle = idle && read.idle();
        if (!idle) arena_.broken("a burst was not finished at the end");
        std::vector<uint64_t> answer = {start_cycle, cycle_, uint64_t(top_.errors)};
#define COUNTER(name) answer.push_back(uint64_t(top_.name));
        COUNTERS(COUNTER)
        // The host takes note in the cycle in which it sees that the list has ended.
        clock();
        return answer;
    }

    const std::string& fault() const { return arena_.fault; }

private:
    VerilatedContext context_;
    Vtop top_{noise(context_)};
    Arena arena_;
    ReadDelays read_delays_;
    WriteDelays write_delays_;
    std::vector<ReadMemory> reads_;
    WriteMemory write_;
    uint64_t cycle_ = 0;  // the first after reset is 0

    // Registers that reset does not reach hold anything before they are written.
    static VerilatedContext* noise(VerilatedContext& context) {
        context.randReset(2);
        context.randSeed(1);
        return &context;
    }

    // AXI lets no output follow an input within a cycle, so inputs change together with the clock: one
    // evaluation a cycle does the logic.
    void edge() {
        top_.clk = 1;
        top_.eval();
        top_.clk = 0;
        top_.eval();
    }

    void clock() {
        for (ReadMemory& read : reads_) read.drive(arena_, read_delays_, cycle_);
        write_.drive(write_delays_, cycle_);
        for (ReadMemory& read : reads_) read.step(arena_, read_delays_, cycle_);
        write_.step(arena_, write_delays_, cycle_);
        edge();
        ++cycle_;
    }
};

bool read_all(void* to, size_t bytes) {
    return std::fread(to, 1, bytes, stdin) == bytes;
}

}  // namespace

int main(int count, char** words) {
    if (count != 11) return 2;
    uint64_t numbers[10];
    for (int i = 0; i < 10; ++i) numbers[i] = std::strtoull(words[i + 1], nullptr, 10);
    const uint64_t size = numbers[1];
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, int(numbers[0]), 0);
    if (memory == MAP_FAILED) {
        std::perror("mmap");
        return 1;
    }
    const Refresh refresh = {numbers[2], numbers[3]};
    Host host(static_cast<uint8_t*>(memory), size, {refresh, numbers[4], numbers[5], numbers[6]},
              {refresh, numbers[7], numbers[8], numbers[9]});
    uint8_t entry[ENTRY_BYTES];
    uint64_t command[3];  // result address, result words, most cycles
    while (read_all(entry, sizeof entry) && read_all(command, sizeof command)) {
        const std::vector<uint64_t> answer = host.run(entry, command[0], command[1], command[2]);
        char fault[FAULT_BYTES] = {};
        std::snprintf(fault, sizeof fault, "%s", host.fault().c_str());
        std::fwrite(answer.data(), sizeof answer[0], answer.size(), stdout);
        std::fwrite(fault, 1, sizeof fault, stdout);
        std::fflush(stdout);
    }
    return 0;
}
