// Sum of COUNT values and COUNT carries (0 or 1 each), by a pipelined tree of two-operand adders.
//
// An adder has a free carry input: it takes the carry of its left operand and hands on that of the right one.
//
// Bit packing: value 0 in the low bits, two's complement.
// Latency: ceil(log2(COUNT)); none for one value. II: 1. Reset: none, it holds data only.
`default_nettype none

module sf_mvau_tree #(
    parameter int unsigned COUNT = 2,
    parameter int unsigned BITS = 8,
    localparam int unsigned LEVELS = $clog2(COUNT),
    localparam int unsigned SUM_BITS = BITS + LEVELS
) (
    /// Clock.
    input  wire                        clk,
    /// Advance: every register holds while it is low.
    input  wire                        en,
    /// Values.
    input  wire [COUNT*BITS-1:0]       values,
    /// Carries.
    input  wire [COUNT-1:0]            carries,
    /// Sum of the values, and of all carries but one, two's complement.
    output wire [SUM_BITS-1:0]         sum_q,
    /// The last carry.
    output wire                        carry_q
);
    for (genvar l = 0; l <= LEVELS; l++) begin : g_level
        localparam int unsigned PARTS = (COUNT + 2 ** l - 1) / 2 ** l;
        localparam int unsigned WIDTH = BITS + l;
        wire [PARTS-1:0][WIDTH-1:0] value;
        wire [PARTS-1:0] carry;
        if (l == 0) begin : g_leaves
            for (genvar i = 0; i < COUNT; i++) begin : g_leaf
                assign value[i] = values[i*BITS+:BITS];
            end
            assign carry = carries;
        end else begin : g_sums
            localparam int unsigned BELOW = (COUNT + 2 ** (l - 1) - 1) / 2 ** (l - 1);
            for (genvar i = 0; i < PARTS; i++) begin : g_sum
                wire signed [WIDTH-2:0] left = signed'(g_level[l-1].value[2*i]);
                wire left_carry = g_level[l-1].carry[2*i];
                logic signed [WIDTH-1:0] total_q;
                logic held_q;
                if (2 * i + 1 < BELOW) begin : g_pair
                    wire signed [WIDTH-2:0] right = signed'(g_level[l-1].value[2*i+1]);
                    // One carry chain; its lowest place adds the carry to itself, which carries it in.
                    wire signed [WIDTH:0] chain =
                        $signed({WIDTH'(left), left_carry}) + $signed({WIDTH'(right), left_carry});
                    always_ff @(posedge clk) begin
                        if (en) begin
                            total_q <= signed'(chain[WIDTH:1]);
                            held_q <= g_level[l-1].carry[2*i+1];
                        end
                    end
                    wire unused = &{1'b0, chain[0]};
                end else begin : g_single
                    always_ff @(posedge clk) begin
                        if (en) begin
                            total_q <= WIDTH'(left);
                            held_q <= left_carry;
                        end
                    end
                end
                assign value[i] = unsigned'(total_q);
                assign carry[i] = held_q;
            end
        end
    end
    assign sum_q = g_level[LEVELS].value[0];
    assign carry_q = g_level[LEVELS].carry;
    if (LEVELS == 0) begin : g_direct
        wire unused = &{1'b0, clk, en};
    end
endmodule

`default_nettype wire
