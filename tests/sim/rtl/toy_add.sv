// Adds a constant, read from a memory file, to every lane; one register deep.
`default_nettype none
module toy_add #(
    parameter int LANES = 2,
    parameter int BITS = 8,
    parameter ADDEND_FILE = ""
) (
    input  wire clk,
    input  wire rst,
    input  wire [LANES*BITS-1:0] in0_data,
    input  wire in0_valid,
    output wire in0_ready,
    output wire [LANES*BITS-1:0] out0_data,
    output wire out0_valid,
    input  wire out0_ready
);
    logic [BITS-1:0] addend[1];
    initial $readmemh(ADDEND_FILE, addend);
    logic [LANES*BITS-1:0] data_q;
    logic valid_q;
    assign in0_ready = !valid_q || out0_ready;
    assign out0_data = data_q;
    assign out0_valid = valid_q;
    always_ff @(posedge clk) begin
        if (rst) valid_q <= 1'b0;
        else if (in0_ready) valid_q <= in0_valid;
        if (in0_ready) for (int i = 0; i < LANES; i++) data_q[BITS*i+:BITS] <= in0_data[BITS*i+:BITS] + addend[0];
    end
    assert property (@(posedge clk) disable iff (rst) out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
endmodule
`default_nettype wire
