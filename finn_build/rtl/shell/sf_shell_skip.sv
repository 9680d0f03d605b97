// A FIFO whose beats lie in memory: a ring between a write master and a read master, and a way past it.
//
// Function   out0 repeats in0; the ring's bytes of beats fit, and some more.
// Ring       beats enter it by groups, the fewest that fill bursts to the last byte, once all of a group are here. So every
//            burst is full and aligned, and never waits for the stream. It is read once the memory has answered its write,
//            and written over once all its beats have left.
// Past it    while the ring is empty beats go straight on: those that make no group, as the last of a frame, never stay.
// Job        the first after a reset brings address and bytes of the ring, multiples of GROUP_BYTES below 2^31; the others
//            change nothing.
// Latency    past the ring 3 cycles; through it a group and two latencies of the memory.
// II         1 word or beat a cycle, whichever is the slower side; the masters begin anew with each lap of the ring.
// Stop       `halt` starts no further burst; those in flight end, and `write_quiet` and `read_quiet` say when. Reset after that.
// Reset      empty.
// Proven     a group has all its beats, the ring never overflows, no burst is read before the memory has answered its write,
//            by induction (tests/board/test_proofs.py).
`default_nettype none

module sf_shell_skip #(
    parameter int ADDR_BITS  = 32,
    parameter int DATA_BITS  = 64,
    parameter int BEAT_BYTES = 1,
    parameter int BURST      = 16  /// words of a burst
) (
    input  wire                     clk,
    input  wire                     rst,          /// synchronous, active high
    input  wire                     halt,
    output logic                    write_quiet,  /// no burst is in flight
    output logic                    read_quiet,
    input  wire                     job_valid,
    input  wire  [   ADDR_BITS-1:0] job_address,
    input  wire  [            31:0] job_bytes,
    output logic                    write_failed, /// the memory answered with `write_failed_resp`
    output logic [             1:0] write_failed_resp,
    output logic                    read_failed,
    output logic [             1:0] read_failed_resp,
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
    output logic [   ADDR_BITS-1:0] m_axi_araddr,
    output logic [             7:0] m_axi_arlen,
    output logic                    m_axi_arvalid,
    input  wire                     m_axi_arready,
    input  wire  [   DATA_BITS-1:0] m_axi_rdata,
    input  wire  [             1:0] m_axi_rresp,
    input  wire                     m_axi_rlast,
    input  wire                     m_axi_rvalid,
    output logic                    m_axi_rready,
    input  wire  [8*BEAT_BYTES-1:0] in0_data,
    input  wire                     in0_valid,
    output logic                    in0_ready,
    output logic [8*BEAT_BYTES-1:0] out0_data,
    output logic                    out0_valid,
    input  wire                     out0_ready
);
    localparam int BURST_BYTES = BURST * DATA_BITS / 8;
    localparam int SIDES = BURST_BYTES | BEAT_BYTES;
    localparam int GROUP = BURST_BYTES / (SIDES & -SIDES);  // beats; by the greatest common divisor, as bursts are a power of two
    localparam int GROUP_BYTES = GROUP * BEAT_BYTES;
    localparam int WAITING = 2 * GROUP;  // beats before the ring, at most
    localparam int COUNT = $clog2(WAITING + 1);
    localparam int BURSTS = 33 - $clog2(BURST_BYTES);  // bits of a count of bursts
    localparam int RAM_STYLE = WAITING * 8 * BEAT_BYTES > 16 * 1024 ? 1 : 0;

    logic [ADDR_BITS-1:0] address_q;
    logic [31:0] ring_q;         // bytes of the ring; 0: not known yet
    logic [31:0] used_q;         // bytes of the ring that groups have taken and not left, but for the cycle before
    logic begun_q, left_q;       // the group and the beat of the cycle before
    logic signed [31:0] limit_q; // of used_q, for one more group; negative while the ring is not known
    logic [COUNT-1:0] waiting_q; // beats before the ring
    logic [COUNT-1:0] group_q;   // of those, the ones of the group that enters
    logic [BURSTS-1:0] written_q; // bursts that the memory has answered and that are not asked for
    logic past_q, fits_q, none_q; // the ring is empty; has room for a group, known two cycles late; no burst can be asked for
    logic round_q;                // not past_q: the data's registers do not load the path of its ready
    logic enters_q, known_q;      // group_q is not 0; ring_q is not
    logic beat_valid, beat_ready, next_valid, next_ready, cut_ready, write_valid, write_ready, read_valid;
    logic [8*BEAT_BYTES-1:0] beat, write_beat, read_beat;
    wire arrive = in0_valid && in0_ready;
    wire move = beat_valid && beat_ready;
    wire leave = !past_q && read_valid && next_ready;
    wire ends = !enters_q || (group_q == COUNT'(1) && move);
    wire whole = move ? waiting_q > COUNT'(GROUP) : waiting_q >= COUNT'(GROUP);  // of what stays
    wire begins = ends && whole && fits_q;
    wire past_next = !begins && (past_q || (leave && !begun_q && used_q == 32'(left_q ? 2 * BEAT_BYTES : BEAT_BYTES)));
    wire answered = m_axi_bvalid && m_axi_bready;
    wire asked = m_axi_arvalid && m_axi_arready;

    always_ff @(posedge clk) begin
        if (job_valid && !known_q) address_q <= job_address;
        if (rst) begin
            ring_q    <= '0;
            used_q    <= '0;
            limit_q   <= '1;
            begun_q   <= 1'b0;
            left_q    <= 1'b0;
            waiting_q <= '0;
            group_q   <= '0;
            written_q <= '0;
            past_q    <= 1'b1;
            round_q   <= 1'b0;
            fits_q    <= 1'b0;
            none_q    <= 1'b1;
            enters_q  <= 1'b0;
            known_q   <= 1'b0;
        end else begin
            if (job_valid && !known_q) ring_q <= job_bytes;
            known_q   <= known_q || (job_valid && job_bytes != '0);
            begun_q   <= begins;
            left_q    <= leave;
            used_q    <= used_q + (begun_q ? 32'(GROUP_BYTES - (left_q ? BEAT_BYTES : 0)) : 32'(left_q ? -BEAT_BYTES : 0));
            past_q    <= past_next;
            round_q   <= !past_next;
            limit_q   <= ring_q - 32'(GROUP_BYTES);
            fits_q    <= !begins && !begun_q && $signed(used_q) <= limit_q;
            waiting_q <= waiting_q + COUNT'(arrive) - COUNT'(move);
            group_q   <= begins ? COUNT'(GROUP) : group_q - COUNT'(enters_q && move);
            enters_q  <= begins || !ends;
            written_q <= written_q + BURSTS'(answered) - BURSTS'(asked);
            none_q    <= !answered && (none_q || (asked && written_q == BURSTS'(1)));
        end
    end

    sf_fifo #(.WIDTH(8 * BEAT_BYTES), .DEPTH(WAITING), .RAM_STYLE(RAM_STYLE)) u_waiting (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .out0_data(beat), .out0_valid(beat_valid), .out0_ready(beat_ready)
    );

    assign beat_ready = past_q ? next_ready : enters_q && cut_ready;
    assign next_valid = past_q ? beat_valid : read_valid;

    // A bit more than 64 makes a FIFO keep its data's enable apart from its `ready`, where paths begin.
    wire next_more, cut_more;
    sf_fifo #(.WIDTH(8 * BEAT_BYTES + 1), .DEPTH(2)) u_next (
        .clk, .rst, .in0_data({1'b0, round_q ? read_beat : beat}), .in0_valid(next_valid), .in0_ready(next_ready),
        .out0_data({next_more, out0_data}), .out0_valid, .out0_ready
    );

    sf_fifo #(.WIDTH(8 * BEAT_BYTES + 1), .DEPTH(2)) u_cut (
        .clk, .rst, .in0_data({1'b0, beat}), .in0_valid(beat_valid && enters_q), .in0_ready(cut_ready),
        .out0_data({cut_more, write_beat}), .out0_valid(write_valid), .out0_ready(write_ready)
    );

    // One job of the masters is one lap of the ring.
    logic write_job_ready, read_job_ready;

    sf_shell_writer #(.ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES), .BURST(BURST)) u_writer (
        .clk, .rst, .halt, .quiet(write_quiet), .job_valid(known_q), .job_ready(write_job_ready), .job_address(address_q),
        .job_bytes(ring_q), .failed(write_failed), .failed_resp(write_failed_resp), .m_axi_awaddr, .m_axi_awlen,
        .m_axi_awvalid, .m_axi_awready, .m_axi_wdata, .m_axi_wstrb, .m_axi_wlast, .m_axi_wvalid, .m_axi_wready,
        .m_axi_bresp, .m_axi_bvalid, .m_axi_bready,
        .in0_data(write_beat), .in0_valid(write_valid), .in0_ready(write_ready)
    );

    sf_shell_reader #(.ADDR_BITS(ADDR_BITS), .DATA_BITS(DATA_BITS), .BEAT_BYTES(BEAT_BYTES), .BURST(BURST)) u_reader (
        .clk, .rst, .halt(halt || none_q || m_axi_arvalid), .quiet(read_quiet), .job_valid(known_q),
        .job_ready(read_job_ready), .job_address(address_q), .job_bytes(ring_q), .failed(read_failed),
        .failed_resp(read_failed_resp), .m_axi_araddr, .m_axi_arlen, .m_axi_arvalid, .m_axi_arready, .m_axi_rdata,
        .m_axi_rresp, .m_axi_rlast, .m_axi_rvalid, .m_axi_rready,
        .out0_data(read_beat), .out0_valid(read_valid), .out0_ready(next_ready && !past_q)
    );

    wire unused = &{1'b0, write_job_ready, read_job_ready, next_more, cut_more};

`ifndef SYNTHESIS
    whole_groups: assert property (@(posedge clk) disable iff (rst)
        known_q |-> ring_q % GROUP_BYTES == 0 && address_q % ADDR_BITS'(BURST_BYTES) == '0);
    full_bursts: assert property (@(posedge clk) disable iff (rst) m_axi_awvalid |-> m_axi_awlen == 8'(BURST - 1));
    only_what_was_written: assert property (@(posedge clk) disable iff (rst) m_axi_arvalid |-> written_q != '0);
`endif
endmodule

`default_nettype wire
