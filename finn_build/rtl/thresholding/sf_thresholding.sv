// Step function per channel: how many of its sorted thresholds a value has reached, then optionally a table.
//
// Function   of each lane: sf_thresholding_search.sv, or sf_thresholding_midpoint.sv where MIDPOINT.
// Packing    PE elements a beat, element 0 in the low bits; FOLDS beats carry the channels of one pixel.
// Memories   those of the lanes, MEMORIES slots each, lane 0 first; a row for each of the FOLDS; SHARED: one row.
// Latency    STAGES + 2 cycles, 2 * STAGES + 4 where MIDPOINT.
// II         1.
// Reset      clears valids and the fold counter; data registers need none.
`default_nettype none

module sf_thresholding #(
    parameter int PE = 1,
    parameter int FOLDS = 1,              // beats per pixel
    parameter int IN_BITS = 8,
    parameter bit SIGNED = 1'b1,
    parameter int STAGES = 1,             // bits of the count
    parameter bit SHARED = 1'b0,          // all channels have the same thresholds
    parameter int OUT_BITS = 1,
    parameter int BIAS = 0,
    parameter bit TABLE = 1'b0,
    parameter bit MIDPOINT = 1'b0,        // what follows, except the last two: see sf_thresholding_midpoint.sv
    parameter int DIP_BITS = 0,
    parameter int BASE = 0,
    parameter int LIMIT = 1,
    parameter bit CAPPED = 1'b0,
    parameter bit MIRRORED = 1'b0,
    parameter bit [10*6-1:0] SPAN_BITS = '0,
    parameter bit [10*6-1:0] DISPLACEMENT_BITS = '0,
    parameter bit [10*32-1:0] LOWEST = '0,
    parameter bit [31:0] PAIRED = '0,     // memories of two words at a place, see the lanes
    parameter int ROM_ADDR = 1,
    parameter int ROM_WORD = IN_BITS + 1,
    localparam int MEMORIES = MIDPOINT ? STAGES + 1 + (DIP_BITS > 0 ? DIP_BITS + 1 : 0) + 32'(MIRRORED) : STAGES + 32'(TABLE)
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire  [ PE*IN_BITS-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,   /// registered
    output logic [PE*OUT_BITS-1:0] out0_data,   /// registered
    output logic                   out0_valid,  /// registered
    input  wire                    out0_ready,
    output wire  [         PE*MEMORIES-1:0] rom_en,    /// memories, in the op's instance: one a slot
    output wire  [PE*MEMORIES*ROM_ADDR-1:0] rom_addr,  /// what a memory needs, in a slot's low bits
    input  wire  [PE*MEMORIES*ROM_WORD-1:0] rom_data
);
    localparam int LATENCY = MIDPOINT ? 2 * STAGES + 3 : STAGES + 1;
    localparam int ROWS = SHARED ? 1 : FOLDS;
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1;

    if (STAGES < 1 || STAGES > 10) begin : g_illegal
        $fatal(1, "thresholding: STAGES=%0d, legal: 1 to 10", STAGES);
    end
    if (MIDPOINT && (DIP_BITS > 2 * STAGES || TABLE)) begin : g_illegal_dip
        $fatal(1, "thresholding: DIP_BITS=%0d, legal: 0 to %0d and no TABLE", DIP_BITS, 2 * STAGES);
    end

    logic [LATENCY-1:0] valid_q;
    wire [PE*OUT_BITS-1:0] levels;
    wire adv;
    assign in0_ready = adv;
    assign rom_en = {(PE * MEMORIES) {adv}};
    always_ff @(posedge clk) begin
        if (rst) valid_q <= '0;
        else if (adv) valid_q <= LATENCY'({valid_q, in0_valid});
    end

    sf_fifo #(.WIDTH(PE * OUT_BITS), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(levels), .in0_valid(valid_q[LATENCY-1]), .in0_ready(adv),
        .out0_data, .out0_valid, .out0_ready
    );

    // Row of the memories: the beat's fold, carried along.
    wire [LATENCY-1:0][ROW_BITS-1:0] rows;
    if (ROWS > 1) begin : g_rows
        logic [ROW_BITS-1:0] fold_q;
        logic [LATENCY-2:0][ROW_BITS-1:0] rows_q;
        assign rows[0] = fold_q;
        assign rows[LATENCY-1:1] = rows_q;
        always_ff @(posedge clk) begin
            if (rst) fold_q <= '0;
            else if (adv && in0_valid) fold_q <= fold_q == ROW_BITS'(ROWS - 1) ? '0 : fold_q + 1'b1;
        end
        always_ff @(posedge clk) if (adv) rows_q <= rows[LATENCY-2:0];
    end else begin : g_one_row
        assign rows = '0;
    end

    for (genvar p = 0; p < PE; p++) begin : g_lane
        if (MIDPOINT) begin : g_midpoint
            sf_thresholding_midpoint #(
                .ROWS(ROWS), .IN_BITS(IN_BITS), .SIGNED(SIGNED), .STAGES(STAGES), .DIP_BITS(DIP_BITS), .OUT_BITS(OUT_BITS),
                .BIAS(BIAS), .BASE(BASE), .LIMIT(LIMIT), .CAPPED(CAPPED), .MIRRORED(MIRRORED),
                .SPAN_BITS(SPAN_BITS), .DISPLACEMENT_BITS(DISPLACEMENT_BITS), .LOWEST(LOWEST), .PAIRED(PAIRED),
                .MEMORIES(MEMORIES), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
            ) lane (
                .clk, .en(adv), .rows, .x_in(in0_data[p*IN_BITS+:IN_BITS]), .level(levels[p*OUT_BITS+:OUT_BITS]),
                .rom_addr(rom_addr[p*MEMORIES*ROM_ADDR+:MEMORIES*ROM_ADDR]),
                .rom_data(rom_data[p*MEMORIES*ROM_WORD+:MEMORIES*ROM_WORD])
            );
        end else begin : g_search
            sf_thresholding_search #(
                .ROWS(ROWS), .IN_BITS(IN_BITS), .SIGNED(SIGNED), .STAGES(STAGES), .OUT_BITS(OUT_BITS), .BIAS(BIAS),
                .TABLE(TABLE), .PAIRED(PAIRED), .MEMORIES(MEMORIES), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
            ) lane (
                .clk, .en(adv), .rows, .x_in(in0_data[p*IN_BITS+:IN_BITS]), .level(levels[p*OUT_BITS+:OUT_BITS]),
                .rom_addr(rom_addr[p*MEMORIES*ROM_ADDR+:MEMORIES*ROM_ADDR]),
                .rom_data(rom_data[p*MEMORIES*ROM_WORD+:MEMORIES*ROM_WORD])
            );
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
