// Dot product of one beat with weights of +1 and -1 (one bit, 1 = +1), on PLANES-bit activations.
//
// count = sum over planes b of 2^b * popcount(plane b XNOR weights); a two's complement top plane has a negative
// weight and enters inverted (XOR). The exact dot product is count plus a constant of the weights, which the
// accumulator starts from. Three lanes of XNOR share one LUT6 pair with the first full adder, then `compressor`.
//
// Bit packing: plane 0 of all lanes in the low bits, lane 0 lowest.
// Latency: 1, and 1 for each bit of REGISTERS. II: 1. Reset: none, it holds data only.
`default_nettype none

module sf_mvau_signs #(
    parameter int unsigned SIMD = 1,
    parameter int unsigned PLANES = 1,
    /// 1: the top plane is a sign.
    parameter bit SIGNED = 0,
    /// Bit 0: a register behind the first full adders, bit l + 1: behind level l of the compressor.
    parameter bit [15:0] REGISTERS = '0,
    /// 1: the weights are constants, which tools fold into the counters.
    parameter bit CONSTANT = 0,
    localparam int unsigned COUNT_BITS = $clog2(SIMD * (2 ** PLANES - 1) + 1)
) (
    /// Clock.
    input  wire                    clk,
    /// Advance: every register holds while it is low.
    input  wire                    en,
    /// Activations, plane by plane.
    input  wire [PLANES*SIMD-1:0]  x,
    /// Weights, one bit a lane.
    input  wire [SIMD-1:0]         w,
    /// Weighted count of agreeing bits.
    output wire [COUNT_BITS-1:0]   count_q
);
    localparam int unsigned TRIPLES = SIMD / 3;
    localparam int unsigned ONES = SIMD % 3;
    localparam int unsigned COLS = PLANES + 1;
    localparam int unsigned TOTAL = PLANES * (2 * TRIPLES + ONES);

    function automatic logic [COLS-1:0][15:0] heights();
        logic [COLS-1:0][15:0] h = '0;
        for (int unsigned j = 0; j < COLS; j++)
            h[j] = 16'((j < PLANES ? TRIPLES + ONES : 0) + (j > 0 ? TRIPLES : 0));
        return h;
    endfunction

    // Column b: sums and single lanes of plane b, then carries of plane b - 1.
    wire [TOTAL-1:0] heap;
    for (genvar b = 0; b < PLANES; b++) begin : g_plane
        localparam int unsigned AT = b * (2 * TRIPLES + ONES) - (b > 0 ? TRIPLES : 0);
        localparam bit AGREES = !(SIGNED && b == PLANES - 1);
        wire [SIMD-1:0] plane = x[b*SIMD+:SIMD];
        if (TRIPLES > 0) begin : g_triples
            localparam int unsigned AT_CARRY = (b + 1) * (2 * TRIPLES + ONES) - TRIPLES + (b + 1 < PLANES ? TRIPLES + ONES : 0);
            wire [TRIPLES-1:0] none;
            sf_counter #(.N(TRIPLES), .PAIRS(AGREES ? 1 : 2), .APART(!CONSTANT)) triples (
                .a(plane[0+:TRIPLES]), .b(w[0+:TRIPLES]), .c(plane[TRIPLES+:TRIPLES]), .d(w[TRIPLES+:TRIPLES]),
                .e(plane[2*TRIPLES+:TRIPLES]), .f(w[2*TRIPLES+:TRIPLES]),
                .ones(heap[AT+:TRIPLES]), .twos(heap[AT_CARRY+:TRIPLES]), .fours(none)
            );
            wire unused = &{1'b0, none};
        end
        if (ONES > 0) begin : g_ones
            assign heap[AT+TRIPLES+:ONES] = plane[3*TRIPLES+:ONES] ^ w[3*TRIPLES+:ONES] ^ {ONES{AGREES}};
        end
    end

    wire [TOTAL-1:0] heap_in;
    if (REGISTERS[0]) begin : g_pipelined
        logic [TOTAL-1:0] heap_q;
        always_ff @(posedge clk) if (en) heap_q <= heap;
        assign heap_in = heap_q;
    end else begin : g_direct
        assign heap_in = heap;
    end

    wire [COUNT_BITS-1:0] sum;
    sf_compressor #(
        .COLS(COLS),
        .HEIGHTS(heights()),
        .TOTAL(TOTAL),
        .WIDTH(COUNT_BITS),
        .REGISTERS(REGISTERS >> 1),
        .APART(!CONSTANT)
    ) tree (
        .clk, .en,
        .bits(heap_in),
        .sum(sum)
    );

    logic [COUNT_BITS-1:0] sum_q;
    always_ff @(posedge clk) if (en) sum_q <= sum;
    assign count_q = sum_q;
endmodule

`default_nettype wire
