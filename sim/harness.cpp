// Cycle loop of every simulation: drives and collects streams, watches for deadlock, checks the protocol.
//
// Usage: simulator FOLDER FRAMES WATCHDOG SEED IDLE BACKPRESSURE RESET_AT TRACE_FILE
// FOLDER/beats holds the beats per frame of every stream (0: it has no part in this run), and the depth of the skip that it enters
// or leaves (else 0), <index>.in the beats of an input; <index>.out receives those of an output or tap, result.json the rest,
// error.txt the reason of a failure. Where FOLDER/apart is there, ops run each by itself.
// FOLDER/fifos holds the streams into and out of each FIFO; how full each was at most is in result.json.
// Cycle: pins are driven while the clock is low, the model settles, handshakes are sampled, the clock rises.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "harness_watch.h"
#include "verilated.h"

namespace signflow {
namespace {

constexpr int RESET_CYCLES = 16;
constexpr uint64_t HALF_PERIOD_NS = 5;

std::string warning;  // what Verilator only warns of: memory files that are missing or too short

/// The streams into and out of a FIFO, and the most beats that were between them.
struct Fifo {
    const Stream *in, *out;
    uint64_t fill;
};

/// The whole run: reset, then cycles until every stream is done.
class Run {
public:
    Run(const Options& options, VerilatedContext* context)
        : options_(options), traces_(!options.trace.empty()), context_(context), model_(make_model(context)) {
        std::ifstream beats_per_frame(options.folder + "/beats");
        std::shared_ptr<Skip> skip;
        std::vector<size_t> place(model_->pins.size());
        for (size_t i = 0; i < model_->pins.size(); ++i) {
            uint64_t beats = 0, depth = 0;
            if (!(beats_per_frame >> beats >> depth)) throw Failure("beats per frame cannot be read");
            if (model_->pins[i].role != Role::SKIP_TAKEN) skip = depth ? std::make_shared<Skip>(Skip{depth}) : nullptr;
            place[i] = streams_.size();
            if (beats) streams_.emplace_back(model_->pins[i], i, beats, options, skip);
        }
        for (Stream& stream : streams_)
            if (stream.driven()) driven_.push_back(&stream);
        for (size_t i = 0; i < streams_.size(); i += Watch::SIZE)
            watches_.emplace_back(&streams_[i], std::min(Watch::SIZE, streams_.size() - i));
        std::ifstream fifos(options.folder + "/fifos");
        for (size_t in = 0, out = 0; fifos >> in >> out;)
            fifos_.push_back({&streams_.at(place.at(in)), &streams_.at(place.at(out)), 0});
        if (model_->apart) *model_->apart = std::ifstream(options.folder + "/apart").good();
        if (traces_) model_->open_trace(options.trace);
    }

    void simulate() {
        reset();
        for (uint64_t idle = 0; !finished(); ++cycle_) {
            if (options_.reset_at >= 0 && cycle_ == static_cast<uint64_t>(options_.reset_at)) {
                options_.reset_at = -1;
                reset();
            }
            idle = step() ? 0 : idle + 1;
            if ((cycle_ & 0x7F) == 0) count();
            if ((cycle_ & 0x3FF) == 0) report_progress();
            if (idle >= options_.watchdog) throw Failure(describe_deadlock(idle));
        }
        count();
    }

    void save() const {
        std::string list;
        for (const Stream& stream : streams_) {
            stream.save();
            list += (list.empty() ? "" : ",\n") + stream.json();
        }
        std::ofstream out(options_.folder + "/result.json");
        out << "{\"cycles\":" << cycle_ << ",\"fills\":[";
        for (const Fifo& fifo : fifos_) out << (&fifo == &fifos_.front() ? "" : ",") << fifo.fill;
        out << "],\"streams\":[\n" << list << "]}\n";
        if (!out.flush()) throw Failure("results cannot be written");
    }

    void finish() { model_->finish(); }

private:
    /// Holds reset for some cycles; every stream then starts again with its first frame.
    void reset() {
        for (Stream& stream : streams_) stream.restart();
        for (Watch& watch : watches_) watch.restart();
        *model_->rst_n = 0;
        for (int i = 0; i < RESET_CYCLES; ++i) {
            half_cycle(0);
            half_cycle(1);
        }
        *model_->rst_n = 1;
    }

    /// One clock cycle. Returns true when any stream moved a beat.
    bool step() {
        for (Stream* stream : driven_) stream->drive(cycle_);
        half_cycle(0);
        bool moved = false;
        for (Watch& watch : watches_) moved |= watch.sample(cycle_);
        if (moved)
            for (Fifo& fifo : fifos_) fifo.fill = std::max(fifo.fill, fifo.in->done() - fifo.out->done());
        half_cycle(1);
        return moved;
    }

    void half_cycle(uint8_t level) {
        *model_->clk = level;
        model_->eval();
        if (traces_) model_->dump_trace(time_);
        time_ += HALF_PERIOD_NS;
        if (level && (context_->gotError() || !warning.empty() || context_->gotFinish())) complain();
    }

    [[noreturn]] void complain() const {
        if (!warning.empty()) throw Failure(warning);
        const char* what = context_->gotError() ? "the design reported an error" : "the design called $finish";
        throw Failure(what + (" at cycle " + std::to_string(cycle_)));
    }

    void count() {
        for (Watch& watch : watches_) watch.count();
    }

    bool finished() const {
        return std::all_of(watches_.begin(), watches_.end(), [](const Watch& watch) { return watch.finished(); });
    }

    std::string describe_deadlock(uint64_t idle) const {
        std::string valid, ready, none;
        for (const Stream& stream : streams_) {
            std::string& list = stream.blocked() ? valid : stream.starving() ? ready : none;
            if (&list != &none || !stream.finished()) list += (list.empty() ? "" : ", ") + stream.text();
        }
        std::string text = "no stream moved for " + std::to_string(idle) + " cycles, at cycle " + std::to_string(cycle_);
        if (!valid.empty()) text += "; valid but not ready: " + valid;
        if (!ready.empty()) text += "; ready but not valid: " + ready;
        if (!none.empty()) text += "; neither: " + none;
        return text;
    }

    void report_progress() {
        const auto now = std::chrono::steady_clock::now();
        if (now - reported_ < std::chrono::milliseconds(200)) return;
        reported_ = now;
        double done = 0, total = 0;
        for (const Stream& stream : streams_) {
            done += static_cast<double>(stream.done());
            total += static_cast<double>(stream.total());
        }
        std::fprintf(stderr, "@progress %.4f\n", done / total);
    }

    Options options_;
    bool traces_;
    VerilatedContext* context_;
    std::unique_ptr<Model> model_;
    std::vector<Stream> streams_;
    std::vector<Stream*> driven_;
    std::vector<Watch> watches_;
    std::vector<Fifo> fifos_;
    uint64_t cycle_ = 0, time_ = 0;
    std::chrono::steady_clock::time_point reported_ = std::chrono::steady_clock::now();
};

Options parse(char** argv) {
    return {argv[1],
            argv[8],
            std::strtoull(argv[2], nullptr, 10),
            std::strtoull(argv[3], nullptr, 10),
            std::strtoull(argv[4], nullptr, 10),
            std::atof(argv[5]),
            std::atof(argv[6]),
            std::atoll(argv[7])};
}

}  // namespace
}  // namespace signflow

void vl_warn(const char* file, int line, const char*, const char* message) {
    signflow::warning = std::string(file) + (line ? ":" + std::to_string(line) : "") + ": " + message;
}

int main(int argc, char** argv) {
    if (argc != 9) {
        std::fputs("usage: FOLDER FRAMES WATCHDOG SEED IDLE BACKPRESSURE RESET_AT TRACE_FILE\n", stderr);
        return 2;
    }
    const signflow::Options options = signflow::parse(argv);
    VerilatedContext context;
    context.fatalOnError(false);
    context.traceEverOn(!options.trace.empty());
    context.randReset(options.idle > 0 || options.backpressure > 0 ? 2 : 0);  // stalls: unreset state starts random
    context.randSeed(static_cast<int>(options.seed & 0x7FFFFFFF));
    try {
        signflow::Run run(options, &context);
        try {
            run.simulate();
            run.save();
        } catch (...) {
            run.finish();
            throw;
        }
        run.finish();
    } catch (const std::exception& error) {
        std::ofstream(options.folder + "/error.txt") << error.what();
        return 3;
    }
    return 0;
}
