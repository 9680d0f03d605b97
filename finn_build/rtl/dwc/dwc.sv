// Data width converter between two streams of the same tensor.
//
// Function   IN_WIDTH bits a beat become OUT_WIDTH bits a beat; one width divides the other.
// Packing    The earlier beat of the narrow side holds the low bits of the wide beat.
// Latency    first input beat to first output beat: OUT_WIDTH/IN_WIDTH cycles widening, 2 narrowing, 1 if equal.
// II         max(input beats, output beats): the narrow side moves every cycle.
// Reset      clears the control; data registers need none.
// Area       (Yosys, xc7) 8 to 32 bits: 5 LUT, 35 FF; 32 to 8 bits: 12 LUT, 44 FF.
`default_nettype none

module dwc #(
    parameter int IN_WIDTH  = 8,
    parameter int OUT_WIDTH = 32
) (
    input  wire                  clk,
    input  wire                  rst,         /// synchronous, active high
    input  wire  [ IN_WIDTH-1:0] in0_data,
    input  wire                  in0_valid,
    output logic                 in0_ready,
    output logic [OUT_WIDTH-1:0] out0_data,   /// registered
    output logic                 out0_valid,  /// registered
    input  wire                  out0_ready
);
    localparam bit WIDEN = OUT_WIDTH > IN_WIDTH;
    localparam int WIDE = WIDEN ? OUT_WIDTH : IN_WIDTH;
    localparam int NARROW = WIDEN ? IN_WIDTH : OUT_WIDTH;
    localparam int RATIO = WIDE / NARROW;

    if (WIDE % NARROW != 0) begin : g_illegal
        $fatal(1, "dwc: IN_WIDTH=%0d and OUT_WIDTH=%0d: one must divide the other", IN_WIDTH, OUT_WIDTH);
    end

    logic [OUT_WIDTH-1:0] data_q;
    logic valid_q;
    wire  advance = out0_ready || !valid_q;

    assign out0_data  = data_q;
    assign out0_valid = valid_q;

    if (RATIO == 1) begin : g_register
        assign in0_ready = advance;
        always_ff @(posedge clk) begin
            if (advance) data_q <= in0_data;
            if (rst) valid_q <= 1'b0;
            else if (advance) valid_q <= in0_valid;
        end
    end else begin : g_convert
        localparam int COUNT = $clog2(RATIO);
        localparam logic [COUNT-1:0] LAST = COUNT'(RATIO - 1);
        logic [COUNT-1:0] part_q;  // narrow beats gathered (widening) or sent (narrowing)
        logic step;
        wire  last = part_q == LAST;

        always_ff @(posedge clk) begin
            if (rst) part_q <= '0;
            else if (step) part_q <= last ? '0 : part_q + 1'b1;
        end

        if (WIDEN) begin : g_widen
            assign in0_ready = advance;
            assign step = in0_valid && advance;
            always_ff @(posedge clk) begin
                if (step) data_q <= {in0_data, data_q[WIDE-1:NARROW]};
                if (rst) valid_q <= 1'b0;
                else if (advance) valid_q <= in0_valid && last;
            end
        end else begin : g_narrow
            // The wide beat stays in place and is multiplexed: cheaper than a shift, which costs a LUT per bit.
            logic [RATIO-1:0][NARROW-1:0] wide_q;
            logic full_q;
            assign step = full_q && advance;
            assign in0_ready = !full_q || (advance && last);
            always_ff @(posedge clk) begin
                if (in0_ready) wide_q <= in0_data;
                if (advance) data_q <= wide_q[part_q];
                if (rst) begin
                    valid_q <= 1'b0;
                    full_q  <= 1'b0;
                end else begin
                    if (advance) valid_q <= full_q;
                    if (in0_ready) full_q <= in0_valid;
                end
            end
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
