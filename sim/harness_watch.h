// Which streams hold, miss or move a beat in a cycle: eight at a time, one byte of a word each. Included by harness.cpp alone.
#pragma once
#include <array>

#include "harness_stream.h"

namespace signflow {

/// Eight streams, or fewer. Most rest in most cycles, which costs two reads of each and no branch.
class Watch {
public:
    Watch(Stream* first, size_t count) : streams_(first), count_(count) {
        static const uint8_t never = 0;
        valid_.fill(&never);
        ready_.fill(&never);
        for (size_t i = 0; i < count_; ++i) {
            valid_[i] = streams_[i].pins().valid;
            ready_[i] = streams_[i].pins().ready;
            checked_ |= streams_[i].sends() ? 0 : bit(i);
        }
    }

    void restart() {
        waiting_ = unfinished_ = stalled_ = starved_ = 0;
        for (size_t i = 0; i < count_; ++i) unfinished_ |= bit(i);
    }

    /// After the model settled, before the clock rises. Returns true when a beat moves.
    bool sample(uint64_t cycle) {
        uint64_t valid = 0, ready = 0;
#pragma GCC unroll 8
        for (size_t i = 0; i < SIZE; ++i) {
            valid |= static_cast<uint64_t>(*valid_[i]) << 8 * i;
            ready |= static_cast<uint64_t>(*ready_[i]) << 8 * i;
        }
        valid &= ONES, ready &= ONES;
        const uint64_t stalls = valid & ~ready, held = stalls & checked_;
        each(waiting_, [&](Stream& stream, size_t i) { stream.check(cycle, valid & bit(i)); });
        each(held & ~waiting_, [](Stream& stream, size_t) { stream.hold(); });
        waiting_ = held;
        stalled_ += stalls & unfinished_;
        starved_ += ready & ~valid & unfinished_;
        const uint64_t moves = valid & ready & unfinished_;  // an op may well begin a frame that nobody asked for
        each(moves, [&](Stream& stream, size_t i) { unfinished_ &= stream.move(cycle) ? ~bit(i) : ~0; });
        return moves;
    }

    /// Hands on what was counted, at least every 255 cycles.
    void count() {
        for (size_t i = 0; i < count_; ++i) streams_[i].count(stalled_ >> 8 * i & 0xFF, starved_ >> 8 * i & 0xFF);
        stalled_ = starved_ = 0;
    }

    bool finished() const { return !unfinished_; }

    static constexpr size_t SIZE = 8;

private:
    static constexpr uint64_t ONES = 0x0101010101010101;
    static constexpr uint64_t bit(size_t i) { return uint64_t{1} << 8 * i; }

    template <typename Action> void each(uint64_t bits, Action action) {
        for (; bits; bits &= bits - 1) {
            const size_t i = static_cast<size_t>(__builtin_ctzll(bits)) / 8;
            action(streams_[i], i);
        }
    }

    std::array<const uint8_t*, SIZE> valid_, ready_;
    uint64_t unfinished_ = 0, waiting_ = 0, checked_ = 0, stalled_ = 0, starved_ = 0;
    Stream* streams_;
    size_t count_;
};

}  // namespace signflow
