// Memory behind one AXI4 master, with random latency and stalls, and a check of the protocol. Included by
// board_harness.cpp alone.
#pragma once
#include <deque>

#include "board_harness.h"
#include "harness_stream.h"

namespace signflow {

constexpr uint64_t PAGE = 4096;
constexpr unsigned LONGEST = 16;  // beats of a burst that an AXI3 port takes
constexpr uint8_t SLVERR = 2;

/// Traffic of the memory. `fault` answers bursts from `fault_from` on with an error, `fault_response`; `hang` takes nothing more.
struct Traffic {
    double stalls = 0;
    uint64_t latency = 0, seed = 0;
    uint64_t fault_from = UINT64_MAX;
    uint8_t fault_response = SLVERR;
    bool hang = false;
};

struct Memory {
    uint8_t* data;
    uint64_t base, size;
};

/// A channel whose sender is the design: once valid, it stays, unchanged, until taken.
class Held {
public:
    void check(const std::string& name, bool valid, bool ready, const std::vector<Pin>& payload) {
        if (!valid && !waiting_) return;
        std::vector<uint8_t> now;
        for (const Pin& pin : payload) now.insert(now.end(), pin.data, pin.data + pin.bytes);
        if (waiting_ && !valid) throw Failure(name + ": valid dropped before ready");
        if (waiting_ && now != held_) throw Failure(name + ": payload changed while valid and not ready");
        waiting_ = valid && !ready;
        held_ = now;
    }

private:
    bool waiting_ = false;
    std::vector<uint8_t> held_;
};

struct Burst {
    uint64_t address;
    unsigned beats;
    uint64_t due;  ///< cycle of its first beat, or of its response
    uint8_t response = 0;
};

/// What reads and writes share: the address channel with its checks.
class Channel {
public:
    Channel(BoardModel& model, const std::string& prefix, char kind, const Memory& memory, const Traffic& traffic)
        : name_(prefix + kind), memory_(memory), traffic_(traffic), accept_(traffic.stalls, traffic.seed + kind),
          move_(traffic.stalls, traffic.seed + 7 * kind), model_(model), prefix_(prefix) {
        address_ = pin(std::string("a") + kind + "addr"), length_ = pin(std::string("a") + kind + "len");
        size_ = pin(std::string("a") + kind + "size"), valid_ = pin(std::string("a") + kind + "valid");
        ready_ = pin(std::string("a") + kind + "ready");
    }

    Traffic& traffic() { return traffic_; }

    /// Power-up: what was under way is lost.
    void forget() {
        bursts_.clear();
        held_address_ = Held();
    }

protected:
    Pin pin(const std::string& name) {
        const auto found = model_.pins.find(prefix_ + name);
        if (found == model_.pins.end()) throw Failure("no pin " + prefix_ + name);
        return found->second;
    }

    void drive_address() { ready_.set(!traffic_.hang && !accept_() && bursts_.size() < 8); }

    /// Returns true when an address was taken; it is checked, and the last of `bursts_`.
    bool sample_address(uint64_t cycle, size_t word_bytes) {
        const bool valid = valid_.get(), ready = ready_.get();
        held_address_.check(name_ + " address", valid, ready, {address_, length_});
        if (!valid || !ready) return false;
        const uint64_t address = address_.get(), beats = length_.get() + 1, bytes = beats * word_bytes;
        const std::string what = name_ + " burst of " + std::to_string(beats) + " at " + std::to_string(address);
        if (beats > LONGEST) throw Failure(what + ": too long for AXI3");
        if (address % word_bytes || (1U << size_.get()) != word_bytes) throw Failure(what + ": not whole words");
        if (address / PAGE != (address + bytes - 1) / PAGE) throw Failure(what + ": crosses 4 KiB");
        if (address < memory_.base || address + bytes > memory_.base + memory_.size)
            throw Failure(what + ": outside of memory");
        const uint64_t wait = traffic_.latency ? accept_.random().next() % (2 * traffic_.latency) : 0;
        bursts_.push_back({address, static_cast<unsigned>(beats), cycle + 1 + wait,
                           address + bytes > traffic_.fault_from ? traffic_.fault_response : uint8_t{0}});
        return true;
    }

    std::string name_;
    const Memory& memory_;
    Traffic traffic_;
    Pause accept_, move_;
    Pin address_, length_, size_, valid_, ready_;
    Held held_address_;
    std::deque<Burst> bursts_;

private:
    BoardModel& model_;
    std::string prefix_;
};

/// Reads: bursts are answered in order.
class ReadChannel : public Channel {
public:
    ReadChannel(BoardModel& model, const std::string& prefix, const Memory& memory, const Traffic& traffic)
        : Channel(model, prefix, 'r', memory, traffic), data_(pin("rdata")), response_(pin("rresp")),
          last_(pin("rlast")), beat_valid_(pin("rvalid")), beat_ready_(pin("rready")) {}

    void power_up() {
        forget();
        offering_ = false;
        beat_valid_.set(0);
    }

    void drive(uint64_t cycle) {
        drive_address();
        if (offering_) return;
        offering_ = !bursts_.empty() && cycle >= bursts_.front().due && !traffic_.hang && !move_();
        beat_valid_.set(offering_);
        if (!offering_) {
            std::memset(data_.data, 0xA5, data_.bytes);
            return;
        }
        const Burst& burst = bursts_.front();
        std::memcpy(data_.data, memory_.data + (burst.address - memory_.base), data_.bytes);
        response_.set(burst.response);
        last_.set(burst.beats == 1);
    }

    void sample(uint64_t cycle) {
        sample_address(cycle, data_.bytes);
        if (!offering_ || !beat_ready_.get()) return;
        offering_ = false;
        Burst& burst = bursts_.front();
        burst.address += data_.bytes;
        if (--burst.beats == 0) bursts_.pop_front();
    }

private:
    Pin data_, response_, last_, beat_valid_, beat_ready_;
    bool offering_ = false;
};

/// Writes: data may come before or after their address, responses in order. Words can be read once their response is offered,
/// not before: AXI promises no more.
class WriteChannel : public Channel {
public:
    WriteChannel(BoardModel& model, const std::string& prefix, const Memory& memory, const Traffic& traffic)
        : Channel(model, prefix, 'w', memory, traffic), data_(pin("wdata")), strobes_(pin("wstrb")),
          last_(pin("wlast")), beat_valid_(pin("wvalid")), beat_ready_(pin("wready")), response_(pin("bresp")),
          response_valid_(pin("bvalid")), response_ready_(pin("bready")) {}

    void power_up() {
        forget();
        words_.clear();
        answers_.clear();
        taken_.clear();
        met_ = 0;
        held_data_ = Held();
        offering_ = false;
        response_valid_.set(0);
    }

    void drive(uint64_t cycle) {
        drive_address();
        beat_ready_.set(!traffic_.hang && !move_() && words_.size() < 4 * LONGEST);
        if (offering_) return;
        offering_ = !answers_.empty() && cycle >= answers_.front().due && !traffic_.hang && !move_();
        response_valid_.set(offering_);
        if (!offering_) return;
        Burst& burst = answers_.front();
        response_.set(burst.response);
        for (; burst.beats; --burst.beats, burst.address += data_.bytes) show(burst.address);
    }

    void sample(uint64_t cycle) {
        sample_address(cycle, data_.bytes);
        held_data_.check(name_ + " data", beat_valid_.get(), beat_ready_.get(), {data_, strobes_, last_});
        if (beat_valid_.get() && beat_ready_.get()) {
            Word word{std::vector<uint8_t>(data_.data, data_.data + data_.bytes), strobes_.get(), last_.get() != 0};
            words_.push_back(word);
        }
        if (offering_ && response_ready_.get()) {
            offering_ = false;
            answers_.pop_front();
        }
        while (!bursts_.empty() && !words_.empty()) store(cycle);
    }

private:
    struct Word {
        std::vector<uint8_t> bytes;
        uint64_t strobes;
        bool last;
    };

    /// One word meets its burst.
    void store(uint64_t cycle) {
        Burst& burst = bursts_.front();
        taken_.push_back(words_.front());
        words_.pop_front();
        if (taken_.back().last != (++met_ == burst.beats)) throw Failure(name_ + ": wlast is not at the end of the burst");
        if (met_ < burst.beats) return;
        met_ = 0;
        burst.due = std::max(burst.due, cycle + 1);
        answers_.push_back(burst);
        bursts_.pop_front();
    }

    /// The oldest word becomes part of the memory.
    void show(uint64_t address) {
        const Word& word = taken_.front();
        for (size_t i = 0; i < word.bytes.size(); ++i)
            if (word.strobes >> i & 1) memory_.data[address - memory_.base + i] = word.bytes[i];
        taken_.pop_front();
    }

    Pin data_, strobes_, last_, beat_valid_, beat_ready_, response_, response_valid_, response_ready_;
    bool offering_ = false;
    Held held_data_;
    std::deque<Word> words_, taken_;  ///< without and with a burst
    std::deque<Burst> answers_;
    unsigned met_ = 0;  ///< words of the first burst that came
};

}  // namespace signflow
