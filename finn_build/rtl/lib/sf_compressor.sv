// Adds the columns of a bit heap: sum = sum over j of 2^j * (number of ones in column j).
//
// Every level replaces groups of six bits by three (a 6:3 counter, three LUT6), five left over and one of the column above
// by three as well, and passes on what is left. Where there are no such groups any more, it replaces groups of three by
// two (a full adder, whose sum the addition behind it takes in), then instantiates itself on what is left; two rows end
// in one carry chain. So a LUT rids the heap of a bit. A group's bits are spread over equal slices of the column, so a
// level is a handful of vector operations, in simulation as well.
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
    /// 1: counters of six bits are mapped alone, see sf_counter.
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

    // Counters of column j: groups of six bits, and one of five, which takes a bit of the column above too.
    function automatic heights_t groups(bit of_five);
        heights_t g = '0;
        int unsigned lent = 0;
        for (int unsigned j = 0; j < COLS; j++) begin
            int unsigned own = 32'(CURRENT[j]) - lent;
            lent = 32'(own % 6 == 5 && 32'(CURRENT[j+1]) % 6 != 0);
            g[j] = 16'(of_five ? lent : own / 6);
        end
        return g;
    endfunction
    localparam heights_t SIX = groups(0);
    localparam heights_t FIVE = groups(1);
    localparam bit LAST = SIX == '0 && FIVE == '0;  // full adders alone

    // Bits of column j that are in no counter; its full adders.
    function automatic int unsigned rest(int unsigned j);
        return 32'(CURRENT[j]) - (j > 0 ? 32'(FIVE[j-1]) : 0) - 6 * 32'(SIX[j]) - 5 * 32'(FIVE[j]);
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
            localparam int unsigned GROUPS = carried_twice(j);
            localparam int unsigned THREES = threes(j);
            localparam int unsigned ONES = rest(j) - 3 * THREES;
            localparam int unsigned FROM = offset(CURRENT, j);
            localparam int unsigned LEFT = FROM + 6 * SIXES;
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
            if (GROUPS > SIXES) begin : g_five
                localparam int unsigned LENT = offset(CURRENT, j + 2) - 1;  // the last bit above
                sf_counter #(.N(1), .PAIRS(3), .APART(APART)) five (
                    .a(bits[LEFT]), .b(bits[LEFT+1]), .c(bits[LEFT+2]), .d(bits[LEFT+3]), .e(bits[LEFT+4]),
                    .f(bits[LENT]),
                    .ones(level[TO+SIXES]), .twos(level[TO_CARRY+SIXES]), .fours(level[TO_CARRY2+SIXES])
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
