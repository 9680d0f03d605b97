// Step function per channel: how many of its sorted thresholds a value has reached, then optionally a table.
//
// Function   count = #{j : x >= threshold[channel][j]}; out = BIAS + count, or table[channel][count] with TABLE.
//            A binary search, one threshold per stage: stage k knows the top k bits of the count and reads the one
//            threshold that decides the next bit. Places beyond STEPS hold a threshold that is never reached.
// Packing    PE elements a beat, element 0 in the low bits; FOLDS beats carry the channels of one pixel.
// Memories   <FILE>_<stage>_<lane>.mem, word row * 2^stage + top bits: a threshold, counted from the lowest value of
//            the input type, IN_BITS + 1 bits. <FILE>_table_<lane>.mem, word row * 2^STAGES + count. SHARED: one row.
// Latency    STAGES + 1 cycles, STAGES = ceil(log2(STEPS + 1)).
// II         1.
// Area       24 channels, 4 lanes, 15 steps of INT10, Yosys: 287 LUT, 375 FF; one row for all channels: 165 LUT.
// Reset      clears valids and the fold counter; data registers need none.
`default_nettype none

module thresholding #(
    parameter int PE = 1,
    parameter int FOLDS = 1,              // beats per pixel
    parameter int IN_BITS = 8,
    parameter bit SIGNED = 1'b1,
    parameter int STEPS = 1,
    parameter bit SHARED = 1'b0,          // all channels have the same thresholds
    parameter int OUT_BITS = 1,
    parameter int BIAS = 0,
    parameter bit TABLE = 1'b0,
    parameter bit [15:0] BLOCK = '0,       // bit k: stage k reads block RAM; bit STAGES: the table
    parameter FILE = "",
    localparam int STAGES = $clog2(STEPS + 1)
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire  [ PE*IN_BITS-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,
    output logic [PE*OUT_BITS-1:0] out0_data,   /// registered
    output logic                   out0_valid,  /// registered
    input  wire                    out0_ready
);
    localparam int ROWS = SHARED ? 1 : FOLDS;
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1;

    if (STEPS < 1 || STAGES > 10) begin : g_illegal
        $fatal(1, "thresholding: STEPS=%0d, legal: 1 to 1023", STEPS);
    end

    // A beat is in stage k while its threshold is being compared; stage STAGES is the output register.
    logic [STAGES:0] valid_q;
    wire adv = !valid_q[STAGES] || out0_ready;
    assign in0_ready  = adv;
    assign out0_valid = valid_q[STAGES];
    always_ff @(posedge clk) begin
        if (rst) valid_q <= '0;
        else if (adv) valid_q <= {valid_q[STAGES-1:0], in0_valid};
    end

    // Row of the memories: the beat's fold, carried along.
    logic [ROW_BITS-1:0] row[STAGES+1];
    if (ROWS > 1) begin : g_rows
        logic [ROW_BITS-1:0] fold_q;
        assign row[0] = fold_q;
        always_ff @(posedge clk) begin
            if (rst) fold_q <= '0;
            else if (adv && in0_valid) fold_q <= fold_q == ROW_BITS'(ROWS - 1) ? '0 : fold_q + 1'b1;
        end
        for (genvar k = 0; k < STAGES; k++) begin : g_carry
            logic [ROW_BITS-1:0] row_q;
            always_ff @(posedge clk) if (adv) row_q <= row[k];
            assign row[k+1] = row_q;
        end
    end else begin : g_one_row
        for (genvar k = 0; k <= STAGES; k++) begin : g_zero
            assign row[k] = '0;
        end
    end

    for (genvar p = 0; p < PE; p++) begin : g_lane
        localparam bit [23:0] LANE = {8'(48 + p / 100 % 10), 8'(48 + p / 10 % 10), 8'(48 + p % 10)};
        logic [IN_BITS-1:0] x[STAGES+1];     // counted from the lowest value; x[k+1] stands beside stage k's threshold
        logic [STAGES-1:0] known[STAGES+1];  // bits of the count known before stage k
        assign x[0] = in0_data[p*IN_BITS+:IN_BITS] ^ (IN_BITS'(SIGNED) << (IN_BITS - 1));
        assign known[0] = '0;
        for (genvar k = 0; k < STAGES; k++) begin : g_stage
            localparam int DEPTH = ROWS << k;
            localparam int ADDR_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
            logic [IN_BITS-1:0] x_q;
            logic [STAGES-1:0] top_q;
            wire [IN_BITS:0] threshold;
            always_ff @(posedge clk) if (adv) x_q <= x[k];
            always_ff @(posedge clk) if (adv) top_q <= known[k];
            assign x[k+1] = x_q;
            rom #(
                .DEPTH(DEPTH), .WIDTH(IN_BITS + 1), .BLOCK(BLOCK[k]), .INIT_FILE({FILE, "_", 8'(48 + k), "_", LANE, ".mem"})
            ) thresholds (
                .clk, .en(adv), .addr(ADDR_BITS'({row[k], {k{1'b0}}} | ADDR_BITS'(known[k]))), .data_q(threshold)
            );
            assign known[k+1] = STAGES'({top_q, {1'b0, x_q} >= threshold});
        end
        wire unused = &{1'b0, x[STAGES]};

        if (TABLE) begin : g_table
            rom #(
                .DEPTH(ROWS << STAGES), .WIDTH(OUT_BITS), .BLOCK(BLOCK[STAGES]), .INIT_FILE({FILE, "_table_", LANE, ".mem"})
            ) levels (
                .clk, .en(adv), .addr($clog2(ROWS << STAGES)'({row[STAGES], known[STAGES]})),
                .data_q(out0_data[p*OUT_BITS+:OUT_BITS])
            );
        end else begin : g_count
            logic [OUT_BITS-1:0] level_q;
            always_ff @(posedge clk) if (adv) level_q <= OUT_BITS'(BIAS + 32'(known[STAGES]));
            assign out0_data[p*OUT_BITS+:OUT_BITS] = level_q;
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
