// What the harness needs to know of a Verilated model; `binding.cpp`, generated per design, provides it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

class VerilatedContext;

namespace signflow {

/// A FIFO in the board's memory lies outside of the design: SKIP_SENT is what the design sends into it, SKIP_TAKEN, always the
/// next of the pins, what it takes back.
enum class Role { INPUT, OUTPUT, TAP, SKIP_SENT, SKIP_TAKEN };

/// The pins of one stream, by address inside the model. Little-endian hosts only, as Verilator's layout is.
struct Pins {
    Role role;
    uint8_t* data;
    size_t bytes;    ///< bytes of one beat
    uint8_t* valid;  ///< driven by the harness for inputs and SKIP_TAKEN, only read otherwise
    uint8_t* ready;  ///< driven by the harness for outputs and SKIP_SENT, only read otherwise
};

/// A Verilated model, its class hidden so that the harness is compiled once for all designs.
class Model {
public:
    virtual ~Model() = default;
    virtual void eval() = 0;
    virtual void finish() = 0;
    virtual void open_trace(const std::string& path) = 0;
    virtual void dump_trace(uint64_t time) = 0;
    uint8_t* clk = nullptr;    ///< ap_clk
    uint8_t* rst_n = nullptr;  ///< ap_rst_n
    uint8_t* apart = nullptr;  ///< ap_apart, where the ops can run each by itself
    std::vector<Pins> pins;
};

std::unique_ptr<Model> make_model(VerilatedContext* context);

}  // namespace signflow
