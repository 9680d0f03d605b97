// What our own C simulation (-DSF_CSIM) knows of a run: streams that record themselves and hold no more than their depth,
// processes side by side, trips of loops. Nothing of it is left in synthesis, nor in Vitis HLS' own C simulation.
//
// In the first frame streams hold as many beats as the file `streams` says, and every process is a coroutine that waits
// for beats and for room: where all of them wait, hardware would stall for ever, and the run ends with who waits for
// what. In later frames processes run one after the other, and streams hold whatever is written.
#ifndef SF_SIMULATION_H
#define SF_SIMULATION_H

#if defined(SF_CSIM) && !defined(__SYNTHESIS__)

#include <cstdio>
#include <deque>
#include <functional>
#include <string>

#include "sf_lanes.h"

namespace sf {

/// A stream as the scheduler sees it.
class Queue {
  public:
    const std::string name;
    size_t depth;     // beats that it holds; 0: any number
    std::FILE* tap;   // its record, or null

    explicit Queue(const char* name);
    virtual ~Queue() {}
    virtual size_t size() const = 0;

    bool ready(bool for_room) const { return for_room ? !depth || size() < depth : size() > 0; }

  protected:
    void wait(bool for_room);  // until a beat, or room for one, is there
    void leftover() const;
};

/// Say that a beat came or went, or that work was done.
void moved();

/// Let the others run once.
void pass();

/// A stream of ap_uint words, with the functions of hls::stream that the library uses.
template <int WIDTH>
class Stream : public Queue {
    std::deque<ap_uint<WIDTH> > beats;

  public:
    explicit Stream(const char* name) : Queue(name) {}
    ~Stream() {
        if (size()) leftover();
    }

    size_t size() const { return beats.size(); }

    bool empty() {
        if (beats.empty()) pass();
        return beats.empty();
    }

    bool full() {
        if (!ready(true)) pass();
        return !ready(true);
    }

    ap_uint<WIDTH> read() {
        if (beats.empty()) wait(false);
        if (beats.empty()) return 0;
        const ap_uint<WIDTH> beat = beats.front();
        beats.pop_front();
        moved();
        return beat;
    }

    void write(const ap_uint<WIDTH>& beat) {
        if (!ready(true)) wait(true);
        beats.push_back(beat);
        moved();
        if (!tap) return;
        unsigned char bytes[(WIDTH + 7) / 8];
        const ap_uint<8 * sizeof bytes> whole = beat;
        for (int k = 0; k < int(sizeof bytes); ++k) bytes[k] = lane_bits<8>(whole, k).to_uint();
        std::fwrite(bytes, 1, sizeof bytes, tap);
    }
};

/// Counts the trips of one loop for the process that runs it.
struct Loop {
    long long trips = 0;
    ~Loop();
};

/// Run a call, `name(arguments)` as text, beside the others of the frame; or at once.
void run(const char* call, const std::function<void()>& work);

/// Wait for what this process, or the top, runs.
void join();

}  // namespace sf

#define SF_LOOP sf::Loop sf_loop
#define SF_TRIP ++sf_loop.trips
#define SF_STEP sf::moved()  // work without a beat: a loop that asks with empty() and goes on is no stall
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

#endif
