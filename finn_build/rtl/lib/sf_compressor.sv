// Adds the columns of a bit heap: sum = sum over j of 2^j * (number of ones in column j).
//
// Every level replaces groups of six bits by three (a 6:3 counter, three LUT6), five left over and one of the column above
// by three as well, and passes on what is left. Where there are no such groups any more, it replaces groups of three by
// two (a full adder, whose sum the addition behind it takes in), then instantiates itself on what is left; two rows end
// in one carry chain. So a LUT rids the heap of a bit. A group's bits are spread over equal slices of the column, so a
// level is a handful of vector operations, in simulation as well. Where counters are not mapped alone (constant weights, whose
// first counters many rows share) all are of five, two LUTs and a carry chain each.
//
// Bit packing: column 0 in the low bits, then column 1, and so on, HEIGHTS[j] bits each.
// Latency: a cycle for each bit of REGISTERS. II: 1. Reset: none, it holds data only.
`default_nettype none

module sf_compressor #(
    parameter int unsigned COLS = 2,
    /// Bits in each column.
    parameter logic [COLS-1:0][15:0] HEIGHTS = '0,
    /// Sum of HEIGHTS.
    parameter int unsigned TOTAL = 1,
    /// Bits of the sum; higher ones are dropped.
    parameter int unsigned WIDTH = 1,
    /// Bit l: a register behind level l; those of levels that the heap does not take add no latency.
    parameter bit [15:0] REGISTERS = '0,
    /// 1: counters are of six bits and mapped alone, see sf_counter; 0: of five, in carry chains.
    parameter bit APART = 1
) (
    /// Clock.
    input  wire             clk,
    /// Advance: every register holds while it is low.
    input  wire             en,
    /// The heap.
    input  wire [TOTAL-1:0] bits,
    /// Its weighted sum.
    output wire [WIDTH-1:0] sum
);
    // Two columns wider than the heap: a level may carry two places up.
    typedef logic [COLS+1:0][15:0] heights_t;
    localparam heights_t CURRENT = heights_t'(HEIGHTS);

    // Of column j: counters of six bits, of five, and bits of the column above that those of five take too; where they all
    // are of five, the last ones may find none.
    function automatic heights_t groups(bit of_five, bit of_above);
        heights_t g = '0;
        int unsigned lent = 0;
        for (int unsigned j = 0; j < COLS; j++) begin
            int unsigned own = 32'(CURRENT[j]) - lent;
            int unsigned above = 32'(CURRENT[j+1]);
            int unsigned fives = APART ? 32'(own % 6 == 5 && above % 6 != 0) : own / 5;
            lent = fives < above ? fives : above;
            g[j] = 16'(of_above ? lent : of_five ? fives : APART ? own / 6 : 0);
        end
        return g;
    endfunction
    localparam heights_t SIX = groups(0, 0);
    localparam heights_t FIVE = groups(1, 0);
    localparam heights_t LENT = groups(1, 1);
    localparam bit LAST = SIX == '0 && FIVE == '0;  // full adders alone

    // Bits of column j that are in no counter; its full adders.
    function automatic int unsigned rest(int unsigned j);
        return 32'(CURRENT[j]) - (j > 0 ? 32'(LENT[j-1]) : 0) - 6 * 32'(SIX[j]) - 5 * 32'(FIVE[j]);
    endfunction
    function automatic int unsigned threes(int unsigned j);
        return LAST ? rest(j) / 3 : 0;
    endfunction

    // Bits of column j that a level leaves in column j itself, in j + 1 and in j + 2.
    function automatic int unsigned kept(int unsigned j);
        return carried_twice(j) + rest(j) - 2 * threes(j);
    endfunction
    function automatic int unsigned carried(int unsigned j);
        return carried_twice(j) + threes(j);
    endfunction
    function automatic int unsigned carried_twice(int unsigned j);
        return 32'(SIX[j]) + 32'(FIVE[j]);
    endfunction

    function automatic heights_t next_heights();
        heights_t h = '0;
        for (int unsigned j = 0; j < COLS; j++) begin
            h[j]   = h[j] + 16'(kept(j));
            h[j+1] = h[j+1] + 16'(carried(j));
            h[j+2] = h[j+2] + 16'(carried_twice(j));
        end
        return h;
    endfunction

    // First bit of column j.
    function automatic int unsigned offset(heights_t h, int unsigned j);
        int unsigned bits_below = 0;
        for (int unsigned i = 0; i < j; i++) bits_below += 32'(h[i]);
        return bits_below;
    endfunction

    function automatic int unsigned tallest();
        int unsigned height = 0;
        for (int unsigned j = 0; j < COLS; j++) if (32'(CURRENT[j]) > height) height = 32'(CURRENT[j]);
        return height;
    endfunction

    if (tallest() <= 2) begin : g_add
        wire [COLS-1:0] row_a;
        wire [COLS-1:0] row_b;
        for (genvar j = 0; j < COLS; j++) begin : g_column
            localparam int unsigned AT = offset(CURRENT, j);
            if (CURRENT[j] > 0) begin : g_a
                assign row_a[j] = bits[AT];
            end else begin : g_no_a
                assign row_a[j] = 1'b0;
            end
            if (CURRENT[j] > 1) begin : g_b
                assign row_b[j] = bits[AT+1];
            end else begin : g_no_b
                assign row_b[j] = 1'b0;
            end
        end
        assign sum = WIDTH'(row_a) + WIDTH'(row_b);
        wire unused = &{1'b0, clk, en, row_a, row_b};  // columns beyond WIDTH
    end else begin : g_level
        localparam heights_t NEXT = next_heights();
        localparam int unsigned NEXT_COLS = NEXT[COLS+1] != 0 ? COLS + 2 : NEXT[COLS] != 0 ? COLS + 1 : COLS;
        localparam int unsigned NEXT_TOTAL = offset(NEXT, NEXT_COLS);
        wire [NEXT_TOTAL-1:0] level;
        for (genvar j = 0; j < COLS; j++) begin : g_column
            localparam int unsigned SIXES = 32'(SIX[j]);
            localparam int unsigned FIVES = 32'(FIVE[j]);
            localparam int unsigned GROUPS = carried_twice(j);
            localparam int unsigned THREES = threes(j);
            localparam int unsigned ONES = rest(j) - 3 * THREES;
            localparam int unsigned FROM = offset(CURRENT, j);
            localparam int unsigned AT_FIVES = FROM + 6 * SIXES;
            localparam int unsigned LEFT = AT_FIVES + 5 * FIVES;
            // In each column of the next level: what it kept, then carries by one place, then by two.
            localparam int unsigned TO = offset(NEXT, j);
            localparam int unsigned TO_CARRY = offset(NEXT, j + 1) + kept(j + 1);
            localparam int unsigned TO_CARRY2 = offset(NEXT, j + 2) + (j + 2 < COLS ? kept(j + 2) : 0) + carried(j + 1);
            if (SIXES > 0) begin : g_six
                sf_counter #(.N(SIXES), .APART(APART)) six (
                    .a(bits[FROM+:SIXES]), .b(bits[FROM+SIXES+:SIXES]), .c(bits[FROM+2*SIXES+:SIXES]),
                    .d(bits[FROM+3*SIXES+:SIXES]), .e(bits[FROM+4*SIXES+:SIXES]), .f(bits[FROM+5*SIXES+:SIXES]),
                    .ones(level[TO+:SIXES]), .twos(level[TO_CARRY+:SIXES]), .fours(level[TO_CARRY2+:SIXES])
                );
            end
            if (FIVES > 0) begin : g_five
                localparam int unsigned TAKEN = 32'(LENT[j]);
                wire [FIVES-1:0] above;
                if (TAKEN > 0) begin : g_taken
                    assign above = FIVES'(bits[offset(CURRENT, j + 2)-TAKEN+:TAKEN]);  // the last bits
                end else begin : g_not_taken
                    assign above = '0;
                end
                sf_counter #(.N(FIVES), .PAIRS(3), .APART(APART)) five (
                    .a(bits[AT_FIVES+:FIVES]), .b(bits[AT_FIVES+FIVES+:FIVES]), .c(bits[AT_FIVES+2*FIVES+:FIVES]),
                    .d(bits[AT_FIVES+3*FIVES+:FIVES]), .e(bits[AT_FIVES+4*FIVES+:FIVES]), .f(above),
                    .ones(level[TO+SIXES+:FIVES]), .twos(level[TO_CARRY+SIXES+:FIVES]), .fours(level[TO_CARRY2+SIXES+:FIVES])
                );
            end
            if (THREES > 0) begin : g_three
                wire a = bits[LEFT];
                wire b = bits[LEFT+1];
                wire c = bits[LEFT+2];
                assign level[TO+GROUPS] = a ^ b ^ c;
                assign level[TO_CARRY+GROUPS] = (a & b) | (c & (a | b));
            end
            if (ONES > 0) begin : g_ones
                assign level[TO+GROUPS+THREES+:ONES] = bits[LEFT+3*THREES+:ONES];
            end
        end
        wire [NEXT_TOTAL-1:0] passed;
        if (REGISTERS[0]) begin : g_registered
            logic [NEXT_TOTAL-1:0] level_q;
            always_ff @(posedge clk) if (en) level_q <= level;
            assign passed = level_q;
        end else begin : g_direct
            assign passed = level;
        end
        sf_compressor #(
            .COLS(NEXT_COLS),
            .HEIGHTS(NEXT[NEXT_COLS-1:0]),
            .TOTAL(NEXT_TOTAL),
            .WIDTH(WIDTH),
            .REGISTERS(REGISTERS >> 1),
            .APART(APART)
        ) next (
            .clk, .en,
            .bits(passed),
            .sum(sum)
        );
    end
endmodule

`default_nettype wire
