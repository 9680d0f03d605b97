// Two copies of a stream; each may be taken in its own cycle.
`default_nettype none
module toy_fork #(
    parameter int WIDTH = 8
) (
    input  wire clk,
    input  wire rst,
    input  wire [WIDTH-1:0] in0_data,
    input  wire in0_valid,
    output wire in0_ready,
    output wire [2*WIDTH-1:0] out_data,
    output wire [1:0] out_valid,
    input  wire [1:0] out_ready
);
    logic [1:0] taken_q;
    assign out_data = {2{in0_data}};
    assign out_valid = {2{in0_valid}} & ~taken_q;
    assign in0_ready = &(taken_q | out_ready);
    always_ff @(posedge clk)
        if (rst || (in0_valid && in0_ready)) taken_q <= '0;
        else taken_q <= taken_q | (out_valid & out_ready);
endmodule
`default_nettype wire
