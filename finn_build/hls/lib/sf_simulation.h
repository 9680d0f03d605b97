// What our own C simulation (-DSF_CSIM) knows of a run: streams that record themselves and hold no more than their depth,
// processes side by side, trips of loops; with -DSF_STRICT how many trips after it was written a word is read. Nothing of
// it is left in synthesis, nor in Vitis HLS' own C simulation.
//
// In the first frame streams hold as many beats as the file `streams` says, and every process is a coroutine that waits
// for beats and for room: where all of them wait, hardware would stall for ever, and the run ends with who waits for
// what. In later frames processes run one after the other, and streams hold whatever is written.
#ifndef SF_SIMULATION_H
#define SF_SIMULATION_H

#if defined(SF_CSIM) && !defined(__SYNTHESIS__)

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "sf_lanes.h"

namespace sf {

struct Task;

/// Let a process go on that asked in vain, and forget it.
void wake(Task*& task);

/// A stream as the scheduler sees it.
class Queue {
  public:
    const std::string name;
    size_t held;      // beats
    size_t depth;     // beats that it can hold; 0: any number
    std::FILE* tap;   // its record, or null

    explicit Queue(const char* name);
    ~Queue() {
        if (held) leftover();
    }

    bool ready(bool for_room) const { return for_room ? !depth || held < depth : held > 0; }

  protected:
    Task *reader, *writer;     // that asked in vain

    void ask(bool for_room);
    void wait(bool for_room);  // until a beat, or room for one, is there
    void pass(bool for_room);  // let the others run, unless there may be other work
    void leftover() const;
};

extern long long moves;  // beats that came or went, and steps of work without one

/// A stream of ap_uint words, with the functions of hls::stream that the library uses.
template <int WIDTH>
class Stream : public Queue {
    std::vector<ap_uint<WIDTH> > beats;
    size_t first = 0;  // of `beats`: the next to leave

  public:
    explicit Stream(const char* name) : Queue(name) {}

    bool empty() {
        if (!held) pass(false);
        return !held;
    }

    bool full() {
        if (!ready(true)) pass(true);
        return !ready(true);
    }

    bool read_nb(ap_uint<WIDTH>& beat) {
        if (empty()) return false;
        beat = read();
        return true;
    }

    bool write_nb(const ap_uint<WIDTH>& beat) {
        if (full()) return false;
        write(beat);
        return true;
    }

    ap_uint<WIDTH> read() {
        if (!held) wait(false);
        if (!held) return 0;
        const ap_uint<WIDTH> beat = beats[first++];
        if (!--held) {
            beats.clear();
            first = 0;
        }
        ++moves;
        if (writer) wake(writer);
        return beat;
    }

    void write(const ap_uint<WIDTH>& beat) {
        if (!ready(true)) wait(true);
        beats.push_back(beat);
        ++held;
        ++moves;
        if (reader) wake(reader);
        if (!tap) return;
        for (int k = 0; k < (WIDTH + 7) / 8; ++k) putc_unlocked(int(beat.V.get_pVal(k / 8) >> k % 8 * 8 & 255), tap);
    }
};

/// Counts the trips of one loop for the process that runs it.
struct Loop {
    long long trips = 0;
    ~Loop();
};

#if defined(SF_STRICT)
extern long long now;  // trips of all loops

/// End with a word that is read sooner after it was written than its process states.
void too_soon(const char* process, const char* memory, long long trips, long long stated);

/// `ap_uint<BITS> name[WORDS]` that is read as many trips after it was written as its process states, or more.
template <int BITS, int WORDS>
class Memory {
    const char *process, *name;
    const long long stated;
    ap_uint<BITS> words[WORDS];
    long long written[WORDS];

    struct Word {
        Memory& memory;
        const int at;

        void operator=(const ap_uint<BITS>& word) {
            memory.words[at] = word;
            memory.written[at] = now;
        }
        operator ap_uint<BITS>() const {
            const long long trips = now - memory.written[at];
            if (memory.written[at] >= 0 && trips < memory.stated) too_soon(memory.process, memory.name, trips, memory.stated);
            return memory.words[at];
        }
    };

  public:
    Memory(const char* process, const char* name, int stated) : process(process), name(name), stated(stated) {
        for (long long& trip : written) trip = -1;
    }
    Word operator[](int at) { return {*this, at}; }
};
#endif

/// Run a call, `name(arguments)` as text, beside the others of the frame; or at once.
void run(const char* call, const std::function<void()>& work);

/// Wait for what this process, or the top, runs.
void join();

}  // namespace sf

#define SF_LOOP sf::Loop sf_loop
#define SF_TRIP ++sf_loop.trips
#if defined(SF_STRICT)
#undef SF_TRIP
#define SF_TRIP (++sf::now, ++sf_loop.trips)
#define SF_MEMORY(BITS, NAME, WORDS, DISTANCE) sf::Memory<BITS, WORDS> NAME(__func__, #NAME, DISTANCE)
#endif
#define SF_STEP ++sf::moves  // work without a beat: a loop that asks with empty() and goes on is no stall
#define SF_RUN(...) sf::run(#__VA_ARGS__, [&] { __VA_ARGS__; })
#define SF_JOIN sf::join();

#else

#include <hls_stream.h>

#include "sf_lanes.h"

namespace sf {

/// A beat of a stream.
template <int WIDTH>
using Stream = hls::stream<ap_uint<WIDTH> >;

}  // namespace sf

#define SF_LOOP
#define SF_TRIP
#define SF_STEP
#define SF_RUN(...) __VA_ARGS__
#define SF_JOIN

#endif

#if !defined(SF_MEMORY)
namespace sf {

/// A memory that an op writes.
template <int BITS, int WORDS>
using Memory = ap_uint<BITS>[WORDS];

}  // namespace sf

#define SF_MEMORY(BITS, NAME, WORDS, DISTANCE) ap_uint<BITS> NAME[WORDS]
#endif

#endif
