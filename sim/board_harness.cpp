// The simulated board: clock, memory and register bus around a Verilated `signflow_top`, driven by lines on stdin.
//
// Usage: simulator MEMORY_FILE BASE STALLS LATENCY SEED
// MEMORY_FILE is the board's memory, shared with the driver's process; BASE its physical address. Each command is answered
// by one line, "error ..." when the design broke a rule:
//   r OFFSET | w OFFSET VALUE   a register, over AXI4-Lite            run CYCLES | wait CYCLES  let time pass; wait ends
//   fault r|w ADDRESS           error responses from there on         at an interrupt and answers the level of its pin
//   hang r|w 0|1                the memory takes nothing more         cycle   cycles since power-up
//   reset                       power-up: the reset pin
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <sstream>

#include "board_memory.h"
#include "verilated.h"

namespace signflow {
namespace {

constexpr int RESET_CYCLES = 16;
constexpr int BUS_TIMEOUT = 1000;  // cycles for one register access

std::string warning;  // what Verilator only warns of: memory files that are missing or too short

class Board {
public:
    Board(VerilatedContext* context, const Memory& memory, const Traffic& traffic)
        : context_(context), model_(make_board(context)), memory_(memory), skew_(traffic.stalls, traffic.seed),
          clk_(pin("ap_clk")), interrupt_(pin("interrupt")) {
        for (int i = 0; model_->pins.count(master(i) + "araddr") || model_->pins.count(master(i) + "awaddr"); ++i) {
            Traffic own = traffic;
            own.seed = traffic.seed * 1000003 + i;
            if (model_->pins.count(master(i) + "araddr")) reads_.emplace_back(*model_, master(i), memory_, own);
            if (model_->pins.count(master(i) + "awaddr")) writes_.emplace_back(*model_, master(i), memory_, own);
        }
        for (const char* name : {"awvalid", "wvalid", "bready", "arvalid", "rready"}) control(name).set(0);
        reset();
    }

    void reset() {
        for (auto& channel : reads_) channel.power_up();
        for (auto& channel : writes_) channel.power_up();
        pin("ap_rst_n").set(0);
        for (int i = 0; i < RESET_CYCLES; ++i) {
            half_cycle(0);
            half_cycle(1);
        }
        for (const auto& [name, pin] : model_->pins)
            if (pin.get() && sent_by_design(name)) throw Failure(name + " is high in reset");
        pin("ap_rst_n").set(1);
    }

    uint64_t read(uint64_t offset) {
        control("araddr").set(offset);
        control("arvalid").set(1);
        until("arready", [&] { control("arvalid").set(0); });
        const uint64_t value = until_response("rvalid", "rready", "rdata");
        return value;
    }

    void write(uint64_t offset, uint64_t value) {
        control("awaddr").set(offset);
        control("wdata").set(value);
        control("wstrb").set(0xF);
        const bool data_first = skew_.random().next() & 1;
        const char* first = data_first ? "wvalid" : "awvalid";
        const char* second = data_first ? "awvalid" : "wvalid";
        control(first).set(1);
        while (skew_()) cycle();  // the slave may take neither before the other
        control(second).set(1);
        until("awready", [&] { control("awvalid").set(0), control("wvalid").set(0); });
        until_response("bvalid", "bready", "bresp");
    }

    void run(uint64_t cycles) {
        while (cycles--) cycle();
    }

    bool wait(uint64_t cycles) {
        while (cycles-- && !interrupt_.get()) cycle();
        return interrupt_.get();
    }

    template <typename Change> void change(char kind, Change change) {
        if (kind == 'r') for (auto& channel : reads_) change(channel.traffic());
        else for (auto& channel : writes_) change(channel.traffic());
    }

    uint64_t now() const { return cycle_; }
    void finish() { model_->finish(); }

private:
    static std::string master(int i) { return "m_axi_" + std::to_string(i) + "_"; }
    static bool sent_by_design(const std::string& name) {
        const std::string channel = name.substr(name.rfind('_') + 1);
        const bool master = name.rfind("m_axi", 0) == 0;
        return master ? channel == "arvalid" || channel == "awvalid" || channel == "wvalid"
                      : channel == "rvalid" || channel == "bvalid";
    }
    Pin& pin(const std::string& name) {
        const auto found = model_->pins.find(name);
        if (found == model_->pins.end()) throw Failure("no pin " + name);
        return found->second;
    }
    Pin& control(const std::string& name) { return pin("s_axi_control_" + name); }

    /// Cycles until `ready` is seen; then `taken` lowers the valids.
    template <typename Taken> void until(const std::string& ready, Taken taken) {
        for (int i = 0; i < BUS_TIMEOUT; ++i) {
            settle();
            const bool now = control(ready).get();
            rise();
            if (now) return taken();
        }
        throw Failure("register bus: no " + ready);
    }

    uint64_t until_response(const std::string& valid, const std::string& ready, const std::string& payload) {
        while (skew_()) cycle();
        control(ready).set(1);
        for (int i = 0; i < BUS_TIMEOUT; ++i) {
            settle();
            const bool now = control(valid).get();
            const uint64_t value = control(payload).get();
            rise();
            if (!now) continue;
            control(ready).set(0);
            return value;
        }
        throw Failure("register bus: no " + valid);
    }

    void cycle() {
        settle();
        rise();
    }

    void settle() {
        for (auto& channel : reads_) channel.drive(cycle_);
        for (auto& channel : writes_) channel.drive(cycle_);
        half_cycle(0);
        for (auto& channel : reads_) channel.sample(cycle_);
        for (auto& channel : writes_) channel.sample(cycle_);
    }

    void rise() {
        half_cycle(1);
        ++cycle_;
    }

    void half_cycle(uint8_t level) {
        clk_.set(level);
        model_->eval();
        if (!warning.empty()) throw Failure(warning);
        if (context_->gotError()) throw Failure("the design reported an error at cycle " + std::to_string(cycle_));
    }

    VerilatedContext* context_;
    std::unique_ptr<BoardModel> model_;
    Memory memory_;
    Pause skew_;
    Pin clk_, interrupt_;
    std::deque<ReadChannel> reads_;
    std::deque<WriteChannel> writes_;
    uint64_t cycle_ = 0;
};

std::string execute(Board& board, const std::string& line) {
    std::istringstream in(line);
    std::string command, kind;
    uint64_t a = 0, b = 0;
    in >> command;
    if (command == "fault" || command == "hang") in >> kind;
    in >> a >> b;
    if (command == "r") return std::to_string(board.read(a));
    if (command == "w") return board.write(a, b), "ok";
    if (command == "run") return board.run(a), "ok";
    if (command == "wait") return std::to_string(board.wait(a));
    if (command == "fault") {
        return board.change(kind[0], [a, b](Traffic& traffic) {
            traffic.fault_from = a;
            traffic.fault_response = static_cast<uint8_t>(b);
        }), "ok";
    }
    if (command == "hang") return board.change(kind[0], [a](Traffic& traffic) { traffic.hang = a; }), "ok";
    if (command == "cycle") return std::to_string(board.now());
    if (command == "reset") return board.reset(), "ok";
    throw Failure("no command " + command);
}

Memory map_memory(const char* path, uint64_t base) {
    const int file = open(path, O_RDWR);
    struct stat info {};
    if (file < 0 || fstat(file, &info)) throw Failure(std::string(path) + ": memory cannot be opened");
    void* data = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (data == MAP_FAILED) throw Failure(std::string(path) + ": memory cannot be mapped");
    return {static_cast<uint8_t*>(data), base, static_cast<uint64_t>(info.st_size)};
}

}  // namespace
}  // namespace signflow

void vl_warn(const char* file, int line, const char*, const char* message) {
    signflow::warning = std::string(file) + (line ? ":" + std::to_string(line) : "") + ": " + message;
}

int main(int argc, char** argv) {
    using namespace signflow;
    if (argc != 6) {
        std::fputs("usage: MEMORY_FILE BASE STALLS LATENCY SEED\n", stderr);
        return 2;
    }
    Traffic traffic;
    traffic.stalls = std::atof(argv[3]);
    traffic.latency = std::strtoull(argv[4], nullptr, 10);
    traffic.seed = std::strtoull(argv[5], nullptr, 10);
    VerilatedContext context;
    context.fatalOnError(false);
    context.randReset(traffic.stalls > 0 ? 2 : 0);  // stalls: unreset state starts random
    context.randSeed(static_cast<int>(traffic.seed & 0x7FFFFFFF));
    try {
        Board board(&context, map_memory(argv[1], std::strtoull(argv[2], nullptr, 10)), traffic);
        std::cout << "ok" << std::endl;
        for (std::string line; std::getline(std::cin, line);) std::cout << execute(board, line) << std::endl;
        board.finish();
    } catch (const std::exception& error) {
        std::cout << "error " << error.what() << std::endl;
        return 3;
    }
    return 0;
}
