// Stream drivers, collectors and protocol checks of the harness. Included by harness.cpp alone.
#pragma once
#include <algorithm>
#include <cstring>
#include <deque>
#include <fstream>
#include <stdexcept>

#include "harness.h"

namespace signflow {

/// xorshift64*: small, fast, the same on every machine.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 0x2545F4914F6CDD1DULL) {}
    uint64_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545F4914F6CDD1DULL;
    }
    double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
    uint64_t state_;
};

/// Decides cycle by cycle whether a stream rests. Phases of full speed, the asked rate and twice that rate
/// alternate, so that both full FIFOs and long bursts occur.
class Pause {
public:
    Pause(double rate, uint64_t seed) : rate_(rate), random_(seed) {}
    bool operator()() {
        if (rate_ <= 0) return false;
        if (left_-- == 0) {
            left_ = random_.next() >> 56;
            const double factors[] = {0, 1, 2};
            now_ = std::min(0.95, rate_ * factors[(random_.next() >> 32) % 3]);
        }
        return random_.unit() < now_;
    }
    Random& random() { return random_; }

private:
    double rate_, now_ = 0;
    uint64_t left_ = 0;
    Random random_;
};

struct Options {
    std::string folder, trace;
    uint64_t frames, watchdog, seed;
    double idle, backpressure;
    int64_t reset_at;
};

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A FIFO in the board's memory, outside of the design. Its latency stands for two of the memory's and a burst.
struct Skip {
    static constexpr uint64_t LATENCY = 512;
    uint64_t depth;
    std::deque<uint64_t> due;    ///< cycle from which each beat can be had
    std::deque<uint8_t> bytes;
};

constexpr size_t WORD = 8;  // bytes; a beat of as many or fewer is copied as one word, whatever stands behind it

/// One stream: its pins, its data, its counters. Messages call it by its number, which the caller knows the name of.
class Stream {
public:
    Stream(const Pins& pins, size_t index, uint64_t beats, const Options& options, std::shared_ptr<Skip> skip)
        : pins_(pins), sends_(pins.role == Role::INPUT || pins.role == Role::SKIP_TAKEN),
          takes_(pins.role == Role::OUTPUT || pins.role == Role::SKIP_SENT), total_(beats * options.frames),
          beats_(beats), skip_(std::move(skip)), held_(pins.bytes + WORD), data_(total_ * pins.bytes + WORD),
          name_("#" + std::to_string(index)), file_(options.folder + "/" + std::to_string(index)),
          pause_(sends_ ? options.idle : takes_ ? options.backpressure : 0, options.seed * 1000003 + index),
          waits_(options.backpressure > 0 && (options.seed + index) % 2) {
        if (pins.role != Role::INPUT) return;
        std::ifstream in(file_ + ".in", std::ios::binary);
        if (!in.read(reinterpret_cast<char*>(data_.data()), size()))
            throw Failure("input " + name_ + ": beats cannot be read");
    }

    /// Whether the harness drives pins of it.
    bool driven() const { return sends_ || takes_; }

    /// While the clock is low, before the model settles.
    void drive(uint64_t cycle) {
        if (sends_) {
            if (offering_) return;
            const bool there = !skip_ || (!skip_->due.empty() && cycle >= skip_->due.front());
            offering_ = done_ < total_ && there && !pause_();
            *pins_.valid = offering_;
            if (offering_) {
                if (skip_) std::copy_n(skip_->bytes.begin(), pins_.bytes, &data_[done_ * pins_.bytes]);
                std::memcpy(pins_.data, &data_[done_ * pins_.bytes], pins_.bytes);
            } else if (!rubbish_) {  // so that an op that looks without valid is caught
                for (size_t i = 0; i < pins_.bytes; ++i)
                    pins_.data[i] = static_cast<uint8_t>(0xA5 ^ (done_ + i));
            }
            rubbish_ = !offering_;
        } else {
            *pins_.ready = done_ < total_ && !full() && !pause_() && (!waits_ || *pins_.valid & 1);
        }
    }

    /// A beat moves. Returns true when it is the last.
    bool move(uint64_t cycle) {
        if (sends_) offering_ = false;
        else copy(&data_[done_ * pins_.bytes], pins_.data);
        if (skip_) pass(cycle);
        if (done_++ == 0) first_beat_ = static_cast<int64_t>(cycle);
        if (--left_ == 0) {
            frame_end_.push_back(cycle);
            left_ = beats_;
        }
        return finished();
    }

    /// A beat is offered, and has to wait.
    void hold() { copy(held_.data(), pins_.data); }

    /// Once valid, a beat stays, unchanged, until taken.
    void check(uint64_t cycle, bool valid) const {
        const char* broken = !valid ? "valid dropped before ready"
                             : !same(held_.data(), pins_.data) ? "payload changed while valid and not ready" : nullptr;
        if (broken) throw Failure("stream " + text() + " at cycle " + std::to_string(cycle) + ": " + broken);
    }

    /// Cycles in which a beat waited, or was missed.
    void count(uint64_t stalled, uint64_t starved) {
        stalled_ += stalled;
        starved_ += starved;
    }

    void restart() {
        done_ = stalled_ = starved_ = 0;
        first_beat_ = -1;
        frame_end_.clear();
        left_ = beats_;
        offering_ = rubbish_ = false;
        if (sends_) *pins_.valid = 0;
        if (takes_) *pins_.ready = 0;
        if (skip_) skip_->due.clear(), skip_->bytes.clear();
    }

    const Pins& pins() const { return pins_; }
    bool sends() const { return sends_; }
    bool finished() const { return done_ == total_; }
    /// The sender waits for the receiver; the harness itself always means to take, or has nothing left to send.
    bool blocked() const {
        if (takes_) return (*pins_.valid & 1) && full();
        return (pins_.role == Role::INPUT ? !finished() : *pins_.valid & 1) && !(*pins_.ready & 1);
    }
    /// The receiver waits for the sender, and the stream is not yet complete.
    bool starving() const {
        if (finished() || pins_.role == Role::INPUT) return false;
        return (takes_ || (*pins_.ready & 1)) && !(*pins_.valid & 1);
    }
    uint64_t done() const { return done_; }
    uint64_t total() const { return total_; }
    std::string text() const {
        return name_ + " (" + std::to_string(done_) + " of " + std::to_string(total_) + " beats)";
    }

    void save() const {
        if (pins_.role == Role::INPUT) return;
        std::ofstream out(file_ + ".out", std::ios::binary);
        out.write(reinterpret_cast<const char*>(data_.data()), size());
        if (!out.flush()) throw Failure("stream " + name_ + ": result cannot be written");
    }

    std::string json() const {
        std::string ends;
        for (uint64_t end : frame_end_) ends += (ends.empty() ? "" : ",") + std::to_string(end);
        return "{\"first_beat\":" + std::to_string(first_beat_) + ",\"frame_end\":[" + ends
               + "],\"stalled\":" + std::to_string(stalled_) + ",\"starved\":" + std::to_string(starved_) + "}";
    }

private:
    bool full() const { return skip_ && skip_->due.size() >= skip_->depth; }

    /// A beat of this stream enters or leaves the skip.
    void pass(uint64_t cycle) {
        if (takes_) {
            skip_->due.push_back(cycle + Skip::LATENCY);
            skip_->bytes.insert(skip_->bytes.end(), pins_.data, pins_.data + pins_.bytes);
        } else {
            skip_->due.pop_front();
            skip_->bytes.erase(skip_->bytes.begin(), skip_->bytes.begin() + static_cast<std::ptrdiff_t>(pins_.bytes));
        }
    }

    void copy(uint8_t* to, const uint8_t* from) const {
        if (pins_.bytes <= WORD) std::memcpy(to, from, WORD);
        else std::memcpy(to, from, pins_.bytes);
    }

    bool same(const uint8_t* a, const uint8_t* b) const {
        if (pins_.bytes > WORD) return std::memcmp(a, b, pins_.bytes) == 0;
        uint64_t first, second;
        std::memcpy(&first, a, WORD);
        std::memcpy(&second, b, WORD);
        return (first ^ second) << 8 * (WORD - pins_.bytes) == 0;
    }

    std::streamsize size() const { return static_cast<std::streamsize>(total_ * pins_.bytes); }

    Pins pins_;
    bool sends_, takes_;  ///< the harness does
    bool offering_ = false, rubbish_ = false;
    uint64_t total_, done_ = 0, left_ = 0, beats_, stalled_ = 0, starved_ = 0;
    int64_t first_beat_ = -1;
    std::shared_ptr<Skip> skip_;  ///< of the two ends of one
    std::vector<uint8_t> held_, data_;
    std::vector<uint64_t> frame_end_;
    std::string name_, file_;
    Pause pause_;
    bool waits_;  ///< gives ready only where valid is there, as a receiver may
};

}  // namespace signflow
