// Two streams joined element by element: product, greater or lesser one.
//
// Function   out = a * b (FUNCTION 0), max(a, b) (1) or min(a, b) (2); a beat leaves when both operands are there.
//            BIPOLAR operands read 1 as +1, 0 as -1.
// Packing    PE elements a beat, element 0 in the low bits; OUT_BITS hold every result, two's complement.
// Latency    3 cycles.
// II         1.
// Reset      clears the valids; the data registers need none.
// Area       DSP: a DSP48 a lane takes the product and both of its registers.
`default_nettype none

module sf_eltwise #(
    parameter int FUNCTION  = 0,
    parameter int PE        = 1,
    parameter int A_BITS    = 8,
    parameter int B_BITS    = 8,
    parameter bit A_SIGNED  = 1'b1,
    parameter bit B_SIGNED  = 1'b0,
    parameter bit A_BIPOLAR = 1'b0,
    parameter bit B_BIPOLAR = 1'b0,
    parameter bit DSP       = 1'b1,
    parameter int OUT_BITS  = 17
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
    if ((A_BIPOLAR && A_BITS != 1) || (B_BIPOLAR && B_BITS != 1)) begin : g_illegal
        $fatal(1, "eltwise: BIPOLAR operands have 1 bit, not A_BITS=%0d, B_BITS=%0d", A_BITS, B_BITS);
    end

    logic [PE*A_BITS-1:0] a_data;
    logic [PE*B_BITS-1:0] b_data;
    logic both, made_q;
    wire  room = !out0_valid || out0_ready;
    sf_join #(.A_WIDTH(PE * A_BITS), .B_WIDTH(PE * B_BITS)) operands (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_data, .in1_valid, .in1_ready, .a_data, .b_data, .out0_valid(both),
        .out0_ready(room)
    );

    always_ff @(posedge clk) begin
        if (rst) {out0_valid, made_q} <= '0;
        else if (room) {out0_valid, made_q} <= {made_q, both};
    end

    // An element as a signed number: one bit more holds an unsigned one; BIPOLAR 0, 1 are -1, +1 as {!x, 1}.
    for (genvar p = 0; p < PE; p++) begin : g_lane
        wire [A_BITS-1:0] a_raw = a_data[p*A_BITS+:A_BITS];
        wire [B_BITS-1:0] b_raw = b_data[p*B_BITS+:B_BITS];
        wire signed [A_BITS:0] a = A_BIPOLAR ? $signed({!a_raw[0], A_BITS'(1)}) : $signed({A_SIGNED && a_raw[A_BITS-1], a_raw});
        wire signed [B_BITS:0] b = B_BIPOLAR ? $signed({!b_raw[0], B_BITS'(1)}) : $signed({B_SIGNED && b_raw[B_BITS-1], b_raw});
        logic signed [OUT_BITS-1:0] result_q;
        if (FUNCTION == 0 && DSP) begin : g_slice
            (* use_dsp = "yes" *) logic signed [A_BITS+B_BITS+1:0] product_q;
            always_ff @(posedge clk) begin
                if (room) product_q <= a * b;
                if (room) result_q <= OUT_BITS'(product_q);
            end
            wire unused = &{1'b0, product_q};  // its upper bits are signs
        end else if (FUNCTION == 0) begin : g_product
            (* use_dsp = "no" *) logic signed [A_BITS+B_BITS+1:0] product_q;
            always_ff @(posedge clk) begin
                if (room) product_q <= a * b;
                if (room) result_q <= OUT_BITS'(product_q);
            end
            wire unused = &{1'b0, product_q};
        end else begin : g_choice
            localparam int BITS = A_BITS > B_BITS ? A_BITS + 1 : B_BITS + 1;
            wire more = BITS'(a) > BITS'(b);
            logic signed [OUT_BITS-1:0] chosen_q;
            always_ff @(posedge clk) begin
                if (room) chosen_q <= more == (FUNCTION == 1) ? OUT_BITS'(a) : OUT_BITS'(b);
                if (room) result_q <= chosen_q;
            end
        end
        assign out0_data[p*OUT_BITS+:OUT_BITS] = unsigned'(result_q);
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
