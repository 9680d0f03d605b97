// One or two channels of a depthwise convolution in a DSP slice: the sums of products, one each a cycle.
//
// Two channels: (x1 * 2^SHIFT + x0) * (w1 * 2^SHIFT + w0) holds x0*w0 in its lowest field, x1*w1 in its third, and what
// nobody asked for between them. All three are summed in the slice, the middle one from 2^(SHIFT-1) on, so that it never
// borrows: with every sum, and twice as much in the middle, below 2^(SHIFT-1) the fields stand apart.
//
// Packing    channel 0 in the low bits, two's complement. Weights of two channels: w0 in WBITS bits, above it w1 - (w0 < 0) in
//            WBITS bits if no weight is -2^(WBITS-1) (NARROW), else in one more.
// Latency    2 cycles from the operands to the sums that they are part of.
// Reset      none: `first` starts anew.
// Area       one DSP48; where elements may be negative, XBITS + 1 LUTs for two channels.
`default_nettype none

module sf_vvau_slice #(
    parameter int CHANNELS = 2,
    parameter int XBITS = 5,
    parameter int WBITS = 4,
    parameter int ACC_BITS = 12,
    parameter bit POSITIVE = 1'b1,  // elements are never negative
    parameter bit NARROW = 1'b0,
    parameter int SHIFT = 13,
    localparam int UPPER_BITS = WBITS + (NARROW ? 0 : 1),
    localparam int LANE_BITS = CHANNELS == 2 ? WBITS + UPPER_BITS : WBITS
) (
    input  wire                           clk,
    input  wire                           en,      /// the product's register moves
    input  wire                           add,     /// the product is added
    input  wire                           first,   /// it is the first of its sums
    input  wire  [    CHANNELS*XBITS-1:0] x,
    input  wire  [         LANE_BITS-1:0] w,
    output logic [CHANNELS*ACC_BITS-1:0]  sums_q
);
    localparam int UPPER_XBITS = XBITS + (POSITIVE ? 0 : 1);
    localparam int X_WIDTH = CHANNELS == 2 ? SHIFT + UPPER_XBITS : XBITS;
    localparam int W_WIDTH = CHANNELS == 2 ? SHIFT + UPPER_BITS : WBITS;
    localparam int TOTAL_BITS = CHANNELS == 2 ? 2 * SHIFT + ACC_BITS : ACC_BITS;

    if ((X_WIDTH > 18 && W_WIDTH > 18) || X_WIDTH > 25 || W_WIDTH > 25 || TOTAL_BITS > 48) begin : g_wide
        $fatal(1, "vvau_slice: factors of %0d and %0d bits do not fit a DSP's 25 and 18", X_WIDTH, W_WIDTH);
    end

    wire [X_WIDTH-1:0] factor;
    wire [W_WIDTH-1:0] weight;
    (* use_dsp = "yes" *) logic signed [X_WIDTH+W_WIDTH-1:0] product_q;
    (* use_dsp = "yes" *) logic [TOTAL_BITS-1:0] total_q;
    wire [TOTAL_BITS-1:0] start;
    wire signed [TOTAL_BITS-1:0] product = TOTAL_BITS'(product_q);
    always_ff @(posedge clk) begin
        if (en) product_q <= $signed(factor) * $signed(weight);
        if (add) total_q <= (first ? start : total_q) + unsigned'(product);
    end
    wire unused = &{1'b0, product_q, total_q};  // the sum of few products may be narrower

    if (CHANNELS == 1) begin : g_one
        assign factor = x;
        assign weight = w;
        assign start = '0;
        assign sums_q = total_q;
    end else begin : g_two
        wire [XBITS-1:0] x0 = x[XBITS-1:0], x1 = x[XBITS+:XBITS];
        wire signed [UPPER_XBITS-1:0] x1_wide = UPPER_XBITS'($signed(x1));
        wire [UPPER_XBITS-1:0] upper = unsigned'(x1_wide) - UPPER_XBITS'(x0[XBITS-1]);
        wire signed [SHIFT-1:0] x0_wide = SHIFT'($signed(x0));
        wire signed [SHIFT-1:0] w0_wide = SHIFT'($signed(w[WBITS-1:0]));
        wire signed [ACC_BITS-1:0] sum0 = ACC_BITS'($signed(total_q[SHIFT-1:0]));
        assign factor = {upper, x0_wide};
        assign weight = {w[WBITS+:UPPER_BITS], w0_wide};
        assign start = TOTAL_BITS'(1) << (2 * SHIFT - 1);
        assign sums_q[ACC_BITS-1:0] = unsigned'(sum0);
        assign sums_q[ACC_BITS+:ACC_BITS] = total_q[2*SHIFT+:ACC_BITS];
    end
endmodule

`default_nettype wire
