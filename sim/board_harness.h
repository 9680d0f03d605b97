// What the board harness needs to know of a Verilated `signflow_top`; `binding.cpp`, generated per design, provides it.
#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>

class VerilatedContext;

namespace signflow {

/// One pin, by address inside the model. Little-endian hosts only, as Verilator's layout is.
struct Pin {
    uint8_t* data = nullptr;
    size_t bytes = 0;

    uint64_t get() const {
        uint64_t value = 0;
        std::memcpy(&value, data, bytes < 8 ? bytes : 8);
        return value;
    }
    void set(uint64_t value) { std::memcpy(data, &value, bytes < 8 ? bytes : 8); }
};

/// The Verilated top, its class hidden so that the harness is compiled once for all designs.
class BoardModel {
public:
    virtual ~BoardModel() = default;
    virtual void eval() = 0;
    virtual void finish() = 0;
    std::map<std::string, Pin> pins;
};

std::unique_ptr<BoardModel> make_board(VerilatedContext* context);

}  // namespace signflow
