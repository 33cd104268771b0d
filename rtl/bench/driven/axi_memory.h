// The memory behind an accelerator's AXI4 masters, cycle by cycle (docs/top.md, "The world outside").
//
// Each port is driven in two steps a cycle, both on what the registers hold at its start: `drive` sets the
// master's inputs, `step` does what the clock edge at its end does to the memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>

// Cycles, always the same; docs/top.md says what each means.
struct Refresh {
    uint64_t refresh_period, refresh_cycles;

    bool refreshing(uint64_t cycle) const {
        return refresh_period != 0 && cycle % refresh_period < refresh_cycles;
    }
};

struct ReadDelays : Refresh {
    uint64_t accept, latency, gap;
};

struct WriteDelays : Refresh {
    uint64_t accept, gap, response;
};

// What all ports share, and the first rule that was broken, in words.
struct Arena {
    uint8_t* bytes;
    uint64_t size;
    std::string fault;

    void broken(const std::string& what) {
        if (fault.empty()) fault = what;
    }
    uint8_t* at(uint64_t address, uint64_t count) {
        if (address <= size && count <= size - address) return bytes + address;
        broken("a burst outside of the memory");
        return nullptr;
    }
};

// A port of the Verilated model: an integer or a VlWide, lowest byte first on the hosts that we build for.
struct Pin {
    void* data;
    size_t bytes;

    uint64_t get() const {
        uint64_t value = 0;
        std::memcpy(&value, data, bytes);
        return value;
    }
    void set(uint64_t value) const { std::memcpy(data, &value, bytes); }
};

// What both address channels have in common: when an address is accepted, and whether it may be one.
struct AddressChannel {
    Pin id, addr, len, size, burst, valid, ready;
    uint64_t waited = 0;

    bool accepted() const { return valid.get() && ready.get(); }
    void drive(uint64_t accept) const { ready.set(valid.get() && waited >= accept); }
    void step() { waited = valid.get() && !ready.get() ? waited + 1 : 0; }
    void check(Arena& arena, uint64_t word_bytes) const {
        const uint64_t address = addr.get(), count = len.get() + 1;
        if (address % word_bytes || address % 4096 + count * word_bytes > 4096)
            arena.broken("a burst is not at a word's address, or crosses 4096 bytes");
        if ((uint64_t(1) << size.get()) != word_bytes || burst.get() != 1 || id.get() != 0)
            arena.broken("a burst is not INCR, not of whole words, or has an ID");
    }
};

class ReadMemory {
public:
    AddressChannel address;
    Pin rid, rdata, rresp, rlast, rvalid, rready;

    void drive(const Arena& arena, const ReadDelays& delays, uint64_t cycle) {
        address.drive(delays.accept);
        offered_ = !bursts_.empty() && cycle >= due_ && !delays.refreshing(cycle);
        rvalid.set(offered_);
        rid.set(0);
        rresp.set(0);
        if (!offered_) return;
        rlast.set(bursts_.front().words == 1);
        std::memcpy(rdata.data, arena.bytes + bursts_.front().address, rdata.bytes);
    }

    void step(Arena& arena, const ReadDelays& delays, uint64_t cycle) {
        if (offered_) {
            if (!rready.get()) arena.broken("a word that was read was not taken at once");
            Burst& burst = bursts_.front();
            burst.address += rdata.bytes;
            due_ = cycle + 1 + delays.gap;
            if (--burst.words == 0) {
                bursts_.pop_front();
                if (!bursts_.empty()) due_ = std::max(bursts_.front().due, cycle + 1);
            }
        }
        if (address.accepted()) {
            address.check(arena, rdata.bytes);
            const uint64_t first = address.addr.get(), words = address.len.get() + 1;
            const uint64_t due = cycle + delays.latency;
            if (bursts_.empty()) due_ = due;
            if (arena.at(first, words * rdata.bytes)) bursts_.push_back({first, words, due});
        }
        address.step();
    }

    bool idle() const { return bursts_.empty(); }

private:
    struct Burst {
        uint64_t address, words, due;
    };
    std::deque<Burst> bursts_;
    uint64_t due_ = 0;  // of the next word
    bool offered_ = false;
};

class WriteMemory {
public:
    AddressChannel address;
    Pin wdata, wstrb, wlast, wvalid, wready, bid, bresp, bvalid, bready;
    uint64_t words = 0;  // that were written since `expect`

    // The words that the next list is to write, each once.
    void expect(uint64_t first, uint64_t count) {
        first_ = first;
        end_ = first + count * wdata.bytes;
        words = 0;
    }

    void drive(const WriteDelays& delays, uint64_t cycle) {
        address.drive(delays.accept);
        wready.set(waited_ >= delays.gap && !delays.refreshing(cycle));
        answering_ = !responses_.empty() && cycle >= responses_.front();
        bvalid.set(answering_);
        bid.set(0);
        bresp.set(0);
    }

    void step(Arena& arena, const WriteDelays& delays, uint64_t cycle) {
        if (answering_) {
            if (!bready.get()) arena.broken("a response was not taken at once");
            responses_.pop_front();
        }
        if (address.accepted()) {
            address.check(arena, wdata.bytes);
            announced_.push_back({address.addr.get(), address.len.get() + 1});
        }
        if (wvalid.get() && wready.get()) take(arena);
        waited_ = wvalid.get() && !wready.get() ? waited_ + 1 : 0;
        if (!announced_.empty() && complete_ > 0) {
            store(arena);
            const uint64_t due = cycle + delays.response;
            last_response_ = any_ && due <= last_response_ ? last_response_ + 1 : due;
            any_ = true;
            responses_.push_back(last_response_);
        }
        address.step();
    }

    bool idle() const { return announced_.empty() && sent_.empty() && responses_.empty(); }

private:
    struct Burst {
        uint64_t address, words;
    };
    std::deque<Burst> announced_;
    std::string sent_;          // words of bursts that are not stored yet
    std::deque<uint64_t> counts_;  // words of each burst that has had its last one
    uint64_t sending_ = 0, complete_ = 0, waited_ = 0, first_ = 0, end_ = 0;
    std::deque<uint64_t> responses_;  // cycles
    uint64_t last_response_ = 0;
    bool any_ = false, answering_ = false;

    void take(Arena& arena) {
        const auto* strobes = static_cast<const uint8_t*>(wstrb.data);
        for (uint64_t lane = 0; lane < wdata.bytes; ++lane)
            if (!(strobes[lane / 8] >> (lane % 8) & 1)) {
                arena.broken("a word was written in part");
                break;
            }
        sent_.append(static_cast<const char*>(wdata.data), wdata.bytes);
        ++sending_;
        if (wlast.get()) {
            counts_.push_back(sending_);
            sending_ = 0;
            ++complete_;
        }
    }

    void store(Arena& arena) {
        const Burst burst = announced_.front();
        const uint64_t count = burst.words * wdata.bytes;
        if (counts_.front() != burst.words) arena.broken("WLAST was not at the last word of a burst");
        // In order and without a gap: so each word once.
        else if (burst.address != first_ + words * wdata.bytes || burst.address + count > end_)
            arena.broken("a burst was written outside of what the list names, or out of turn");
        else if (uint8_t* to = arena.at(burst.address, count)) std::memcpy(to, sent_.data(), count);
        sent_.erase(0, counts_.front() * wdata.bytes);
        words += burst.words;
        announced_.pop_front();
        counts_.pop_front();
        --complete_;
    }
};
