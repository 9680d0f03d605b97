// Finished sums waiting for their step function: LANES channels at a time, the shortcut added.
//
// Function   total = SUM_SCALE * sum + SHORTCUT_SCALE * shortcut.
// Order      PE sums at once, then LANES channels a beat. Channel of lane l of beat row: row * LANES + l.
// Latency    1 cycle. II: PE / LANES beats out for a beat in.
// Reset      clears control.
`default_nettype none

module sf_bitconv_totals #(
    parameter int PE = 1,
    parameter int LANES = 1,
    parameter int ROWS = 1,              // beats a pixel
    parameter int ACC_BITS = 8,
    parameter int SUM_SCALE = 1,
    parameter bit SHORTCUT = 1'b0,
    parameter int SHORTCUT_BITS = 4,
    parameter bit SHORTCUT_SIGNED = 1'b1,
    parameter int SHORTCUT_SCALE = 1,
    parameter int TOTAL_BITS = 10,
    parameter bit SPACED = 1'b0,         // there is time for a cycle between two sums
    localparam int ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1
) (
    input  wire                            clk,
    input  wire                            rst,             /// synchronous, active high
    input  wire  [        PE*ACC_BITS-1:0] sums,
    input  wire                            sums_valid,
    output wire                            sums_ready,
    output wire                            sums_ready_next, /// what sums_ready will be in the next cycle, with SPACED
    input  wire  [LANES*SHORTCUT_BITS-1:0] shortcut,
    input  wire                            shortcut_valid,
    output wire                            shortcut_ready,
    output wire  [   LANES*TOTAL_BITS-1:0] totals,          /// two's complement, behind the adder
    output logic [           ROW_BITS-1:0] row,             /// of these totals
    output wire                            totals_valid,
    input  wire                            totals_ready
);
    localparam int GROUPS = PE / LANES;
    localparam int LEFT_BITS = $clog2(GROUPS + 1);

    if (PE % LANES != 0) begin : g_illegal
        $fatal(1, "bitconv_totals: LANES=%0d must divide PE=%0d", LANES, PE);
    end

    // The next group is in the low bits.
    logic [PE*ACC_BITS-1:0] waiting_q;
    logic [LEFT_BITS-1:0] left_q;
    wire issue = totals_valid && totals_ready;
    assign totals_valid = left_q != 0 && shortcut_valid;
    assign shortcut_ready = SHORTCUT && left_q != 0 && totals_ready;  // waits for no valid of its own
    // With SPACED the next sums enter a cycle after the last group has left: their ready waits for no one else's.
    assign sums_ready = left_q == 0 || (!SPACED && left_q == 1 && issue);
    wire load = sums_valid && sums_ready;
    assign sums_ready_next = !load && (left_q == 0 || (left_q == 1 && issue));
    always_ff @(posedge clk) begin
        if (rst) left_q <= '0;
        else if (load) left_q <= LEFT_BITS'(GROUPS);
        else if (issue) left_q <= left_q - 1'b1;
        if (load) waiting_q <= sums;
        else if (issue) waiting_q <= (PE * ACC_BITS)'({(LANES * ACC_BITS)'(0), waiting_q} >> (LANES * ACC_BITS));
        if (rst) row <= '0;
        else if (issue) row <= row == ROW_BITS'(ROWS - 1) ? '0 : row + 1'b1;
    end

    for (genvar l = 0; l < LANES; l++) begin : g_lane
        wire signed [ACC_BITS-1:0] sum = signed'(waiting_q[l*ACC_BITS+:ACC_BITS]);
        wire signed [TOTAL_BITS-1:0] total;
        if (SHORTCUT) begin : g_shortcut
            wire sign = SHORTCUT_SIGNED && shortcut[l*SHORTCUT_BITS+SHORTCUT_BITS-1];
            wire signed [SHORTCUT_BITS:0] other = signed'({sign, shortcut[l*SHORTCUT_BITS+:SHORTCUT_BITS]});
            assign total = TOTAL_BITS'(TOTAL_BITS'(SUM_SCALE) * TOTAL_BITS'(sum) + TOTAL_BITS'(SHORTCUT_SCALE) * TOTAL_BITS'(other));
        end else begin : g_alone
            assign total = TOTAL_BITS'(SUM_SCALE) * TOTAL_BITS'(sum);
            wire unused = &{1'b0, shortcut};
        end
        assign totals[l*TOTAL_BITS+:TOTAL_BITS] = unsigned'(total);
    end
endmodule

`default_nettype wire
