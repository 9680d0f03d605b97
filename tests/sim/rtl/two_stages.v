// Two stages in a row with the stream between them visible.
`default_nettype none
module two_stages (
    input  wire ap_clk,
    input  wire ap_rst_n,
    input  wire [23:0] in0_V_tdata,
    input  wire in0_V_tvalid,
    output wire in0_V_tready,
    output wire [23:0] out0_V_tdata,
    output wire out0_V_tvalid,
    input  wire out0_V_tready
);
    wire [23:0] mid_tdata /* verilator public_flat_rd */;
    wire mid_tvalid /* verilator public_flat_rd */;
    wire mid_tready /* verilator public_flat_rd */;
    stage #(.LANES(3), .ADD(1)) first (
        .clk(ap_clk), .rst(!ap_rst_n),
        .in0_data(in0_V_tdata), .in0_valid(in0_V_tvalid), .in0_ready(in0_V_tready),
        .out0_data(mid_tdata), .out0_valid(mid_tvalid), .out0_ready(mid_tready)
    );
    stage #(.LANES(3), .ADD(10)) second (
        .clk(ap_clk), .rst(!ap_rst_n),
        .in0_data(mid_tdata), .in0_valid(mid_tvalid), .in0_ready(mid_tready),
        .out0_data(out0_V_tdata), .out0_valid(out0_V_tvalid), .out0_ready(out0_V_tready)
    );
endmodule
`default_nettype wire
