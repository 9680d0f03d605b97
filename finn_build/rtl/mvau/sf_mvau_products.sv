// Sum of LANES products, all of it in DSP slices: each adds its product to the sum that the slice before hands on. With
// DSP = 0 the same in LUTs.
//
// SEGMENT sums follow one another in one cycle; then a register, and the operands of the next segment are delayed by
// one cycle to meet it (by registers that the slices have inside). A chain of fewer than LENGTH lanes leaves out the
// first places, so that all chains end together.
//
// Bit packing: lane 0 in the low bits of both operands, two's complement.
// Latency: 1 + ceil(LENGTH / SEGMENT). II: 1. Reset: none, it holds data only.
// Area: LANES DSP48, no LUT and no flip-flop for LENGTH <= 3 * SEGMENT.
`default_nettype none

module sf_mvau_products #(
    parameter int unsigned LANES = 4,
    /// Places of the longest chain of the unit.
    parameter int unsigned LENGTH = 4,
    parameter int unsigned SEGMENT = 3,
    parameter int unsigned XBITS = 8,
    parameter int unsigned WBITS = 8,
    parameter int unsigned SUM_BITS = 18,
    parameter bit DSP = 1  /// 0: in LUTs
) (
    /// Clock.
    input  wire                        clk,
    /// Advance: every register holds while it is low.
    input  wire                        en,
    /// Activations.
    input  wire [LANES*XBITS-1:0]      x,
    /// Weights.
    input  wire [LANES*WBITS-1:0]      w,
    /// Sum of products.
    output wire signed [SUM_BITS-1:0]  sum_q
);
    localparam int unsigned SKIPPED = LENGTH - LANES;

    for (genvar i = 0; i < LANES; i++) begin : g_lane
        localparam int unsigned PLACE = SKIPPED + i;
        localparam int unsigned DELAY = PLACE / SEGMENT;
        // Entry 0 is the operand as it comes.
        wire signed [DELAY:0][XBITS-1:0] a;
        wire signed [DELAY:0][WBITS-1:0] b;
        assign a[0] = x[i*XBITS+:XBITS];
        assign b[0] = w[i*WBITS+:WBITS];
        for (genvar d = 0; d < DELAY; d++) begin : g_delay
            logic [XBITS-1:0] a_q;
            logic [WBITS-1:0] b_q;
            always_ff @(posedge clk) begin
                if (en) begin
                    a_q <= a[d];
                    b_q <= b[d];
                end
            end
            assign a[d+1] = a_q;
            assign b[d+1] = b_q;
        end

        wire signed [SUM_BITS-1:0] earlier, total, out;
        if (i == 0) begin : g_first
            assign earlier = '0;
        end else begin : g_next
            assign earlier = g_lane[i-1].out;
        end
        if (DSP) begin : g_slice
            (* use_dsp = "yes" *) logic signed [XBITS+WBITS-1:0] product_q;
            (* use_dsp = "yes" *) wire signed [SUM_BITS-1:0] sum = SUM_BITS'(product_q) + earlier;
            always_ff @(posedge clk) if (en) product_q <= $signed(a[DELAY]) * $signed(b[DELAY]);
            assign total = sum;
            wire unused = &{1'b0, product_q};  // a sum of one product may be narrower
        end else begin : g_luts
            (* use_dsp = "no" *) logic signed [XBITS+WBITS-1:0] product_q;
            always_ff @(posedge clk) if (en) product_q <= $signed(a[DELAY]) * $signed(b[DELAY]);
            assign total = SUM_BITS'(product_q) + earlier;
            wire unused = &{1'b0, product_q};
        end

        if (PLACE % SEGMENT == SEGMENT - 1 || PLACE == LENGTH - 1) begin : g_registered
            logic signed [SUM_BITS-1:0] total_q;
            always_ff @(posedge clk) if (en) total_q <= total;
            assign out = total_q;
        end else begin : g_passed_on
            assign out = total;
        end
    end
    assign sum_q = g_lane[LANES-1].out;
endmodule

`default_nettype wire
