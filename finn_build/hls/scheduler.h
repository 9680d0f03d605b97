// The scheduler of sf_simulation.h, for the testbench alone.
#ifndef SCHEDULER_H
#define SCHEDULER_H

#if defined(SF_CSIM) && !defined(__SYNTHESIS__)

#include <sys/mman.h>
#include <setjmp.h>
#include <ucontext.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>

#include "sf_simulation.h"

namespace sf {

/// A process, or a loop of one.
struct Task {
    std::string name;
    std::function<void()> work;
    Task* parent;
    long long trips;        // of its longest loop
    int children;           // those that still run
    const Queue* waits_at;  // of what it asked for last and did not get
    bool for_room;
    long long seen;         // moves when it asked
    int in_vain;            // how often it has asked since, without a move of its own
    bool ready, done;       // whether it is in `due`; whether it has ended
    ucontext_t context;     // where it begins
    jmp_buf left;           // where it goes on: a jump takes no call of the system, as a change of context does
    void* stack;            // null: it has not begun
};

static const size_t STACK = size_t(256) << 20;  // of addresses: memory comes as it is touched
static const int PATIENCE = 4;                  // a window sees a beat two trips after it came

static bool first_frame = true;
static Task* current = nullptr;
static std::deque<Task*> tasks, due;  // all of the frame; those that have something to do
static jmp_buf home;
long long moves = 0;

#if defined(SF_STRICT)
long long now = 0;

void too_soon(const char* process, const char* memory, long long trips, long long stated) {
    std::printf("TOO SOON: %s reads a word of %s %lld trips after it was written and states %lld\n", process, memory, trips, stated);
    std::fflush(nullptr);
    std::_Exit(3);
}
#endif

/// Depth and record of each stream of the accelerator, from the file `streams`: name, depth, whether it is recorded.
static std::map<std::string, std::pair<size_t, std::FILE*> > read_streams() {
    std::map<std::string, std::pair<size_t, std::FILE*> > found;
    std::ifstream file("streams");
    std::string name;
    size_t depth;
    int recorded;
    while (file >> name >> depth >> recorded)
        found[name] = {depth, recorded ? std::fopen(("taps/" + name).c_str(), "wb") : nullptr};
    return found;
}

Queue::Queue(const char* given) : name(given), held(0), depth(0), tap(nullptr), reader(nullptr), writer(nullptr) {
    static const auto known = read_streams();
    const auto mine = known.find(name);
    if (mine == known.end()) return;
    if (first_frame) depth = mine->second.first;
    tap = mine->second.second;
}

/// Let the others run, until another wakes it.
static void leave() {
    if (!_setjmp(current->left)) _longjmp(home, 1);
}

void wake(Task*& task) {
    if (!task->ready && !task->done) due.push_back(task);
    task->ready = true;
    task = nullptr;
}

void Queue::leftover() const { std::printf("WARNING: stream '%s' keeps beats\n", name.c_str()); }

/// Be woken when a beat, or room for one, comes.
void Queue::ask(bool for_room) {
    (for_room ? writer : reader) = current;
    current->waits_at = this;
    current->for_room = for_room;
}

void Queue::wait(bool for_room) {
    if (!first_frame || !current) {
        std::printf("WARNING: stream '%s' is read while empty\n", name.c_str());
        return;
    }
    while (!ready(for_room)) {
        ask(for_room);
        leave();
    }
}

void Queue::pass(bool for_room) {
    if (!first_frame || !current) return;
    ask(for_room);
    if (current->seen != moves) current->in_vain = 0;  // it may have work without that beat
    current->seen = moves;
    if (++current->in_vain > PATIENCE) leave();
}

Loop::~Loop() {
    if (current && trips > current->trips) current->trips = trips;
}

/// A task has run: its trips are its parent's, or go to the file `trips`.
static void finish(Task& task) {
    static std::FILE* file = std::fopen("trips", "w");
    task.done = true;
    if (!task.parent) {
        std::fprintf(file, "%s %lld\n", task.name.c_str(), task.trips);
        return;
    }
    if (task.trips > task.parent->trips) task.parent->trips = task.trips;
    Task* parent = task.parent;
    if (!--parent->children) wake(parent);
}

static void start() {
    current->work();
    finish(*current);
    leave();
}

/// Begin or go on with a task, until it leaves.
static void enter(Task& task) {
    current = &task;
    task.ready = false;
    if (!_setjmp(home)) {
        if (task.stack) _longjmp(task.left, 1);
        task.stack = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (task.stack == MAP_FAILED) {
            std::printf("no memory for the stack of %s\n", task.name.c_str());
            std::exit(2);
        }
        getcontext(&task.context);
        task.context.uc_stack.ss_sp = task.stack;
        task.context.uc_stack.ss_size = STACK;
        task.context.uc_link = nullptr;
        makecontext(&task.context, start, 0);
        setcontext(&task.context);
    }
    current = nullptr;
}

void run(const char* call, const std::function<void()>& work) {
    const std::string text = call;
    Task* task = new Task{text.substr(0, text.find('(')), work, current, 0, 0, nullptr, false, -1, 0, true, false, {}, {}, nullptr};
    if (!first_frame) {
        current = task;
        work();
        current = task->parent;
        if (current) ++current->children;
        finish(*task);
        delete task;
        return;
    }
    if (current) ++current->children;
    tasks.push_back(task);
    due.push_back(task);
}

/// Say who waits for what, and end.
static void stalled() {
    for (const Task* task : tasks) {
        if (task->done || task->children) continue;
        const char* name = task->waits_at->name.c_str();
        if (task->for_room)
            std::printf("STALLED: %s waits for room in %s (depth %zu)\n", task->name.c_str(), name, task->waits_at->depth);
        else
            std::printf("STALLED: %s waits for a beat of %s\n", task->name.c_str(), name);
    }
    std::fflush(nullptr);
    std::_Exit(3);
}

void join() {
    while (current && current->children) leave();
    if (current || !first_frame) return;
    size_t ended = 0;
    for (; !due.empty(); due.pop_front()) {
        Task& task = *due.front();
        enter(task);
        if (!task.done) continue;
        munmap(task.stack, STACK);  // the task is kept: streams may know it
        ++ended;
    }
    if (ended < tasks.size()) stalled();
    first_frame = false;
}

}  // namespace sf

#endif

#endif
