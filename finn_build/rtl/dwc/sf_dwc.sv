// Data width converter between two streams of the same tensor.
//
// Function   IN_WIDTH bits a beat become OUT_WIDTH bits a beat; one width divides the other.
// Packing    The earlier beat of the narrow side holds the low bits of the wide beat.
// Latency    first input beat to first output beat: OUT_WIDTH/IN_WIDTH cycles widening, 2 narrowing, 1 equal.
// II         max(input beats, output beats): the narrow side moves every cycle.
// Reset      clears the control; data registers need none.
// Area       (Yosys, xc7) 8 to 32 bits: 5 LUT, 59 FF; 32 to 8 bits: 13 LUT, 43 FF.
`default_nettype none

module sf_dwc #(
    parameter int IN_WIDTH  = 8,
    parameter int OUT_WIDTH = 32
) (
    input  wire                  clk,
    input  wire                  rst,         /// synchronous, active high
    input  wire  [ IN_WIDTH-1:0] in0_data,
    input  wire                  in0_valid,
    output logic                 in0_ready,   /// depends on registers alone; the outputs are registers
    output logic [OUT_WIDTH-1:0] out0_data,
    output logic                 out0_valid,
    input  wire                  out0_ready
);
    localparam bit WIDEN = OUT_WIDTH > IN_WIDTH;
    localparam int WIDE = WIDEN ? OUT_WIDTH : IN_WIDTH;
    localparam int NARROW = WIDEN ? IN_WIDTH : OUT_WIDTH;
    localparam int RATIO = WIDE / NARROW;

    if (WIDE % NARROW != 0) begin : g_illegal
        $fatal(1, "dwc: IN_WIDTH=%0d and OUT_WIDTH=%0d: one must divide the other", IN_WIDTH, OUT_WIDTH);
    end

    if (RATIO == 1) begin : g_pair
        sf_fifo #(.WIDTH(WIDE), .DEPTH(2)) pair (
            .clk, .rst, .in0_data, .in0_valid, .in0_ready, .out0_data, .out0_valid, .out0_ready
        );
    end else begin : g_convert
        localparam int COUNT = $clog2(RATIO);
        localparam logic [COUNT-1:0] LAST = COUNT'(RATIO - 1);
        logic [COUNT-1:0] part_q;  // narrow beats gathered (widening) or sent (narrowing)
        logic step, full, full_q;  // full: a wide beat waits for its reader (widening) or to be sent (narrowing)
        (* keep = "true" *) logic room_q;  // not full: a register of its own, as full_q enables a whole beat of registers
        wire  last = part_q == LAST;

        always_ff @(posedge clk) begin
            if (rst) part_q <= '0;
            else if (step) part_q <= last ? '0 : part_q + 1'b1;
            full_q <= !rst && full;
            room_q <= rst || !full;
        end

        if (WIDEN) begin : g_widen
            // All parts but the last gather while the beat before waits for its reader.
            logic [WIDE-NARROW-1:0] gathered_q;
            logic [WIDE-1:0] wide_q;
            assign in0_ready  = room_q || !last;
            assign full       = full_q ? !out0_ready : in0_valid && last;
            assign step       = in0_valid && in0_ready;
            assign out0_data  = wide_q;
            assign out0_valid = full_q;
            wire [WIDE-1:0] whole = {in0_data, gathered_q};
            always_ff @(posedge clk) begin
                if (step) gathered_q <= whole[WIDE-1:NARROW];
                if (!full_q) wide_q <= whole;
            end
        end else begin : g_narrow
            // The last part stands apart, so that the next wide beat enters while it waits. The others stay in place and
            // are multiplexed: cheaper than a shift, which costs a LUT per bit. What is chosen is registered.
            logic [RATIO*NARROW-1:0] wide_q;
            logic [NARROW-1:0] last_q, chosen, narrow_q;
            logic valid_q;
            wire  advance = out0_ready || !valid_q;
            assign in0_ready  = room_q;
            assign full       = full_q ? !(step && part_q == LAST - 1'b1) : in0_valid;
            assign step       = advance && (full_q || last);
            assign out0_data  = narrow_q;
            assign out0_valid = valid_q;
            wire [RATIO*NARROW-1:0] parts = {last_q, wide_q[(RATIO-1)*NARROW-1:0]};
            for (genvar i = 0; i < NARROW; i++) begin : g_bit  // by part_q itself: a product of it costs an adder
                wire [RATIO-1:0] of_parts;
                for (genvar k = 0; k < RATIO; k++) begin : g_part
                    assign of_parts[k] = parts[k*NARROW+i];
                end
                assign chosen[i] = of_parts[part_q];
            end
            always_ff @(posedge clk) begin
                if (!full_q) wide_q <= in0_data;
                if (part_q == '0) last_q <= wide_q[(RATIO-1)*NARROW+:NARROW];
                if (advance) narrow_q <= chosen;
                if (rst) valid_q <= 1'b0;
                else if (advance) valid_q <= step;
            end
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
