// One stream to OUTPUTS equal streams.
//
// Function   every output repeats in0. Each output is taken in its own cycle; the next beat enters when all have.
// Packing    WIDTH bits a beat, opaque; output i is bits [i*WIDTH +: WIDTH] of out_data, bit i of out_valid and out_ready.
// Latency    1 cycle.
// II         1.
// Reset      clears the valids; the data register needs none.
// Area       (Yosys, xc7) 16 bits to 2 outputs: 3 LUT, 18 FF.
`default_nettype none

module duplicate #(
    parameter int WIDTH   = 8,
    parameter int OUTPUTS = 2
) (
    input  wire                       clk,
    input  wire                       rst,        /// synchronous, active high
    input  wire  [         WIDTH-1:0] in0_data,
    input  wire                       in0_valid,
    output logic                      in0_ready,
    output logic [OUTPUTS*WIDTH-1:0]  out_data,   /// registered; the copies share one register
    output logic [      OUTPUTS-1:0]  out_valid,  /// registered
    input  wire  [      OUTPUTS-1:0]  out_ready
);
    logic [  WIDTH-1:0] data_q;
    logic [OUTPUTS-1:0] valid_q;  // outputs that still have to take the beat in data_q

    assign in0_ready = (valid_q & ~out_ready) == '0;
    assign out_data  = {OUTPUTS{data_q}};
    assign out_valid = valid_q;

    always_ff @(posedge clk) begin
        if (in0_ready) data_q <= in0_data;
        if (rst) valid_q <= '0;
        else if (in0_ready) valid_q <= {OUTPUTS{in0_valid}};
        else valid_q <= valid_q & ~out_ready;
    end

`ifndef SYNTHESIS
    for (genvar i = 0; i < OUTPUTS; i++) begin : g_check
        payload_holds: assert property (@(posedge clk) disable iff (rst)
            out_valid[i] && !out_ready[i] |=> out_valid[i] && $stable(data_q));
    end
`endif
endmodule

`default_nettype wire
