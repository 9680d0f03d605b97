// Cuts a transfer into AXI bursts.
//
// Function   from `address` on, `words` bus words, as bursts of at most BURST words. A burst never crosses a multiple of
//            its greatest length, so never one of 4 KiB; only the first and the last are shorter.
// Latency    2 cycles from load to the first burst.
// II         2 cycles: a burst is cut in one and offered in the next, so that no path holds both.
// Reset      no transfer.
// Proven     by induction (tests/board/test_proofs.py): no crossing, lengths 1 to BURST, lengths add up to `words`.
`default_nettype none

module sf_shell_bursts #(
    parameter int ADDR_BITS  = 32,
    parameter int WORD_BYTES = 8,   /// a power of two
    parameter int BURST      = 16,  /// a power of two, at most 4 KiB
    parameter int COUNT_BITS = 30
) (
    input  wire                   clk,
    input  wire                   rst,      /// synchronous, active high
    input  wire                   load,     /// take a transfer; only while not busy
    input  wire  [ ADDR_BITS-1:0] address,  /// a multiple of WORD_BYTES
    input  wire  [COUNT_BITS-1:0] words,
    output logic                  busy,     /// something of the transfer is left
    output logic                  valid,    /// registered, as the burst is
    output logic [ ADDR_BITS-1:0] burst_address,
    output logic [$clog2(BURST):0] burst_words,
    output logic                  last,     /// this burst is the transfer's last
    input  wire                   ready
);
    localparam int LOW = $clog2(WORD_BYTES);
    localparam int STEP = $clog2(BURST);
    localparam int PAGE = 4096;

    if (2 ** LOW != WORD_BYTES || 2 ** STEP != BURST || BURST < 2 || BURST * WORD_BYTES > PAGE) begin : g_illegal
        $fatal(1, "shell_bursts: WORD_BYTES=%0d, BURST=%0d must be powers of two within 4 KiB", WORD_BYTES, BURST);
    end

    logic [ADDR_BITS-1:LOW] place_q;  // in words
    logic [COUNT_BITS-1:0] left_q;
    wire [STEP:0] room = (STEP + 1)'(BURST) - {1'b0, place_q[LOW+:STEP]};  // up to the next multiple of BURST

    wire ends = left_q <= COUNT_BITS'(room);

    assign busy = left_q != '0;
    assign burst_address = {place_q, LOW'(0)};

    wire unused = &{1'b0, address[LOW-1:0]};

    always_ff @(posedge clk) begin
        if (load) place_q <= address[ADDR_BITS-1:LOW];
        else if (valid && ready) place_q <= place_q + (ADDR_BITS - LOW)'(burst_words);
        if (!valid) begin
            burst_words <= ends ? left_q[STEP:0] : room;
            last <= ends;
        end
        if (rst) begin
            left_q <= '0;
            valid <= 1'b0;
        end else begin
            if (load) left_q <= words;
            else if (valid && ready) left_q <= left_q - COUNT_BITS'(burst_words);
            valid <= valid ? !ready : busy;
        end
    end

`ifndef SYNTHESIS
    stays_in_its_page: assert property (@(posedge clk) disable iff (rst)
        valid |-> int'(burst_address[$clog2(PAGE)-1:0]) + int'(burst_words) * WORD_BYTES <= PAGE);
`endif
endmodule

`default_nettype wire
