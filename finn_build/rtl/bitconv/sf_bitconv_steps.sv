// Applies a step function to totals, LANES channels at a time, by a search in place.
//
// Function   count = #{j : total >= threshold[channel][j]};
//            out = BIAS + count, or table[channel][count]. A binary search with one comparator a lane: a step a cycle.
// Order      LANES channels a beat. Channel of lane l of beat row: row * LANES + l.
// Memories   Two slots a lane, lane 0 first. Word {row, node} (row alone for one step): the threshold at a node of the search
//            tree, root 1, children 2n and 2n + 1, TOTAL_BITS + 1 bits, counted from the lowest total. Word {row, count}
//            with TABLE: a level. Places beyond STEPS hold a threshold that is never reached.
// Latency    STAGES cycles, 1 more unless SPACED. II: STAGES cycles a beat, 2 at least with SPACED.
// Reset      clears control.
`default_nettype none

module sf_bitconv_steps #(
    parameter int LANES = 1,
    parameter int ROWS = 1,              // beats a pixel
    parameter int TOTAL_BITS = 10,
    parameter int STEPS = 1,
    parameter int OUT_BITS = 1,
    parameter int BIAS = 0,
    parameter bit TABLE = 1'b0,
    parameter bit [1:0] PAIRED = '0,     // bit 0: steps, 1: table as in sf_rom_late
    parameter bit SPACED = 1'b0,         // there is time for a cycle between two beats
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
    localparam int STAGES = $clog2(STEPS + 1);
    localparam int STAGE_BITS = STAGES > 1 ? $clog2(STAGES) : 1;
    localparam int TBITS = TOTAL_BITS + 1;
    localparam int NODE_BITS = $clog2(ROWS << STAGES);

    wire run;
    // One search: busy from the cycle in which its first threshold is there.
    logic busy_q, last;
    wire issue = totals_valid && totals_ready;
    assign totals_ready = (!busy_q || last) && run;
    always_ff @(posedge clk) begin
        if (rst) busy_q <= 1'b0;
        else if (run) busy_q <= issue || (busy_q && !last);
    end

    // The rows of the group in search, and in the node memory.
    logic [ROW_BITS-1:0] found_row_q;
    wire [ROW_BITS-1:0] read_row = issue ? row : found_row_q;
    always_ff @(posedge clk) if (issue) found_row_q <= row;

    if (STAGES > 1) begin : g_stages
        logic [STAGE_BITS-1:0] stage_q;
        assign last = stage_q == STAGE_BITS'(STAGES - 1);
        always_ff @(posedge clk) begin
            if (issue) stage_q <= '0;
            else if (run) stage_q <= stage_q + 1'b1;
        end
    end else begin : g_one_stage
        assign last = 1'b1;
    end

    wire found;
    wire [LANES*OUT_BITS-1:0] levels;
    wire [LANES*STAGES-1:0] counts;
    for (genvar l = 0; l < LANES; l++) begin : g_lane
        wire [TOTAL_BITS-1:0] total = totals[l*TOTAL_BITS+:TOTAL_BITS];
        logic [TOTAL_BITS-1:0] code_q;  // counted from the lowest total
        always_ff @(posedge clk) if (issue) code_q <= {!total[TOTAL_BITS-1], total[TOTAL_BITS-2:0]};

        wire [TBITS-1:0] threshold;
        wire reached = {1'b0, code_q} >= threshold;
        assign rom_en[2*l+:2] = {found, run};
        if (STAGES > 1) begin : g_tree
            logic [STAGES-1:0] node_q;
            wire [STAGES:0] child = {node_q, reached};
            wire [STAGES-1:0] node = issue ? STAGES'(1) : child[STAGES-1:0];
            always_ff @(posedge clk) if (run) node_q <= node;
            sf_rom_late #(
                .ADDR(NODE_BITS), .WIDTH(TBITS), .PAIRED(PAIRED[0]), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
            ) thresholds (
                .clk, .en(run), .addr(NODE_BITS'({read_row, node})),
                .rom_addr(rom_addr[2*l*ROM_ADDR+:ROM_ADDR]), .rom_data(rom_data[2*l*ROM_WORD+:ROM_WORD]), .word(threshold)
            );
            assign counts[l*STAGES+:STAGES] = child[STAGES-1:0];
            wire unused = &{1'b0, child[STAGES]};
        end else begin : g_root
            assign rom_addr[2*l*ROM_ADDR+:ROM_ADDR] = ROM_ADDR'(read_row);
            assign threshold = rom_data[2*l*ROM_WORD+:TBITS];
            assign counts[l] = reached;
        end

        if (TABLE) begin : g_table
            sf_rom_late #(
                .ADDR(NODE_BITS), .WIDTH(OUT_BITS), .PAIRED(PAIRED[1]), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
            ) level_table (
                .clk, .en(found), .addr(NODE_BITS'({found_row_q, counts[l*STAGES+:STAGES]})),
                .rom_addr(rom_addr[(2*l+1)*ROM_ADDR+:ROM_ADDR]), .rom_data(rom_data[(2*l+1)*ROM_WORD+:ROM_WORD]),
                .word(levels[l*OUT_BITS+:OUT_BITS])
            );
        end else begin : g_count
            logic [OUT_BITS-1:0] level_q;
            always_ff @(posedge clk) if (found) level_q <= OUT_BITS'(BIAS + 32'(counts[l*STAGES+:STAGES]));
            assign levels[l*OUT_BITS+:OUT_BITS] = level_q;
            assign rom_addr[(2*l+1)*ROM_ADDR+:ROM_ADDR] = '0;
        end
    end

    wire unused_data = &{1'b0, rom_data};

    logic out_valid_q, taken;
    assign found = busy_q && last && run;
    always_ff @(posedge clk) begin
        if (rst) out_valid_q <= 1'b0;
        else out_valid_q <= found || (out_valid_q && !taken);
    end
    if (SPACED) begin : g_place
        assign run = !(busy_q && last) || !out_valid_q;
        assign taken = out0_ready;
        assign out0_data = levels;
        assign out0_valid = out_valid_q;
    end else begin : g_pair
        assign run = !(busy_q && last) || !out_valid_q || taken;
        sf_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(2)) pair (
            .clk, .rst, .in0_data(levels), .in0_valid(out_valid_q), .in0_ready(taken), .out0_data, .out0_valid, .out0_ready
        );
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
