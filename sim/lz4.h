// The two functions that Verilator's FST writer takes from LZ4, so that waves need no package of the system.
// Writes valid LZ4 blocks (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): greedy, one hash table.
#pragma once
#include <cstdint>
#include <cstring>

namespace signflow_lz4 {

inline uint8_t* put_length(uint8_t* out, int length) {
    for (; length >= 255; length -= 255) *out++ = 255;
    *out++ = static_cast<uint8_t>(length);
    return out;
}

/// One sequence: token, literals, and, unless it is the last, a match of at least four bytes.
inline uint8_t* put_sequence(uint8_t* out, const uint8_t* literals, int count, int distance, int match) {
    const int extra = distance ? match - 4 : 0;
    *out++ = static_cast<uint8_t>((count < 15 ? count : 15) << 4 | (extra < 15 ? extra : 15));
    if (count >= 15) out = put_length(out, count - 15);
    if (count) std::memcpy(out, literals, static_cast<size_t>(count));
    out += count;
    if (!distance) return out;
    *out++ = static_cast<uint8_t>(distance);
    *out++ = static_cast<uint8_t>(distance >> 8);
    return extra >= 15 ? put_length(out, extra - 15) : out;
}

inline uint32_t word(const uint8_t* at) {
    uint32_t value;
    std::memcpy(&value, at, 4);
    return value;
}

}  // namespace signflow_lz4

inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

inline int LZ4_compress_default(const char* source, char* target, int size, int capacity) {
    using namespace signflow_lz4;
    if (capacity < LZ4_compressBound(size)) return 0;
    const auto* in = reinterpret_cast<const uint8_t*>(source);
    auto* out = reinterpret_cast<uint8_t*>(target);
    int32_t table[4096];
    std::memset(table, -1, sizeof(table));
    int anchor = 0;
    for (int at = 0; at < size - 12;) {  // the format wants the last match to start 12 bytes before the end
        int32_t& slot = table[word(in + at) * 2654435761u >> 20];
        const int from = slot;
        slot = at;
        if (from < 0 || at - from > 65535 || word(in + from) != word(in + at)) {
            ++at;
            continue;
        }
        int length = 4;
        while (at + length < size - 5 && in[from + length] == in[at + length]) ++length;
        out = put_sequence(out, in + anchor, at - anchor, at - from, length);
        anchor = at += length;
    }
    out = put_sequence(out, in + anchor, size - anchor, 0, 0);
    return static_cast<int>(out - reinterpret_cast<uint8_t*>(target));
}
