// What a C simulation records of a run: every stream, and the trips of every loop. Empty in synthesis, and in any C
// simulation that is not asked for it by -DSF_RECORD.
#ifndef SF_RECORD_H
#define SF_RECORD_H

#if defined(SF_RECORD) && !defined(__SYNTHESIS__)

#include <cstdio>
#include <string>

#include "sf_lanes.h"

namespace sf {

/// Trips of the longest loop of the node that runs.
inline long long& node_trips() {
    static long long trips = 0;
    return trips;
}

/// Counts the trips of one loop.
struct Loop {
    long long trips = 0;
    ~Loop() {
        if (trips > node_trips()) node_trips() = trips;
    }
};

/// Opens the record of a stream, `taps/<name>`.
inline std::FILE* open_tap(const char* name) { return std::fopen((std::string("taps/") + name).c_str(), "wb"); }

/// Adds the beats of a stream to its record, each in whole bytes, lowest first; the stream keeps them.
template <typename STREAM>
void record_stream(STREAM& stream, std::FILE* file) {
    for (size_t left = stream.size(); left > 0; --left) {
        const auto beat = stream.read();
        unsigned char bytes[(beat.width + 7) / 8];
        const ap_uint<8 * sizeof bytes> whole = beat;
        for (int k = 0; k < int(sizeof bytes); ++k) bytes[k] = lane_bits<8>(whole, k).to_uint();
        std::fwrite(bytes, 1, sizeof bytes, file);
        stream.write(beat);
    }
}

/// Adds the trips of a node that has run to the file `trips`.
inline void record_trips(const char* node) {
    static std::FILE* file = std::fopen("trips", "w");
    std::fprintf(file, "%s %lld\n", node, node_trips());
    node_trips() = 0;
}

}  // namespace sf

#define SF_LOOP sf::Loop sf_loop
#define SF_TRIP ++sf_loop.trips
#define SF_TAP(stream)                                     \
    {                                                      \
        static std::FILE* sf_tap = sf::open_tap(#stream);  \
        sf::record_stream(stream, sf_tap);                 \
    }
#define SF_RAN(node) sf::record_trips(#node);

#else

#define SF_LOOP
#define SF_TRIP
#define SF_TAP(stream)
#define SF_RAN(node)

#endif

#endif
