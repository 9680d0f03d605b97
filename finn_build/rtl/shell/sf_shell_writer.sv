// From a stream to memory: an AXI4 write master.
//
// Function   a job is `job_bytes` bytes from `job_address` on, gathered from beats of BEAT_BYTES, back to back.
// Order      a burst is announced once all of its words are buffered: it never waits for the stream, and can always end.
// II         1 word or beat a cycle, whichever is the slower side; a pause of two cycles between bursts of one word.
// Stop       `halt` announces no further burst; those in flight end, and `quiet` says when. Reset after that.
// Reset      no job, nothing in flight.
// Proven     a burst has all its words, and wlast is at its end, by induction (tests/board/test_proofs.py).
`default_nettype none

module sf_shell_writer #(
    parameter int ADDR_BITS  = 32,
    parameter int DATA_BITS  = 64,
    parameter int BEAT_BYTES = 1,
    parameter int BURST      = 16,  /// words of the longest burst
    parameter int DEPTH      = 33   /// words buffered, at most
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
    output logic [   ADDR_BITS-1:0] m_axi_awaddr,
    output logic [             7:0] m_axi_awlen,
    output logic                    m_axi_awvalid,
    input  wire                     m_axi_awready,
    output logic [   DATA_BITS-1:0] m_axi_wdata,
    output logic [ DATA_BITS/8-1:0] m_axi_wstrb,
    output logic                    m_axi_wlast,
    output logic                    m_axi_wvalid,
    input  wire                     m_axi_wready,
    input  wire  [             1:0] m_axi_bresp,
    input  wire                     m_axi_bvalid,
    output logic                    m_axi_bready,
    input  wire  [8*BEAT_BYTES-1:0] in0_data,
    input  wire                     in0_valid,
    output logic                    in0_ready
);
    localparam int WORD_BYTES = DATA_BITS / 8;
    localparam int LOW = $clog2(WORD_BYTES);
    localparam int WORDS = 33 - LOW;
    localparam int COUNT = $clog2(DEPTH + 1);
    localparam int STEP = $clog2(BURST);
    localparam int FLIGHTS = 8;  // bits of the count of bursts without a response

    if (DEPTH < BURST) begin : g_illegal
        $fatal(1, "shell_writer: DEPTH=%0d must hold a burst of BURST=%0d words", DEPTH, BURST);
    end

    // The stream's side: beats until the job is complete, then the rest of the last word.
    logic [31:0] left_q;  // bytes of the job that have not come
    logic [LOW-1:0] tail_q;  // bytes of the last word; 0 for all
    logic busy_q, wanted_q, flush_q, beat_ready, next_valid, next_ready, word_valid, word_ready, buffer_valid;
    logic [DATA_BITS-1:0] next_word, word;
    logic sending_q;  // a burst's words are being sent: words_q != 0
    wire start = job_valid && job_ready;
    wire wanted = wanted_q;  // beats of a job are to come: kept, and apart from its opposite, because the stream's ready waits
    wire come = in0_valid && in0_ready;
    wire ends = left_q <= 32'(BEAT_BYTES);
    wire empty = rst || !busy_q;  // beats that reach past the job's end are not the next one's

    assign job_ready = !busy_q;
    assign in0_ready = wanted && beat_ready;

    sf_shell_gearbox #(.IN_BYTES(BEAT_BYTES), .OUT_BYTES(WORD_BYTES)) u_words (
        .clk, .rst(empty), .clear(1'b0), .flush(flush_q), .in0_data, .in0_valid(in0_valid && wanted), .in0_ready(beat_ready),
        .out0_data(next_word), .out0_valid(next_valid), .out0_ready(next_ready)
    );

    // Between gearbox and buffer, so that `ready` does not run through both.
    sf_fifo #(.WIDTH(DATA_BITS), .DEPTH(2 * BEAT_BYTES <= WORD_BYTES ? 1 : 2)) u_cut (
        .clk, .rst(empty), .in0_data(next_word), .in0_valid(next_valid), .in0_ready(next_ready),
        .out0_data(word), .out0_valid(word_valid), .out0_ready(word_ready)
    );

    sf_fifo #(.WIDTH(DATA_BITS), .DEPTH(DEPTH)) u_buffer (
        .clk, .rst(empty), .in0_data(word), .in0_valid(word_valid), .in0_ready(word_ready),
        .out0_data(m_axi_wdata), .out0_valid(buffer_valid), .out0_ready(sending_q && m_axi_wready)
    );

    // The memory's side: one burst sends its words while the address of the next may wait.
    logic [ADDR_BITS-1:0] burst_address;
    logic [STEP:0] burst_words, words_q;  // words of the burst that is sent that have not left
    logic [COUNT-1:0] free_q;             // words buffered that no burst has claimed; a cycle late, as bursts are two apart
    logic claims_q;                       // a burst was announced in the cycle before
    logic [FLIGHTS-1:0] flights_q;
    logic burst_valid, burst_last, bursts_left, last_q;
    logic held_q;     // a burst is offered and buffered, and its answer can be counted; a cycle late
    wire sent = m_axi_wvalid && m_axi_wready;
    wire room = (!m_axi_awvalid || m_axi_awready) && (!sending_q || (sent && m_axi_wlast));
    wire announce = room && held_q && !halt;
    wire answered = m_axi_bvalid && m_axi_bready;
    wire finished = !bursts_left && quiet;
    wire wanted_next = start ? job_bytes != '0 : wanted && !finished && !(come && ends);

    sf_shell_bursts #(.ADDR_BITS(ADDR_BITS), .WORD_BYTES(WORD_BYTES), .BURST(BURST), .COUNT_BITS(WORDS)) u_bursts (
        .clk, .rst, .load(start), .address(job_address), .busy(bursts_left),
        .words(WORDS'((33'(job_bytes) + 33'(WORD_BYTES - 1)) >> LOW)),
        .valid(burst_valid), .burst_address, .burst_words, .last(burst_last), .ready(announce)
    );

    assign quiet = !m_axi_awvalid && !sending_q && flights_q == '0;
    assign m_axi_wvalid = sending_q && buffer_valid;
    assign m_axi_wlast = words_q == (STEP + 1)'(1);
    assign m_axi_wstrb = m_axi_wlast && last_q && tail_q != '0 ? ~({WORD_BYTES{1'b1}} << tail_q) : '1;
    assign m_axi_bready = 1'b1;
    assign failed = answered && m_axi_bresp != 2'b00;
    assign failed_resp = m_axi_bresp;

    always_ff @(posedge clk) begin
        if (start) tail_q <= job_bytes[LOW-1:0];
        if (start) left_q <= job_bytes;
        else if (come) left_q <= ends ? '0 : left_q - 32'(BEAT_BYTES);
        claims_q <= !rst && announce;
        held_q <= !rst && burst_valid && !announce && flights_q != '1 && free_q >= COUNT'(burst_words);
        if (announce) begin
            m_axi_awaddr <= burst_address;
            m_axi_awlen  <= 8'(burst_words) - 8'd1;
            last_q       <= burst_last;
        end
        if (rst) begin
            busy_q        <= 1'b0;
            wanted_q      <= 1'b0;
            flush_q       <= 1'b1;
            m_axi_awvalid <= 1'b0;
            words_q       <= '0;
            sending_q     <= 1'b0;
            flights_q     <= '0;
        end else begin
            if (start) busy_q <= 1'b1;
            else if (finished) busy_q <= 1'b0;
            wanted_q <= wanted_next;
            flush_q  <= !wanted_next;
            if (!m_axi_awvalid || m_axi_awready) m_axi_awvalid <= announce;
            if (announce) words_q <= burst_words;
            else if (sent) words_q <= words_q - (STEP + 1)'(1);
            if (announce) sending_q <= 1'b1;
            else if (sent && m_axi_wlast) sending_q <= 1'b0;
            flights_q <= flights_q + FLIGHTS'(announce) - FLIGHTS'(answered);
        end
        if (empty) free_q <= '0;
        else free_q <= free_q + COUNT'(word_valid && word_ready) - (claims_q ? COUNT'(words_q) : '0);
    end

`ifndef SYNTHESIS
    request_holds: assert property (@(posedge clk) disable iff (rst) m_axi_awvalid && !m_axi_awready
        |=> m_axi_awvalid && $stable({m_axi_awaddr, m_axi_awlen}));
    data_hold: assert property (@(posedge clk) disable iff (rst) m_axi_wvalid && !m_axi_wready
        |=> m_axi_wvalid && $stable({m_axi_wdata, m_axi_wstrb, m_axi_wlast}));
    a_burst_never_waits: assert property (@(posedge clk) disable iff (rst) words_q != '0 |=> words_q != '0 || $past(sent));
    nothing_unasked: assert property (@(posedge clk) disable iff (rst) m_axi_bvalid |-> flights_q != '0);
`endif
endmodule

`default_nettype wire
