// A whole accelerator behind a pseudo-terminal: what a host writes there are bits on `rx`, what it reads
// were bits on `tx`, 8N1, lowest bit first.
//
// Called with a file descriptor of the terminal's other end; clock cycles of a bit; how much longer the host's
// bits are, in millionths; cycles without anything after which the clock may stand still; how many of a
// million bytes are damaged on their way, and the seed that says which. Ends at the end of standard input and
// says what has passed. bitsim/verilated/serial/process.py is the other end.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr uint64_t SETTLE_CYCLES = 4;   // of reset
constexpr uint64_t SLICE_CYCLES = 512;  // between two looks at the terminal
constexpr size_t MOST_WAITING = 4096;   // bytes taken from the terminal and not yet sent
constexpr uint64_t ONE = 1 << 16;       // a cycle, in the units of the host's time
constexpr int BYTE_BITS = 8;
constexpr uint64_t MILLION = 1000000;

// What happens to bytes on their way: a bit is wrong, the byte is lost, or another comes before it.
class Damage {
public:
    uint64_t done = 0;

    Damage(uint64_t per_million, uint64_t seed) : per_million_(per_million), drawn_(seed) {}

    template <typename Bytes>
    void pass(uint8_t byte, Bytes& to) {
        static constexpr uint8_t OTHERS[] = {0xA5, 0x00, 0xFF};
        if (per_million_ == 0 || drawn_() % MILLION >= per_million_) {
            to.push_back(byte);
            return;
        }
        ++done;
        switch (drawn_() % 3) {
            case 0: to.push_back(uint8_t(byte ^ 1 << drawn_() % BYTE_BITS)); break;
            case 1: break;
            default:
                to.push_back(OTHERS[drawn_() % 3]);
                to.push_back(byte);
        }
    }

private:
    uint64_t per_million_;
    std::mt19937_64 drawn_;
};

class Board {
public:
    std::deque<uint8_t> waiting;  // to be sent to the accelerator
    std::vector<uint8_t> heard;
    uint64_t cycle = 0, sent = 0, received = 0, broken = 0;
    uint64_t moved = 0;  // cycle in which a bit passed, or a list ran; a short request may pass between two looks

    Board(uint64_t divisor, int64_t longer, Damage& damage)
        : damage_(damage), bit_(divisor * ONE * (MILLION + longer) / MILLION) {
        top_.rx = 1;
        top_.rst = 1;
        for (uint64_t i = 0; i < SETTLE_CYCLES; ++i) edge();
        top_.rst = 0;
    }

    void run(uint64_t cycles) {
        const uint64_t end = cycle + cycles;
        while (cycle < end) {
            if (cycle * ONE >= level_due_) say();
            if (sample_ != IDLE && cycle * ONE >= sample_due_) hear();
            uint64_t until = end;
            if (place_ != IDLE || !waiting.empty()) until = std::min(until, up(level_due_));
            if (sample_ != IDLE) until = std::min(until, up(sample_due_));
            if (until <= cycle) until = cycle + 1;
            advance(until);
        }
        if (top_.busy) moved = cycle;
    }

private:
    static constexpr int IDLE = -1;
    VerilatedContext context_;
    Vtop top_{noise(context_)};
    Damage& damage_;
    uint64_t bit_;            // of the host
    int place_ = IDLE;        // of the frame that is sent: start bit, bits, stop bit
    uint8_t byte_ = 0;
    uint64_t level_due_ = 0;  // when the next level begins
    int sample_ = IDLE;       // of the frame that is received: bits, stop bit
    uint8_t found_ = 0;
    uint64_t sample_due_ = 0;

    // Registers that reset does not reach hold anything before they are written.
    static VerilatedContext* noise(VerilatedContext& context) {
        context.randReset(2);
        context.randSeed(1);
        return &context;
    }

    static uint64_t up(uint64_t time) { return (time + ONE - 1) / ONE; }

    // `rx` changes together with the clock: it is looked at by a register alone.
    void edge() {
        top_.clk = 1;
        top_.eval();
        top_.clk = 0;
        top_.eval();
    }

    void advance(uint64_t until) {
        if (sample_ != IDLE) {
            for (; cycle < until; ++cycle) edge();
            return;
        }
        while (cycle < until) {
            edge();
            ++cycle;
            if (top_.tx) continue;
            sample_ = 0;
            found_ = 0;
            sample_due_ = cycle * ONE + bit_ + bit_ / 2;
            return;
        }
    }

    void say() {
        if (place_ == BYTE_BITS + 1) place_ = IDLE;  // the stop bit is over
        if (place_ == IDLE) {
            if (waiting.empty()) return;
            byte_ = waiting.front();
            waiting.pop_front();
            ++sent;
            level_due_ = std::max(level_due_, cycle * ONE);  // no gap between bytes that wait
        }
        ++place_;
        moved = cycle;
        if (place_ == 0) top_.rx = 0;
        else if (place_ <= BYTE_BITS) top_.rx = byte_ >> (place_ - 1) & 1;
        else top_.rx = 1;
        level_due_ += bit_;
    }

    void hear() {
        moved = cycle;
        if (sample_ < BYTE_BITS) {
            found_ |= uint8_t(top_.tx << sample_++);
            sample_due_ += bit_;
            return;
        }
        sample_ = IDLE;
        if (!top_.tx) {
            ++broken;
            return;
        }
        ++received;
        damage_.pass(found_, heard);
    }
};

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// False if the terminal is gone. What nobody reads is lost, as on any line without flow control.
bool exchange(int terminal, Board& board, Damage& damage, bool readable) {
    if (!board.heard.empty()) {
        if (write(terminal, board.heard.data(), board.heard.size()) < 0 && !would_block()) return false;
        board.heard.clear();
    }
    if (!readable || board.waiting.size() >= MOST_WAITING) return true;
    uint8_t bytes[MOST_WAITING];
    const ssize_t count = read(terminal, bytes, sizeof bytes);
    for (ssize_t i = 0; i < count; ++i) damage.pass(bytes[i], board.waiting);
    return count > 0 || (count < 0 && would_block());
}

}  // namespace

int main(int count, char** words) {
    if (count != 7) return 2;
    int64_t numbers[6];
    for (int i = 0; i < 6; ++i) numbers[i] = std::strtoll(words[i + 1], nullptr, 10);
    const int terminal = int(numbers[0]);
    const uint64_t rest = uint64_t(numbers[3]);
    // Ctrl-C reaches every program of a terminal; the one that began this says when it ends.
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    fcntl(terminal, F_SETFL, fcntl(terminal, F_GETFL) | O_NONBLOCK);
    Damage damage{uint64_t(numbers[4]), uint64_t(numbers[5])};
    Board board{uint64_t(numbers[1]), numbers[2], damage};
    board.run(rest);
    std::puts("ready");
    std::fflush(stdout);
    int status = 0;
    while (true) {
        const bool idle = board.cycle - board.moved > rest;
        pollfd files[] = {{0, POLLIN, 0}, {terminal, POLLIN, 0}};
        if (poll(files, 2, idle ? -1 : 0) < 0 && errno != EINTR) {
            std::perror("poll");
            status = 1;
            break;
        }
        if (files[0].revents) break;
        if (!exchange(terminal, board, damage, files[1].revents)) {
            std::perror("terminal");
            status = 1;
            break;
        }
        board.run(SLICE_CYCLES);
    }
    std::printf("%llu %llu %llu %llu %llu\n", (unsigned long long)board.cycle, (unsigned long long)board.sent,
                (unsigned long long)board.received, (unsigned long long)damage.done,
                (unsigned long long)board.broken);
    return status;
}
