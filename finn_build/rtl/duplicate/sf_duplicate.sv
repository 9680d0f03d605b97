// One stream to OUTPUTS equal streams.
//
// Function   every output repeats in0. Each output is taken in its own cycle; the next beat follows when all have.
// Packing    WIDTH bits a beat, opaque; output i is bits [i*WIDTH +: WIDTH] of out_data, bit i of out_valid and out_ready.
// Latency    1 cycle.
// II         1.
// Reset      clears the valids; the data register needs none.
// Area       (Yosys, xc7) 16 bits to 2 outputs: 24 LUT, 36 FF.
`default_nettype none

module sf_duplicate #(
    parameter int WIDTH   = 8,
    parameter int OUTPUTS = 2
) (
    input  wire                       clk,
    input  wire                       rst,        /// synchronous, active high
    input  wire  [         WIDTH-1:0] in0_data,
    input  wire                       in0_valid,
    output logic                      in0_ready,  /// registered
    output logic [OUTPUTS*WIDTH-1:0]  out_data,   /// registered; the copies share one register
    output logic [      OUTPUTS-1:0]  out_valid,
    input  wire  [      OUTPUTS-1:0]  out_ready
);
    logic [  WIDTH-1:0] data;
    logic valid;
    logic [OUTPUTS-1:0] served_q;  // outputs that have taken this beat, while others have not
    wire  all = (served_q | out_ready) == '1;

    sf_fifo #(.WIDTH(WIDTH), .DEPTH(2)) pair (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .out0_data(data), .out0_valid(valid), .out0_ready(all)
    );
    assign out_data  = {OUTPUTS{data}};
    assign out_valid = {OUTPUTS{valid}} & ~served_q;

    always_ff @(posedge clk) begin
        if (rst || all) served_q <= '0;
        else if (valid) served_q <= served_q | out_ready;
    end

`ifndef SYNTHESIS
    for (genvar i = 0; i < OUTPUTS; i++) begin : g_check
        payload_holds: assert property (@(posedge clk) disable iff (rst)
            out_valid[i] && !out_ready[i] |=> out_valid[i] && $stable(data));
    end
`endif
endmodule

`default_nettype wire
