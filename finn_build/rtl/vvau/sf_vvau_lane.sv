// One channel of a depthwise convolution in LUTs: the sum of products, one a cycle.
//
// Packing    two's complement; a weight of one bit is +1 or -1.
// Latency    0 from the operands to the sum for weights of up to 2 bits, else 1 cycle.
// Reset      `clear` empties the sum.
// Area       (Yosys, xc7) weights of up to 2 bits: a LUT a bit of the sum, whatever the operands.
`default_nettype none

module sf_vvau_lane #(
    parameter int XBITS = 4,
    parameter int WBITS = 1,
    parameter int ACC_BITS = 8
) (
    input  wire                 clk,
    input  wire                 en,     /// the product's register moves
    input  wire                 add,    /// a product is added
    input  wire                 clear,  /// the next one is the first of a sum
    input  wire  [   XBITS-1:0] x,
    input  wire  [   WBITS-1:0] w,
    output logic [ACC_BITS-1:0] sum     /// with the product that is being added
);
    logic [ACC_BITS-1:0] sum_q, term;
    logic less;  // the term is taken off
    if (WBITS <= 2) begin : g_signs
        logic [ACC_BITS-1:0] factor;
        wire signed [ACC_BITS-1:0] x_wide = ACC_BITS'($signed(x));
        assign factor = unsigned'(x_wide);
        assign less = WBITS == 1 ? !w[0] : w[WBITS-1];
        // -2 is the only even one but 0
        assign term = (WBITS == 1 || w[0] ? factor : w[WBITS-1] ? factor << 1 : '0) ^ {ACC_BITS{less}};
        wire unused = en;
    end else begin : g_product
        (* use_dsp = "no" *) logic signed [XBITS+WBITS-1:0] product_q;
        always_ff @(posedge clk) if (en) product_q <= $signed(x) * $signed(w);
        wire signed [ACC_BITS-1:0] product = ACC_BITS'(product_q);
        assign term = unsigned'(product);
        assign less = 1'b0;
        wire unused = &{1'b0, product_q};  // the sum of few of them may be narrower
    end
    wire [ACC_BITS:0] chain = {sum_q, less} - ~{term, less};  // a sum, in this order as in sf_mvau_rows; `less` carries in
    assign sum = chain[ACC_BITS:1];
    wire unused_carry = chain[0];
    always_ff @(posedge clk) begin
        if (clear) sum_q <= '0;
        else if (add) sum_q <= sum;
    end
endmodule

`default_nettype wire
