// A bare loop around a Verilated model: clock, valid inputs, ready outputs, and nothing recorded or checked.
// Usage: simulator CYCLES
#include <cstdlib>

#include "harness.h"
#include "verilated.h"

void vl_warn(const char*, int, const char*, const char*) { std::exit(3); }

int main(int, char** argv) {
    VerilatedContext context;
    const auto model = signflow::make_model(&context);
    const auto cycle = [&] {
        for (uint8_t level : {0, 1}) {
            *model->clk = level;
            model->eval();
        }
    };
    *model->rst_n = 0;
    for (int i = 0; i < 16; ++i) cycle();
    *model->rst_n = 1;
    for (const auto& pins : model->pins) {
        if (pins.role == signflow::Role::INPUT) *pins.valid = 1;
        if (pins.role == signflow::Role::OUTPUT) *pins.ready = 1;
    }
    for (uint64_t left = std::strtoull(argv[1], nullptr, 10); left; --left) cycle();
    model->finish();
    return context.gotError();
}
