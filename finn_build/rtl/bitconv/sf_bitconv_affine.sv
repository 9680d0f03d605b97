// Applies a step function of evenly spaced steps to totals, by a division in place.
//
// Function   A channel has two lines, s = (total >= KNEE), each with A and D, signed:
//            out = BIAS + count, count = #{j in 1..2^LEVEL_BITS-1 : total * 2^FRACTION >= A + (j - H) * D / H},
//            H = 2^(LEVEL_BITS-1), or < where D is negative: the steps go down. Non-restoring: a bit of count is a sign of
//            R = total * 2^FRACTION - A, then of 2R - D after a one, 2R + D after a zero. What outgrows R keeps its sign.
// Order      LANES channels a beat. Channel of lane l of beat row: row * LANES + l.
// Memories   Two slots a lane, lane 0 first. Word row: KNEE, TOTAL_BITS bits. Word {row, s}: {D, A}.
// Latency    3 + LEVEL_BITS cycles. II: LEVEL_BITS cycles a beat.
// Reset      clears control.
`default_nettype none

module sf_bitconv_affine #(
    parameter int LANES = 1,
    parameter int ROWS = 1,              // beats a pixel
    parameter int TOTAL_BITS = 10,
    parameter int LEVEL_BITS = 2,        // bits of count
    parameter int FRACTION = 0,
    parameter int A_BITS = 10,
    parameter int D_BITS = 10,
    parameter int OUT_BITS = 1,
    parameter int BIAS = 0,
    parameter bit PAIRED = 1'b0,         // lines as in sf_rom_late
    parameter int ROM_ADDR = 1,
    parameter int ROM_WORD = 1,
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1
) (
    input  wire                         clk,
    input  wire                         rst,          /// synchronous, active high
    input  wire  [LANES*TOTAL_BITS-1:0] totals,       /// see sf_bitconv_totals
    input  wire  [        ROW_BITS-1:0] row,
    input  wire                         totals_valid,
    output wire                         totals_ready,
    output logic [  LANES*OUT_BITS-1:0] out0_data,    /// registered
    output logic                        out0_valid,   /// registered
    input  wire                         out0_ready,
    output wire  [         2*LANES-1:0] rom_en,       /// see sf_thresholding
    output wire  [2*LANES*ROM_ADDR-1:0] rom_addr,
    input  wire  [2*LANES*ROM_WORD-1:0] rom_data
);
    localparam int LINE_BITS = $clog2(2 * ROWS);
    localparam int X_BITS = TOTAL_BITS + FRACTION;
    localparam int AD_BITS = A_BITS > D_BITS ? A_BITS : D_BITS;
    localparam int R_BITS = X_BITS > AD_BITS ? X_BITS : AD_BITS;

    if (LEVEL_BITS < 2) begin : g_illegal
        $fatal(1, "bitconv_affine: LEVEL_BITS=%0d must be 2 at least", LEVEL_BITS);
    end

    // Cycles since a value was issued: 1 compares with its knee, 2 subtracts A, the last one finds its lowest bit.
    logic [LEVEL_BITS+2:1] age_q;
    wire run, room;
    wire [LANES*OUT_BITS-1:0] levels;
    wire issue = totals_valid && totals_ready;
    wire load = age_q[2];
    wire finish = age_q[LEVEL_BITS+2];
    assign totals_ready = run && age_q[LEVEL_BITS-1:1] == 0;
    logic [ROW_BITS-1:0] row_q;
    always_ff @(posedge clk) begin
        if (rst) age_q <= '0;
        else if (run) age_q <= {age_q[LEVEL_BITS+1:1], issue};
        if (issue) row_q <= row;
    end

    for (genvar l = 0; l < LANES; l++) begin : g_lane
        logic signed [TOTAL_BITS-1:0] total_q;
        always_ff @(posedge clk) if (issue) total_q <= signed'(totals[l*TOTAL_BITS+:TOTAL_BITS]);

        wire line = run && age_q[1];
        wire [TOTAL_BITS-1:0] knee = rom_data[2*l*ROM_WORD+:TOTAL_BITS];
        assign rom_en[2*l+:2] = {line, issue};
        assign rom_addr[2*l*ROM_ADDR+:ROM_ADDR] = ROM_ADDR'(row);
        wire right = total_q >= signed'(knee);
        wire signed [A_BITS-1:0] a;
        wire signed [D_BITS-1:0] d;
        sf_rom_late #(
            .ADDR(LINE_BITS), .WIDTH(D_BITS + A_BITS), .PAIRED(PAIRED), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
        ) lines (
            .clk, .en(line), .addr(LINE_BITS'({row_q, right})),
            .rom_addr(rom_addr[(2*l+1)*ROM_ADDR+:ROM_ADDR]), .rom_data(rom_data[(2*l+1)*ROM_WORD+:ROM_WORD]), .word({d, a})
        );

        // One adder for all.
        logic [R_BITS-1:0] r_q;
        logic sign_q, outgrown_q, falls_q;
        logic [LEVEL_BITS-2:0] bits_q;
        wire one = sign_q == falls_q;
        wire signed [R_BITS:0] x = (R_BITS + 1)'(total_q) <<< FRACTION;
        wire signed [R_BITS:0] operand = load ? (R_BITS + 1)'(a) : (R_BITS + 1)'(d);
        wire subtract = load || one;
        wire [R_BITS:0] next = (load ? unsigned'(x) : {r_q, 1'b0}) + (unsigned'(operand) ^ {(R_BITS + 1) {subtract}}) + (R_BITS + 1)'(subtract);
        wire keeps = outgrown_q && !load;
        always_ff @(posedge clk) begin
            if (run) begin
                r_q <= next[R_BITS-1:0];
                outgrown_q <= keeps || next[R_BITS] != next[R_BITS-1];
                if (!keeps) sign_q <= next[R_BITS];
                if (load) falls_q <= d[D_BITS-1];
                bits_q <= (LEVEL_BITS - 1)'({bits_q, one});
            end
        end

        assign levels[l*OUT_BITS+:OUT_BITS] = OUT_BITS'(BIAS + 32'({bits_q, one}));
    end

    wire unused = &{1'b0, rom_data};
    assign run = !finish || room;
    sf_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(1)) outlet (
        .clk, .rst, .in0_data(levels), .in0_valid(finish), .in0_ready(room), .out0_data, .out0_valid, .out0_ready
    );

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
