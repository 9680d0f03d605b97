// Several streams to one: each beat of the output comes from one input, by a fixed pattern of FOLDS beats.
//
// Function   beat k of a pixel is the next beat of input SELECT[k], its elements widened to OUT_BITS and shifted left;
//            BIPOLAR elements of a sum type read 1 as +1, 0 as -1.
// Packing    PE elements a beat, element 0 in the low bits. The inputs lie side by side in in_data, input 0 in the low
//            bits, each as wide as its elements are; bit i of in_valid and in_ready is input i's.
// Latency    1 cycle.
// II         1.
// Reset      clears the place.
// Area       (Yosys, xc7) 2 inputs of 5 bits, a shuffle: 12 LUT, 13 FF.
`default_nettype none

module sf_concat #(
    parameter int INPUTS   = 2,
    parameter int PE       = 1,
    parameter int FOLDS    = 2,                        /// beats of the pattern
    parameter int BITS     = 1,                        /// of an entry of SELECT
    parameter bit [FOLDS*BITS-1:0] SELECT = 2'b10,     /// input of each beat, beat 0 in the low bits
    parameter int OUT_BITS = 4,                        /// of an element
    parameter bit [INPUTS*8-1:0] IN_BITS = 16'h0404,   /// of an element, 8 bits for each input
    parameter bit [INPUTS*8-1:0] SHIFTS  = 16'h0000,   /// factors, as powers of two, 8 bits for each input
    parameter bit [INPUTS-1:0]   SIGNED  = 2'b00,
    parameter bit [INPUTS-1:0]   BIPOLAR = 2'b00,      /// elements to be read as +1 and -1
    parameter int IN_WIDTH = 8                         /// of in_data
) (
    input  wire                    clk,
    input  wire                    rst,        /// synchronous, active high
    input  wire  [   IN_WIDTH-1:0] in_data,
    input  wire  [     INPUTS-1:0] in_valid,
    output logic [     INPUTS-1:0] in_ready,   /// of the input whose turn it is; depends on registers alone
    output logic [PE*OUT_BITS-1:0] out_data,   /// registered
    output logic                   out_valid,  /// registered
    input  wire                    out_ready
);
    localparam int PLACE_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;

    if (2 ** BITS < INPUTS) begin : g_illegal
        $fatal(1, "concat: BITS=%0d cannot name INPUTS=%0d", BITS, INPUTS);
    end

    function automatic int offset(input int index);
        int bits = 0;
        for (int i = 0; i < index; i++) bits += PE * int'(IN_BITS[i*8+:8]);
        return bits;
    endfunction

    logic [PLACE_BITS-1:0] place_q;
    logic [BITS-1:0] turn_q;  // SELECT at place_q, of its own register: every input's ready waits for it
    wire  [PLACE_BITS-1:0] next_place = place_q == PLACE_BITS'(FOLDS - 1) ? '0 : place_q + 1'b1;
    wire [INPUTS-1:0][PE*OUT_BITS-1:0] widened;

    for (genvar i = 0; i < INPUTS; i++) begin : g_input
        localparam int N = int'(IN_BITS[i*8+:8]);
        for (genvar p = 0; p < PE; p++) begin : g_lane
            wire [N-1:0] raw = in_data[offset(i)+p*N+:N];
            wire signed [OUT_BITS-1:0] value;
            if (BIPOLAR[i]) begin : g_bipolar
                assign value = OUT_BITS'($signed({!raw[0], 1'b1}));
            end else begin : g_integer
                assign value = OUT_BITS'($signed({SIGNED[i] && raw[N-1], raw}));
            end
            assign widened[i][p*OUT_BITS+:OUT_BITS] = unsigned'(value << SHIFTS[i*8+:8]);
        end
    end

    logic [PE*OUT_BITS-1:0] next;
    logic room;
    wire  next_valid = in_valid[turn_q];
    always_comb begin
        next = '0;
        for (int i = 0; i < INPUTS; i++) begin
            in_ready[i] = room && turn_q == BITS'(i);
            next |= widened[i] & {PE * OUT_BITS{turn_q == BITS'(i)}};
        end
    end

    sf_fifo #(.WIDTH(PE * OUT_BITS), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(next), .in0_valid(next_valid), .in0_ready(room),
        .out0_data(out_data), .out0_valid(out_valid), .out0_ready(out_ready)
    );

    always_ff @(posedge clk) begin
        if (rst) begin
            place_q <= '0;
            turn_q  <= SELECT[BITS-1:0];
        end else if (next_valid && room) begin
            place_q <= next_place;
            turn_q  <= SELECT[next_place*BITS+:BITS];
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out_valid && !out_ready |=> out_valid && $stable(out_data));
`endif
endmodule

`default_nettype wire
