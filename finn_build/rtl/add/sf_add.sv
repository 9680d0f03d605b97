// Sum of two streams: out = a * A_SCALE + b * B_SCALE.
//
// Function   element by element; a beat leaves when both operands are there. BIPOLAR operands read 1 as +1, 0 as -1.
//            B_SCALE may be negative.
// Packing    PE elements a beat, element 0 in the low bits; OUT_BITS hold every sum, two's complement.
// Latency    2 cycles, 3 if REGISTERED.
// II         1.
// Area       4 lanes INT4 + INT4, Yosys: 58 LUT, 89 FF; factors are sums and differences of shifts, no DSP.
// Reset      clears the valid; the data register needs none.
`default_nettype none

module sf_add #(
    parameter int PE        = 1,
    parameter int A_BITS    = 4,
    parameter int B_BITS    = 4,
    parameter bit A_SIGNED  = 1'b1,
    parameter bit B_SIGNED  = 1'b1,
    parameter bit A_BIPOLAR = 1'b0,
    parameter bit B_BIPOLAR = 1'b0,
    parameter int A_SCALE   = 1,
    parameter int B_SCALE   = 1,
    parameter bit REGISTERED = 1'b0,    /// a register behind both products
    parameter int OUT_BITS  = 5
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire  [  PE*A_BITS-1:0] in0_data,    /// a
    input  wire                    in0_valid,
    output logic                   in0_ready,   /// registered
    input  wire  [  PE*B_BITS-1:0] in1_data,    /// b
    input  wire                    in1_valid,
    output logic                   in1_ready,   /// registered
    output logic [PE*OUT_BITS-1:0] out0_data,   /// registered
    output logic                   out0_valid,  /// registered
    input  wire                    out0_ready
);
    if (A_BIPOLAR && A_BITS != 1) begin : g_illegal_a
        $fatal(1, "add: BIPOLAR operands have 1 bit, not A_BITS=%0d", A_BITS);
    end
    if (B_BIPOLAR && B_BITS != 1) begin : g_illegal_b
        $fatal(1, "add: BIPOLAR operands have 1 bit, not B_BITS=%0d", B_BITS);
    end

    logic [PE*A_BITS-1:0] a_data;
    logic [PE*B_BITS-1:0] b_data;
    logic both, summed;  // both operands are there; what is summed is
    wire  room = !out0_valid || out0_ready;
    sf_join #(.A_WIDTH(PE * A_BITS), .B_WIDTH(PE * B_BITS)) operands (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_data, .in1_valid, .in1_ready, .a_data, .b_data, .out0_valid(both),
        .out0_ready(room)
    );

    always_ff @(posedge clk) begin
        if (rst) out0_valid <= 1'b0;
        else if (room) out0_valid <= summed;
    end

    if (REGISTERED) begin : g_valid
        logic summed_q;
        always_ff @(posedge clk) begin
            if (rst) summed_q <= 1'b0;
            else if (room) summed_q <= both;
        end
        assign summed = summed_q;
    end else begin : g_no_valid
        assign summed = both;
    end

    // Shifts, added and taken off, as few as there can be: `*` by a constant would take a DSP slice in Yosys. 2 * scale
    // is plus - minus: its ones, or the signed digits of which no two adjacent ones are set, whichever are fewer.
    function automatic logic signed [OUT_BITS-1:0] times(input logic signed [OUT_BITS-1:0] value, input int scale);
        logic signed [OUT_BITS-1:0] product = '0;
        longint ones = longint'(scale), plus = 3 * ones & ~ones, minus = ones & ~(3 * ones);
        if ($countones(ones) <= $countones(plus) + $countones(minus)) begin
            plus  = 2 * ones;
            minus = 0;
        end
        for (int k = 0; k < OUT_BITS; k++) begin
            if (((plus >>> (k + 1)) & 1) != 0) product = product + (value << k);
            if (((minus >>> (k + 1)) & 1) != 0) product = product - (value << k);
        end
        return product;
    endfunction

    for (genvar p = 0; p < PE; p++) begin : g_lane
        logic signed [OUT_BITS-1:0] a, b, sum_q;
        wire [A_BITS-1:0] a_raw = a_data[p*A_BITS+:A_BITS];
        wire [B_BITS-1:0] b_raw = b_data[p*B_BITS+:B_BITS];
        // The bit above the payload: 0 for unsigned, the sign for signed; BIPOLAR 0, 1 become -1, +1 as {!x, 1}.
        if (A_BIPOLAR) begin : g_a_bipolar
            assign a = OUT_BITS'($signed({!a_raw, 1'b1}));
        end else begin : g_a
            assign a = OUT_BITS'($signed({A_SIGNED && a_raw[A_BITS-1], a_raw}));
        end
        if (B_BIPOLAR) begin : g_b_bipolar
            assign b = OUT_BITS'($signed({!b_raw, 1'b1}));
        end else begin : g_b
            assign b = OUT_BITS'($signed({B_SIGNED && b_raw[B_BITS-1], b_raw}));
        end
        wire signed [OUT_BITS-1:0] a_times = times(a, A_SCALE);
        wire signed [OUT_BITS-1:0] b_times = times(b, B_SCALE < 0 ? -B_SCALE : B_SCALE);
        logic signed [OUT_BITS-1:0] left, right;
        if (REGISTERED) begin : g_products
            logic signed [OUT_BITS-1:0] left_q, right_q;
            always_ff @(posedge clk) if (room) {left_q, right_q} <= {a_times, b_times};
            assign left  = left_q;
            assign right = right_q;
        end else begin : g_sum
            assign left  = a_times;
            assign right = b_times;
        end
        always_ff @(posedge clk) if (room) sum_q <= B_SCALE < 0 ? left - right : left + right;
        assign out0_data[p*OUT_BITS+:OUT_BITS] = unsigned'(sum_q);
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
