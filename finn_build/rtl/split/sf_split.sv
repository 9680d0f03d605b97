// One stream to several: each beat goes to one output, or to none, by a fixed pattern of FOLDS beats.
//
// Function   beat k of a pixel goes to output SELECT[k]; a beat of no output (SELECT[k] = OUTPUTS) is dropped.
// Packing    WIDTH bits a beat, opaque; output i is bits [i*WIDTH +: WIDTH] of out_data, bit i of out_valid and out_ready.
// Latency    1 cycle.
// II         1.
// Reset      clears the place.
// Area       (Yosys, xc7) 5 bits to 2 outputs, a half each of 48 beats: 16 LUT, 18 FF.
`default_nettype none

module sf_split #(
    parameter int WIDTH   = 4,
    parameter int OUTPUTS = 2,
    parameter int FOLDS   = 2,                      /// beats of the pattern
    parameter int BITS    = 1,                      /// of an entry of SELECT
    parameter bit [FOLDS*BITS-1:0] SELECT = 2'b10   /// output of each beat, beat 0 in the low bits
) (
    input  wire                       clk,
    input  wire                       rst,        /// synchronous, active high
    input  wire  [         WIDTH-1:0] in_data,
    input  wire                       in_valid,
    output logic                      in_ready,   /// registered
    output logic [OUTPUTS*WIDTH-1:0]  out_data,   /// the same at every output, registered
    output logic [      OUTPUTS-1:0]  out_valid,
    input  wire  [      OUTPUTS-1:0]  out_ready
);
    localparam int PLACE_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;

    if (2 ** BITS < OUTPUTS) begin : g_illegal
        $fatal(1, "split: BITS=%0d cannot name OUTPUTS=%0d", BITS, OUTPUTS);
    end

    logic [PLACE_BITS-1:0] place_q;
    wire [BITS-1:0] turn = SELECT[place_q*BITS+:BITS];

    logic [WIDTH-1:0] data;
    logic valid, taken;
    sf_fifo #(.WIDTH(WIDTH), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(in_data), .in0_valid(in_valid), .in0_ready(in_ready),
        .out0_data(data), .out0_valid(valid), .out0_ready(taken)
    );

    always_comb begin
        taken = 1'b1;  // a beat that is dropped
        for (int i = 0; i < OUTPUTS; i++) begin
            out_valid[i] = valid && turn == BITS'(i);
            if (turn == BITS'(i)) taken = out_ready[i];
        end
    end
    assign out_data = {OUTPUTS{data}};

    always_ff @(posedge clk) begin
        if (rst) place_q <= '0;
        else if (valid && taken) place_q <= place_q == PLACE_BITS'(FOLDS - 1) ? '0 : place_q + 1'b1;
    end

`ifndef SYNTHESIS
    for (genvar i = 0; i < OUTPUTS; i++) begin : g_check
        payload_holds: assert property (@(posedge clk) disable iff (rst)
            out_valid[i] && !out_ready[i] |=> out_valid[i] && $stable(data));
    end
`endif
endmodule

`default_nettype wire
