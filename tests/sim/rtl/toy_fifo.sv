// FIFO of DEPTH beats.
`default_nettype none
module toy_fifo #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 2
) (
    input  wire clk,
    input  wire rst,
    input  wire [WIDTH-1:0] in0_data,
    input  wire in0_valid,
    output wire in0_ready,
    output wire [WIDTH-1:0] out0_data,
    output wire out0_valid,
    input  wire out0_ready
);
    logic [WIDTH-1:0] ring_q[DEPTH];
    int write_q, read_q, fill_q;
    wire push = in0_valid && in0_ready;
    wire pop = out0_valid && out0_ready;
    assign in0_ready = fill_q < DEPTH;
    assign out0_valid = fill_q > 0;
    assign out0_data = ring_q[read_q];
    always_ff @(posedge clk) begin
        if (push) ring_q[write_q] <= in0_data;
        if (rst) begin
            write_q <= 0;
            read_q <= 0;
            fill_q <= 0;
        end else begin
            if (push) write_q <= (write_q + 1) % DEPTH;
            if (pop) read_q <= (read_q + 1) % DEPTH;
            fill_q <= fill_q + int'(push) - int'(pop);
        end
    end
endmodule
`default_nettype wire
