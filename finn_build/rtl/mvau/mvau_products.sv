// Dot product of one beat with weights of WBITS >= 2 bits: one DSP slice a lane, then a pipelined adder tree.
//
// Bit packing: lane 0 in the low bits of both operands, weights and activations in two's complement.
// Latency: 1 + ceil(log2(SIMD)). II: 1. Reset: none, it holds data only.
`default_nettype none

module mvau_products #(
    parameter int unsigned SIMD = 1,
    parameter int unsigned XBITS = 2,
    parameter int unsigned WBITS = 2,
    localparam int unsigned LEVELS = $clog2(SIMD),
    localparam int unsigned SUM_BITS = XBITS + WBITS + LEVELS
) (
    /// Clock.
    input  wire                        clk,
    /// Advance: every register holds while it is low.
    input  wire                        en,
    /// Activations.
    input  wire [SIMD*XBITS-1:0]       x,
    /// Weights.
    input  wire [SIMD*WBITS-1:0]       w,
    /// Sum of products.
    output wire signed [SUM_BITS-1:0]  sum_q
);
    // Level l holds ceil(SIMD / 2^l) partial sums; level 0 are the products.
    for (genvar l = 0; l <= LEVELS; l++) begin : g_level
        localparam int unsigned COUNT = (SIMD + 2 ** l - 1) / 2 ** l;
        localparam int unsigned BITS = XBITS + WBITS + l;
        logic signed [COUNT-1:0][BITS-1:0] value_q;
        for (genvar i = 0; i < COUNT; i++) begin : g_value
            if (l == 0) begin : g_product
                wire signed [XBITS-1:0] a = x[i*XBITS+:XBITS];
                wire signed [WBITS-1:0] b = w[i*WBITS+:WBITS];
                (* use_dsp = "yes" *) logic signed [BITS-1:0] product_q;
                always_ff @(posedge clk) if (en) product_q <= a * b;
                assign value_q[i] = product_q;
            end else begin : g_sum
                localparam int unsigned BELOW = (SIMD + 2 ** (l - 1) - 1) / 2 ** (l - 1);
                wire signed [BITS-2:0] left = g_level[l-1].value_q[2*i];
                logic signed [BITS-1:0] total_q;
                if (2 * i + 1 < BELOW) begin : g_pair
                    wire signed [BITS-2:0] right = g_level[l-1].value_q[2*i+1];
                    always_ff @(posedge clk) if (en) total_q <= left + right;
                end else begin : g_single
                    always_ff @(posedge clk) if (en) total_q <= BITS'(left);
                end
                assign value_q[i] = total_q;
            end
        end
    end
    assign sum_q = g_level[LEVELS].value_q[0];
endmodule

`default_nettype wire
