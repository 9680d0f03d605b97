// Jobs from start to end: one queued beside the one that runs, errors, timeout, and resets in mid-transfer.
//
// Function   `start` queues a job; each stream takes it when its `job_ready` says that it is done with the one before, so
//            a reader begins the next job while a writer still ends the last. A job is done when all streams are.
// Errors     an answer of the memory, TIMEOUT cycles without a beat, or a start that cannot be: stop everything. First
//            `halt`: bursts in flight end (`quiet`); then streams and accelerator are held in reset for RESET_CYCLES. The
//            first error stays, and no job starts, until `reset`, which does the same.
// Reset      as after an error, with nothing left of it.
`default_nettype none

module sf_shell_jobs #(
    parameter int STREAMS      = 2,
    parameter int RESET_CYCLES = 16
) (
    input  wire                clk,
    input  wire                rst,           /// synchronous, active high
    input  wire                start,
    input  wire                reset,         /// soft reset
    input  wire                bad,           /// what a start now would queue is no job
    input  wire  [        7:0] bad_stream,
    input  wire  [       31:0] timeout,       /// cycles; 0: never
    output logic [STREAMS-1:0] job_valid,
    input  wire  [STREAMS-1:0] job_ready,
    input  wire  [STREAMS-1:0] quiet,
    input  wire  [STREAMS-1:0] failed,        /// the memory answered with failed_resp
    input  wire  [STREAMS-1:0][1:0] failed_resp,
    input  wire  [STREAMS-1:0] writes,        /// constant: these streams write
    input  wire  [STREAMS-1:0] valid,         /// of the accelerator's streams
    input  wire  [STREAMS-1:0] ready,
    output logic               halt,
    output logic               stream_rst,    /// of readers, writers and accelerator
    output logic               idle,
    output logic               queued,        /// the job registers are in use
    output logic               running,
    output logic               begun,         /// pulse: the first stream takes a job
    output logic               done,          /// pulse: the oldest job is done
    output logic               error_pulse,
    output logic [       31:0] error,         /// registers ERROR and STREAMS
    output logic [       31:0] error_streams
);
    typedef enum logic [1:0] {
        RESETS,
        RUNS,
        DRAINS
    } state_t;
    typedef enum logic [2:0] {
        NONE,
        TIMEOUT,
        READ,
        WRITE,
        BAD_JOB
    } error_t;

    localparam int FIELD = 10;  // of STREAMS: one bit per stream
    localparam int COUNT = $clog2(RESET_CYCLES + 1);

    if (STREAMS > FIELD) begin : g_illegal
        $fatal(1, "shell_jobs: STREAMS=%0d, at most %0d have a place in the registers", STREAMS, FIELD);
    end

    state_t state_q, state_next;
    error_t found;
    logic [COUNT-1:0] count_q;
    logic [STREAMS-1:0] queued_q, busy_q, ended, complete;
    logic [STREAMS-1:0] failed_q;  // halt is earlier than the end of a job whose last answer failed
    logic [STREAMS-1:0][1:0] resp_q;
    logic [STREAMS-1:0][1:0] ahead_q;  // jobs that a stream has ended and not all have
    logic [31:0] waited_q;
    logic [7:0] where;
    logic [1:0] resp;
    wire healthy = error[2:0] == NONE;
    wire [STREAMS-1:0] taken = job_valid & job_ready;

    assign job_valid = state_q == RUNS ? queued_q : '0;
    assign queued = queued_q != '0;
    assign begun = taken != '0 && queued_q == '1;
    assign running = busy_q != '0 && state_q == RUNS;
    assign idle = state_q == RUNS && !queued && busy_q == '0;
    assign ended = busy_q & job_ready;
    assign done = complete == '1 && !halt;  // the last answer of a job may be the error that stops it
    wire late = timeout != '0 && waited_q == timeout;
    wire refused = start && (bad || queued);
    assign error_pulse = healthy && state_q == RUNS && !reset && (late || refused || failed_q != '0);

    always_comb for (int i = 0; i < STREAMS; i++) complete[i] = ended[i] || ahead_q[i] != '0;

    always_comb begin  // of what stops it, the streams first
        found = refused ? BAD_JOB : TIMEOUT;
        where = refused ? bad_stream : '0;
        resp = '0;
        for (int i = STREAMS - 1; i >= 0; i--) begin
            if (failed_q[i]) begin
                found = writes[i] ? WRITE : READ;
                where = 8'(unsigned'(i));
                resp = resp_q[i];
            end
        end
    end

    always_ff @(posedge clk) begin
        failed_q <= rst ? '0 : failed;
        resp_q   <= failed_resp;
        if (!running || (valid & ready) != '0) waited_q <= '0;
        else waited_q <= waited_q + 32'd1;
        if (rst || reset) begin
            error <= '0;
            error_streams <= '0;
        end else if (error_pulse) begin
            error <= {14'd0, resp, where, 5'd0, found};
            error_streams <= {2'd0, FIELD'(busy_q), FIELD'(ready), FIELD'(valid)};
        end
    end

    always_ff @(posedge clk) begin
        if (rst || stream_rst) begin
            queued_q <= '0;
            busy_q <= '0;
            ahead_q <= '0;
        end else begin
            queued_q <= (queued_q & ~taken) | {STREAMS{start && healthy && !error_pulse && state_q == RUNS}};
            busy_q <= (busy_q & ~job_ready) | taken;
            for (int i = 0; i < STREAMS; i++) ahead_q[i] <= ahead_q[i] + 2'(ended[i]) - 2'(done);
        end
    end

    always_comb begin
        state_next = state_q;
        if (rst) state_next = RESETS;
        else if (reset || error_pulse) state_next = DRAINS;
        else if (state_q == DRAINS && quiet == '1) state_next = RESETS;
        else if (state_q == RESETS && count_q == COUNT'(1)) state_next = RUNS;
    end

    always_ff @(posedge clk) begin
        count_q    <= rst || state_q != RESETS ? COUNT'(RESET_CYCLES) : count_q - COUNT'(1);
        state_q    <= state_next;
        halt       <= state_next != RUNS;  // registers of their own: every master waits for them
        stream_rst <= state_next == RESETS;
    end

`ifndef SYNTHESIS
    for (genvar i = 0; i < STREAMS; i++) begin : g_checks
        two_jobs_at_most: assert property (@(posedge clk) disable iff (rst || stream_rst) taken[i] |-> ahead_q[i] < 2);
    end
    reset_only_when_quiet: assert property (@(posedge clk) disable iff (rst) $rose(stream_rst) |-> quiet == '1);
`endif
endmodule

`default_nettype wire
