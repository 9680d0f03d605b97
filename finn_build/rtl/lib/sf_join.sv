// Two streams side by side: a beat of both leaves when both are there.
//
// Latency    1 cycle.
// II         1. Each ready depends on registers alone.
// Reset      nothing held.
`default_nettype none

module sf_join #(
    parameter int A_WIDTH = 8,
    parameter int B_WIDTH = 8
) (
    input  wire                clk,
    input  wire                rst,         /// synchronous, active high
    input  wire  [A_WIDTH-1:0] in0_data,
    input  wire                in0_valid,
    output logic               in0_ready,   /// registered
    input  wire  [B_WIDTH-1:0] in1_data,
    input  wire                in1_valid,
    output logic               in1_ready,   /// registered
    output logic [A_WIDTH-1:0] a_data,      /// registered
    output logic [B_WIDTH-1:0] b_data,      /// registered
    output logic               out0_valid,
    input  wire                out0_ready
);
    logic a_valid, b_valid;
    wire  send = out0_valid && out0_ready;
    assign out0_valid = a_valid && b_valid;

    sf_fifo #(.WIDTH(A_WIDTH), .DEPTH(2)) a_pair (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .out0_data(a_data), .out0_valid(a_valid), .out0_ready(send)
    );
    sf_fifo #(.WIDTH(B_WIDTH), .DEPTH(2)) b_pair (
        .clk, .rst, .in0_data(in1_data), .in0_valid(in1_valid), .in0_ready(in1_ready),
        .out0_data(b_data), .out0_valid(b_valid), .out0_ready(send)
    );
endmodule

`default_nettype wire
