// The largest of COUNT values and its lane, the lowest among equals: a tree of comparisons, a register behind each.
//
// Packing    COUNT values of BITS bits, unsigned, and as many lanes of LANE_BITS bits, value 0 in the low bits.
// Latency    ceil(log2(COUNT)) cycles. II: 1. Reset: none, it holds data only.
`default_nettype none

module sf_largest #(
    parameter int COUNT     = 4,
    parameter int BITS      = 8,
    parameter int LANE_BITS = 2
) (
    input  wire                        clk,
    input  wire  [     COUNT*BITS-1:0] values,
    input  wire  [COUNT*LANE_BITS-1:0] lanes,
    output wire  [           BITS-1:0] value,
    output wire  [      LANE_BITS-1:0] lane
);
    localparam int HALF = (COUNT + 1) / 2;

    if (COUNT == 1) begin : g_one
        assign value = values;
        assign lane  = lanes;
        wire unused = clk;
    end else begin : g_level
        logic [     HALF*BITS-1:0] value_q;
        logic [HALF*LANE_BITS-1:0] lane_q;

        always_ff @(posedge clk) begin
            for (int i = 0; i < HALF; i++) begin
                if (2 * i + 1 < COUNT && values[(2*i+1)%COUNT*BITS+:BITS] > values[2*i*BITS+:BITS]) begin
                    value_q[i*BITS+:BITS]          <= values[(2*i+1)%COUNT*BITS+:BITS];
                    lane_q[i*LANE_BITS+:LANE_BITS] <= lanes[(2*i+1)%COUNT*LANE_BITS+:LANE_BITS];
                end else begin
                    value_q[i*BITS+:BITS]          <= values[2*i*BITS+:BITS];
                    lane_q[i*LANE_BITS+:LANE_BITS] <= lanes[2*i*LANE_BITS+:LANE_BITS];
                end
            end
        end

        sf_largest #(.COUNT(HALF), .BITS(BITS), .LANE_BITS(LANE_BITS)) next (
            .clk, .values(value_q), .lanes(lane_q), .value, .lane
        );
    end
endmodule

`default_nettype wire
