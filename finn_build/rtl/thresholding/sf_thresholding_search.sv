// One lane of thresholding: a binary search among thresholds in full, one a stage.
//
// Function   count = #{j : x >= threshold[row][j]}; level = BIAS + count, or table[row][count] with TABLE.
//            Stage k knows the top k bits of the count and reads the one threshold that decides the next bit. Places
//            beyond the steps hold a threshold that is never reached.
// Memories   Slot <stage>, word row * 2^stage + top bits: a threshold, counted from the lowest value of the input type,
//            IN_BITS + 1 bits. With TABLE slot STAGES, word row * 2^STAGES + count.
// Latency    STAGES + 1 enabled cycles. rows[k]: the row of what came in k cycles ago.
// II         1.
// Area       24 channels, 4 lanes, 15 steps of INT10, Yosys: 287 LUT, 375 FF in all; one row for all channels: 165 LUT.
// Reset      none.
`default_nettype none

module sf_thresholding_search #(
    parameter int ROWS = 1,
    parameter int IN_BITS = 8,
    parameter bit SIGNED = 1'b1,
    parameter int STAGES = 1,
    parameter int OUT_BITS = 1,
    parameter int BIAS = 0,
    parameter bit TABLE = 1'b0,
    parameter bit [31:0] PAIRED = '0,  // bit k: slot k as in sf_rom_late
    parameter int MEMORIES = 1,
    parameter int ROM_ADDR = 1,
    parameter int ROM_WORD = 1,
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1
) (
    input  wire                              clk,
    input  wire                              en,
    input  wire  [  STAGES:0][ROW_BITS-1:0]  rows,
    input  wire  [             IN_BITS-1:0]  x_in,
    output logic [            OUT_BITS-1:0]  level,  /// registered
    output wire  [   MEMORIES*ROM_ADDR-1:0]  rom_addr,
    input  wire  [   MEMORIES*ROM_WORD-1:0]  rom_data
);
    logic [IN_BITS-1:0] x[STAGES+1];     // counted from the lowest value; x[k+1] stands beside stage k's threshold
    logic [STAGES-1:0] known[STAGES+1];  // bits of the count known before stage k
    assign x[0] = x_in ^ (IN_BITS'(SIGNED) << (IN_BITS - 1));
    assign known[0] = '0;

    // Whether x >= t, bit by bit: with a constant t a LUT takes six bits of x, where a carry chain takes one or two.
    function automatic logic reached(input logic [IN_BITS-1:0] value, input logic [IN_BITS:0] t);
        logic so_far = 1'b1;
        for (int i = 0; i < IN_BITS; i++) so_far = t[i] ? value[i] && so_far : value[i] || so_far;
        return so_far && !t[IN_BITS];
    endfunction

    for (genvar k = 0; k < STAGES; k++) begin : g_stage
        localparam int DEPTH = ROWS << k;
        localparam int ADDR_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
        logic [IN_BITS-1:0] x_q;
        logic [STAGES-1:0] top_q;
        wire [IN_BITS:0] threshold;
        always_ff @(posedge clk) if (en) x_q <= x[k];
        always_ff @(posedge clk) if (en) top_q <= known[k];
        assign x[k+1] = x_q;
        sf_rom_late #(
            .ADDR(ADDR_BITS), .WIDTH(IN_BITS + 1), .PAIRED(PAIRED[k]), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
        ) thresholds (
            .clk, .en, .addr(ADDR_BITS'({rows[k], {k{1'b0}}}) | ADDR_BITS'(known[k])),
            .rom_addr(rom_addr[k*ROM_ADDR+:ROM_ADDR]), .rom_data(rom_data[k*ROM_WORD+:ROM_WORD]), .word(threshold)
        );
        assign known[k+1] = STAGES'({top_q, DEPTH == 1 ? reached(x_q, threshold) : {1'b0, x_q} >= threshold});
    end
    wire unused = &{1'b0, x[STAGES]};

    if (TABLE) begin : g_table
        localparam int ADDR_BITS = $clog2(ROWS << STAGES);
        sf_rom_late #(
            .ADDR(ADDR_BITS), .WIDTH(OUT_BITS), .PAIRED(PAIRED[STAGES]), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
        ) levels (
            .clk, .en, .addr(ADDR_BITS'({rows[STAGES], known[STAGES]})),
            .rom_addr(rom_addr[STAGES*ROM_ADDR+:ROM_ADDR]), .rom_data(rom_data[STAGES*ROM_WORD+:ROM_WORD]), .word(level)
        );
    end else begin : g_count
        always_ff @(posedge clk) if (en) level <= OUT_BITS'(BIAS + 32'(known[STAGES]));
        wire unused_row = &{1'b0, rows[STAGES]};
    end
endmodule

`default_nettype wire
