// From memory to a stream: an AXI4 read master.
//
// Function   a job is `job_bytes` bytes from `job_address` on; they leave as beats of BEAT_BYTES, back to back.
// Order      bursts are asked for as soon as the buffer has room for all of their words, so rready never falls.
// Latency    6 cycles and that of the memory. II: 1 word or beat a cycle, whichever is the slower side.
// Stop       `halt` asks for no further burst; what was asked for still arrives, and `quiet` says when. Reset after that.
// Reset      no job, nothing asked for.
// Proven     room for every word that was asked for, by induction (tests/board/test_proofs.py).
`default_nettype none

module sf_shell_reader #(
    parameter int ADDR_BITS  = 32,
    parameter int DATA_BITS  = 64,
    parameter int BEAT_BYTES = 1,
    parameter int BURST      = 16,  /// words of the longest burst
    parameter int DEPTH      = 64   /// words asked for and not yet sent on, at most
) (
    input  wire                     clk,
    input  wire                     rst,          /// synchronous, active high
    input  wire                     halt,
    output logic                    quiet,        /// no burst is in flight
    input  wire                     job_valid,
    output logic                    job_ready,
    input  wire  [   ADDR_BITS-1:0] job_address,
    input  wire  [            31:0] job_bytes,
    output logic                    failed,       /// the memory answered with `failed_resp`
    output logic [             1:0] failed_resp,
    output logic [   ADDR_BITS-1:0] m_axi_araddr,
    output logic [             7:0] m_axi_arlen,
    output logic                    m_axi_arvalid,
    input  wire                     m_axi_arready,
    input  wire  [   DATA_BITS-1:0] m_axi_rdata,
    input  wire  [             1:0] m_axi_rresp,
    input  wire                     m_axi_rlast,
    input  wire                     m_axi_rvalid,
    output logic                    m_axi_rready,
    output logic [8*BEAT_BYTES-1:0] out0_data,
    output logic                    out0_valid,
    input  wire                     out0_ready
);
    localparam int WORD_BYTES = DATA_BITS / 8;
    localparam int LOW = $clog2(WORD_BYTES);
    localparam int WORDS = 33 - LOW;
    localparam int COUNT = $clog2(DEPTH + 1);

    if (DEPTH < BURST) begin : g_illegal
        $fatal(1, "shell_reader: DEPTH=%0d must hold a burst of BURST=%0d words", DEPTH, BURST);
    end

    logic [31:0] left_q;  // bytes of the job that have not left the gearbox
    logic busy_q, beat_valid, beat_ready;
    wire start = job_valid && job_ready;
    wire send = beat_valid && beat_ready;
    wire end_of_job = send && left_q <= 32'(BEAT_BYTES);

    assign job_ready = !busy_q;

    always_ff @(posedge clk) begin
        if (start) left_q <= job_bytes;
        else if (send) left_q <= left_q - 32'(BEAT_BYTES);
        if (rst) busy_q <= 1'b0;
        else if (start) busy_q <= 1'b1;
        else if (end_of_job) busy_q <= 1'b0;
    end

    // Bursts wait in a register, where they stay until the memory takes them, halt or not.
    logic [ADDR_BITS-1:0] burst_address;
    logic [$clog2(BURST):0] burst_words;
    logic burst_valid, burst_last, bursts_left, word_valid, word_ready;
    logic [COUNT-1:0] claimed_q;  // places of the buffer that words fill or will fill
    logic [COUNT-1:0] awaited_q;  // words asked for that have not arrived
    wire room = !m_axi_arvalid || m_axi_arready;
    logic fits_q;  // a whole burst: a cycle late, but bursts are two cycles apart
    wire ask = burst_valid && room && fits_q && !halt;
    wire leave = word_valid && word_ready;
    wire arrive = m_axi_rvalid && m_axi_rready;

    sf_shell_bursts #(.ADDR_BITS(ADDR_BITS), .WORD_BYTES(WORD_BYTES), .BURST(BURST), .COUNT_BITS(WORDS)) u_bursts (
        .clk, .rst, .load(start), .address(job_address), .busy(bursts_left),
        .words(WORDS'((33'(job_bytes) + 33'(WORD_BYTES - 1)) >> LOW)),
        .valid(burst_valid), .burst_address, .burst_words, .last(burst_last), .ready(ask)
    );

    assign quiet = !m_axi_arvalid && awaited_q == '0;

    always_ff @(posedge clk) begin
        if (ask) begin
            m_axi_araddr <= burst_address;
            m_axi_arlen  <= 8'(burst_words) - 8'd1;
        end
        fits_q <= claimed_q <= COUNT'(DEPTH - BURST);
        if (rst) begin
            m_axi_arvalid <= 1'b0;
            claimed_q <= '0;
            awaited_q <= '0;
        end else begin
            if (room) m_axi_arvalid <= ask;
            claimed_q <= claimed_q + (ask ? COUNT'(burst_words) : '0) - COUNT'(leave);
            awaited_q <= awaited_q + (ask ? COUNT'(burst_words) : '0) - COUNT'(arrive);
        end
    end

    logic [DATA_BITS-1:0] word;
    logic [8*BEAT_BYTES-1:0] beat;

    sf_fifo #(.WIDTH(DATA_BITS), .DEPTH(DEPTH)) u_words (
        .clk, .rst, .in0_data(m_axi_rdata), .in0_valid(m_axi_rvalid), .in0_ready(m_axi_rready),
        .out0_data(word), .out0_valid(word_valid), .out0_ready(word_ready)
    );

    sf_shell_gearbox #(.IN_BYTES(WORD_BYTES), .OUT_BYTES(BEAT_BYTES)) u_beats (
        .clk, .rst, .clear(end_of_job), .flush(1'b0),
        .in0_data(word), .in0_valid(word_valid), .in0_ready(word_ready),
        .out0_data(beat), .out0_valid(beat_valid), .out0_ready(beat_ready)
    );

    // Behind the gearbox, so that the stream's `ready` does not run through it.
    sf_fifo #(.WIDTH(8 * BEAT_BYTES), .DEPTH(2)) u_cut (
        .clk, .rst, .in0_data(beat), .in0_valid(beat_valid), .in0_ready(beat_ready),
        .out0_data, .out0_valid, .out0_ready
    );

    assign failed = arrive && m_axi_rresp != 2'b00;
    assign failed_resp = m_axi_rresp;

    wire unused = &{1'b0, burst_last, bursts_left, m_axi_rlast};

`ifndef SYNTHESIS
    room_for_what_was_asked: assert property (@(posedge clk) disable iff (rst) m_axi_rvalid |-> m_axi_rready);
    nothing_unasked: assert property (@(posedge clk) disable iff (rst) m_axi_rvalid |-> awaited_q != '0);
    request_holds: assert property (@(posedge clk) disable iff (rst) m_axi_arvalid && !m_axi_arready
        |=> m_axi_arvalid && $stable({m_axi_araddr, m_axi_arlen}));
`endif
endmodule

`default_nettype wire
