// An accelerator that gives back what it takes: output i repeats input i. Streams as vectors, as at the shell.
`default_nettype none

module loopback #(
    parameter int STREAMS = 1,
    parameter int WIDTH   = 8,
    parameter int DEPTH   = 4
) (
    input  wire                           clk,
    input  wire                           rst,
    input  wire  [STREAMS-1:0][WIDTH-1:0] in_data,
    input  wire  [STREAMS-1:0]            in_valid,
    output logic [STREAMS-1:0]            in_ready,
    output logic [STREAMS-1:0][WIDTH-1:0] out_data,
    output logic [STREAMS-1:0]            out_valid,
    input  wire  [STREAMS-1:0]            out_ready
);
    for (genvar i = 0; i < STREAMS; i++) begin : g_stream
        fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH)) u_fifo (
            .clk, .rst, .in0_data(in_data[i]), .in0_valid(in_valid[i]), .in0_ready(in_ready[i]),
            .out0_data(out_data[i]), .out0_valid(out_valid[i]), .out0_ready(out_ready[i])
        );
    end
endmodule

`default_nettype wire
