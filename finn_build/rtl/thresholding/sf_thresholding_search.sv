// One lane of thresholding: a binary search among thresholds in full, one a stage.
//
// Function   count = #{j : x >= threshold[row][j]}; level = BIAS + count, or table[row][count] with TABLE.
//            Stage k knows the top k bits of the count and reads the one threshold that decides the next bit. Places
//            beyond the steps hold a threshold that is never reached.
// Memories   <FILE>_<stage>_<lane>.mem, word row * 2^stage + top bits: a threshold, counted from the lowest value of
//            the input type, IN_BITS + 1 bits. <FILE>_table_<lane>.mem, word row * 2^STAGES + count.
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
    parameter bit [31:0] BLOCK = '0,  // bit k: stage k reads block RAM; bit STAGES: the table
    parameter FILE = "",
    parameter int LANE = 0,
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1
) (
    input  wire                              clk,
    input  wire                              en,
    input  wire  [  STAGES:0][ROW_BITS-1:0]  rows,
    input  wire  [             IN_BITS-1:0]  x_in,
    output logic [            OUT_BITS-1:0]  level  /// registered
);
    logic [IN_BITS-1:0] x[STAGES+1];     // counted from the lowest value; x[k+1] stands beside stage k's threshold
    logic [STAGES-1:0] known[STAGES+1];  // bits of the count known before stage k
    assign x[0] = x_in ^ (IN_BITS'(SIGNED) << (IN_BITS - 1));
    assign known[0] = '0;
    for (genvar k = 0; k < STAGES; k++) begin : g_stage
        localparam int DEPTH = ROWS << k;
        localparam int ADDR_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
        logic [IN_BITS-1:0] x_q;
        logic [STAGES-1:0] top_q;
        wire [IN_BITS:0] threshold;
        always_ff @(posedge clk) if (en) x_q <= x[k];
        always_ff @(posedge clk) if (en) top_q <= known[k];
        assign x[k+1] = x_q;
        localparam STAGE_FILE = $sformatf("%s_%0d_%0d.mem", FILE, k, LANE);
        sf_rom #(.DEPTH(DEPTH), .WIDTH(IN_BITS + 1), .BLOCK(BLOCK[k]), .INIT_FILE(STAGE_FILE)) thresholds (
            .clk, .en, .addr(ADDR_BITS'({rows[k], {k{1'b0}}}) | ADDR_BITS'(known[k])), .data_q(threshold)
        );
        assign known[k+1] = STAGES'({top_q, {1'b0, x_q} >= threshold});
    end
    wire unused = &{1'b0, x[STAGES]};

    if (TABLE) begin : g_table
        localparam TABLE_FILE = $sformatf("%s_table_%0d.mem", FILE, LANE);
        sf_rom #(.DEPTH(ROWS << STAGES), .WIDTH(OUT_BITS), .BLOCK(BLOCK[STAGES]), .INIT_FILE(TABLE_FILE)) levels (
            .clk, .en, .addr($clog2(ROWS << STAGES)'({rows[STAGES], known[STAGES]})), .data_q(level)
        );
    end else begin : g_count
        always_ff @(posedge clk) if (en) level <= OUT_BITS'(BIAS + 32'(known[STAGES]));
        wire unused_row = &{1'b0, rows[STAGES]};
    end
endmodule

`default_nettype wire
