// Dot products of one beat with the k-bit weights (k >= 2) of ROWS rows: chains of DSP slices, then adder trees.
//
// Two rows share each slice, as w1 * 2^SHIFT + w0 times x. A chain of CHAIN lanes sums both; then they are separated:
// the lower sum is the low bits, the upper one the rest plus 1 where the lower is negative. The lower sum needs
// CHAIN * max|w| * max|x| < 2^(SHIFT - 1 + GUARD). With GUARD it may be one bit wider than its field: its top bit then
// lies in the upper sum's lowest one, and is found because that bit's own value, the parity of the products, is
// computed apart, from the lowest bits of x and w1.
// One row alone (ROWS = 1) is a chain of plain products.
//
// Bit packing: lane 0 in the low bits of both operands, in two's complement. A lane of two rows holds w0 in WBITS bits,
// above it w1 - (w0 < 0) in WBITS bits if no weight is -2^(WBITS-1) (NARROW), else in one more.
// Latency: 1 + ceil(CHAIN / SEGMENT) + ceil(log2(ceil(SIMD / CHAIN))). II: 1. Reset: none, it holds data only.
`default_nettype none

module sf_mvau_dots #(
    parameter int unsigned SIMD = 1,
    parameter int unsigned XBITS = 2,
    parameter int unsigned WBITS = 2,
    parameter int unsigned ROWS = 1,
    parameter bit NARROW = 0,
    parameter int unsigned SHIFT = 0,
    parameter bit GUARD = 0,
    parameter int unsigned CHAIN = 1,
    parameter int unsigned SEGMENT = 3,
    parameter bit DSP = 1,
    localparam int unsigned UPPER_BITS = WBITS + (NARROW ? 0 : 1),
    localparam int unsigned LANE_BITS = ROWS == 2 ? WBITS + UPPER_BITS : WBITS,
    localparam int unsigned CHAINS = (SIMD + CHAIN - 1) / CHAIN,
    localparam int unsigned PART_BITS = XBITS + WBITS + $clog2(CHAIN),
    localparam int unsigned SUM_BITS = PART_BITS + $clog2(CHAINS)
) (
    /// Clock.
    input  wire                        clk,
    /// Advance: every register holds while it is low.
    input  wire                        en,
    /// Activations.
    input  wire [SIMD*XBITS-1:0]       x,
    /// Weights.
    input  wire [SIMD*LANE_BITS-1:0]   w,
    /// Sums of products, row 0 in the low bits.
    output wire [ROWS*SUM_BITS-1:0]    sums_q,
    /// Still to be added to each sum.
    output wire [ROWS-1:0]             carries_q
);
    localparam int unsigned FACTOR_BITS = ROWS == 2 ? SHIFT + UPPER_BITS : WBITS;
    localparam int unsigned CHAIN_BITS = ROWS == 2 ? SHIFT + PART_BITS : PART_BITS;
    localparam int unsigned DELAY = (CHAIN + SEGMENT - 1) / SEGMENT;  // cycles between products and their sum
    localparam int unsigned MAX_PRODUCT = (2 ** (WBITS - 1) - (NARROW ? 1 : 0)) * 2 ** (XBITS - 1);

    if (ROWS == 2 && CHAIN * MAX_PRODUCT >= 2 ** (SHIFT - 1 + (GUARD ? 1 : 0))) begin : g_overflow
        $fatal(1, "mvau_dots: CHAIN=%0d products of up to %0d overflow SHIFT=%0d, GUARD=%0d",
            CHAIN, MAX_PRODUCT, SHIFT, GUARD);
    end
    if (ROWS == 2 && (FACTOR_BITS > 25 || XBITS > 18)) begin : g_wide
        $fatal(1, "mvau_dots: factors of %0d and %0d bits do not fit a DSP's 25 and 18", FACTOR_BITS, XBITS);
    end

    wire [ROWS-1:0][CHAINS*PART_BITS-1:0] parts;
    wire [ROWS-1:0][CHAINS-1:0] carries;

    for (genvar c = 0; c < CHAINS; c++) begin : g_chain
        localparam int unsigned FIRST = c * CHAIN;
        localparam int unsigned LANES = SIMD - FIRST < CHAIN ? SIMD - FIRST : CHAIN;
        wire [LANES*XBITS-1:0] xs = x[FIRST*XBITS+:LANES*XBITS];
        wire [LANES*LANE_BITS-1:0] lanes = w[FIRST*LANE_BITS+:LANES*LANE_BITS];
        wire [LANES*FACTOR_BITS-1:0] factors;
        wire signed [CHAIN_BITS-1:0] sum;
        sf_mvau_products #(
            .LANES(LANES), .LENGTH(CHAIN), .SEGMENT(SEGMENT), .XBITS(XBITS), .WBITS(FACTOR_BITS), .SUM_BITS(CHAIN_BITS),
            .DSP(DSP)
        ) chain (
            .clk, .en, .x(xs), .w(factors), .sum_q(sum)
        );

        if (ROWS == 1) begin : g_plain
            assign factors = lanes;
            assign parts[0][c*PART_BITS+:PART_BITS] = unsigned'(sum);
            assign carries[0][c] = 1'b0;
        end else begin : g_packed
            for (genvar i = 0; i < LANES; i++) begin : g_factor
                wire signed [SHIFT-1:0] lower = SHIFT'($signed(lanes[i*LANE_BITS+:WBITS]));
                assign factors[i*FACTOR_BITS+:FACTOR_BITS] = {lanes[i*LANE_BITS+WBITS+:UPPER_BITS], lower};
            end
            wire negative;
            if (GUARD && LANES * MAX_PRODUCT >= 2 ** (SHIFT - 1)) begin : g_guard
                localparam int unsigned PAIRS = (LANES + 1) / 2;
                wire [PAIRS-1:0] pairs;
                logic [PAIRS-1:0] pair_q;
                logic [DELAY:1] odd_q;
                for (genvar i = 0; i < PAIRS; i++) begin : g_pair
                    wire even = xs[2*i*XBITS] & (lanes[2*i*LANE_BITS+WBITS] ^ lanes[2*i*LANE_BITS+WBITS-1]);
                    if (2 * i + 1 < LANES) begin : g_two
                        localparam int unsigned AT = (2 * i + 1) * LANE_BITS + WBITS;
                        wire odd = xs[(2*i+1)*XBITS] & (lanes[AT] ^ lanes[AT-1]);
                        assign pairs[i] = even ^ odd;
                    end else begin : g_one
                        assign pairs[i] = even;
                    end
                end
                always_ff @(posedge clk) begin
                    if (en) begin
                        pair_q <= pairs;
                        odd_q <= DELAY'({odd_q, ^pair_q});
                    end
                end
                assign negative = sum[SHIFT] ^ odd_q[DELAY];
                wire signed [PART_BITS-1:0] lower = PART_BITS'($signed({negative, sum[SHIFT-1:0]}));
                assign parts[0][c*PART_BITS+:PART_BITS] = unsigned'(lower);
            end else begin : g_fits
                assign negative = sum[SHIFT-1];
                wire signed [PART_BITS-1:0] lower = PART_BITS'($signed(sum[SHIFT-1:0]));
                assign parts[0][c*PART_BITS+:PART_BITS] = unsigned'(lower);
            end
            assign parts[1][c*PART_BITS+:PART_BITS] = sum[SHIFT+:PART_BITS];
            assign carries[0][c] = 1'b0;
            assign carries[1][c] = negative;
        end
    end

    for (genvar r = 0; r < ROWS; r++) begin : g_row
        sf_mvau_tree #(.COUNT(CHAINS), .BITS(PART_BITS)) tree (
            .clk, .en, .values(parts[r]), .carries(carries[r]),
            .sum_q(sums_q[r*SUM_BITS+:SUM_BITS]), .carry_q(carries_q[r])
        );
    end
endmodule

`default_nettype wire
