// Sum of two streams, lane by lane; starts when DELAY beats of input 0 are here, as a sliding window would.
`default_nettype none
module toy_join #(
    parameter int LANES = 2,
    parameter int BITS = 8,
    parameter int DELAY = 4
) (
    input  wire clk,
    input  wire rst,
    input  wire [LANES*BITS-1:0] in0_data,
    input  wire in0_valid,
    output wire in0_ready,
    input  wire [LANES*BITS-1:0] in1_data,
    input  wire in1_valid,
    output wire in1_ready,
    output wire [LANES*BITS-1:0] out0_data,
    output wire out0_valid,
    input  wire out0_ready
);
    logic [LANES*BITS-1:0] ring_q[64];
    logic [5:0] write_q, read_q;
    wire [5:0] fill = write_q - read_q;
    logic started_q;
    wire ready = started_q && fill != 0;
    assign in0_ready = fill < 6'd63;
    assign out0_valid = ready && in1_valid;
    assign in1_ready = ready && out0_ready;
    for (genvar i = 0; i < LANES; i++) begin : gen_lanes
        assign out0_data[BITS*i+:BITS] = ring_q[read_q][BITS*i+:BITS] + in1_data[BITS*i+:BITS];
    end
    always_ff @(posedge clk) begin
        if (rst) {write_q, read_q, started_q} <= '0;
        else begin
            started_q <= started_q || fill >= 6'(DELAY);
            write_q <= write_q + 6'(in0_valid && in0_ready);
            read_q <= read_q + 6'(out0_valid && out0_ready);
        end
        if (in0_valid && in0_ready) ring_q[write_q] <= in0_data;
    end
endmodule
`default_nettype wire
