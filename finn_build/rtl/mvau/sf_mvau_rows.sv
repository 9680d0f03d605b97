// ROWS (1 or 2) processing elements with weights of k >= 2 bits: dot products, accumulated over the SF beats of a fold.
//
// All arithmetic is modulo 2^ACC_BITS, so any type that holds the sum is exact. Bit packing: see sf_mvau_dots.sv.
// Latency: that of the dot product, plus 1 to the sum (see sf_mvau.sv). II: 1 beat. Reset: none, flags live in sf_mvau.sv.
`default_nettype none

module sf_mvau_rows #(
    parameter int unsigned SIMD = 1,
    parameter int unsigned XBITS = 2,
    parameter int unsigned WBITS = 2,
    parameter int unsigned ACC_BITS = 4,
    parameter int unsigned ROWS = 1,
    parameter bit NARROW = 0,
    parameter int unsigned SHIFT = 0,
    parameter bit GUARD = 0,
    parameter int unsigned CHAIN = 1,
    parameter int unsigned SEGMENT = 3,
    parameter bit DSP = 1,
    localparam int unsigned LANE_BITS = ROWS == 2 ? 2 * WBITS + (NARROW ? 0 : 1) : WBITS
) (
    /// Clock.
    input  wire                       clk,
    /// Advance: every register holds while it is low.
    input  wire                       en,
    /// Activations.
    input  wire [SIMD*XBITS-1:0]      x,
    /// Weights.
    input  wire [SIMD*LANE_BITS-1:0]  w,
    /// Delayed to meet the dot product: a beat arrives, it is the first of its fold.
    input  wire                       valid,
    input  wire                       first,
    /// Start values of the rows of the beat that arrives.
    input  wire [ROWS*ACC_BITS-1:0]   init,
    /// Sums including the beat that arrives.
    output wire [ROWS*ACC_BITS-1:0]   sums
);
    localparam int unsigned DOT_BITS = XBITS + WBITS + $clog2(CHAIN) + $clog2((SIMD + CHAIN - 1) / CHAIN);
    wire [ROWS*DOT_BITS-1:0] dots;
    wire [ROWS-1:0] carries;
    sf_mvau_dots #(
        .SIMD(SIMD), .XBITS(XBITS), .WBITS(WBITS), .ROWS(ROWS), .NARROW(NARROW), .SHIFT(SHIFT), .GUARD(GUARD),
        .CHAIN(CHAIN), .SEGMENT(SEGMENT), .DSP(DSP)
    ) dot_products (
        .clk, .en, .x, .w, .sums_q(dots), .carries_q(carries)
    );
    for (genvar r = 0; r < ROWS; r++) begin : g_row
        logic [ACC_BITS-1:0] acc_q;
        wire [ACC_BITS-1:0] start = first ? init[r*ACC_BITS+:ACC_BITS] : acc_q;
        wire signed [ACC_BITS-1:0] dot = ACC_BITS'($signed(dots[r*DOT_BITS+:DOT_BITS]));
        // Minus the complement is plus, but in this order: one whose first operand is the choice takes a LUT a bit more.
        wire [ACC_BITS:0] chain = {dot, carries[r]} - ~{start, carries[r]};
        wire [ACC_BITS-1:0] next = chain[ACC_BITS:1];
        always_ff @(posedge clk) if (en && valid) acc_q <= next;
        assign sums[r*ACC_BITS+:ACC_BITS] = next;
        wire unused = &{1'b0, chain[0], dots[r*DOT_BITS+:DOT_BITS]};
    end
endmodule

`default_nettype wire
