// One processing element with one-bit weights: the dot product of each beat, accumulated over the SF beats of a fold.
//
// It counts agreeing bits (`sf_mvau_signs`) and starts from `init`, which turns the count into the exact sum; where the
// activations are bipolar the count weighs two, and the sum's low bit is the constant MW % 2. All arithmetic is modulo
// 2^ACC_BITS, so any type that holds the sum is exact. Wider weights: sf_mvau_rows.sv.
//
// Latency: that of the dot product, plus 1 to the sum (see sf_mvau.sv). II: 1 beat. Reset: none, flags live in sf_mvau.sv.
`default_nettype none

module sf_mvau_pe #(
    parameter int unsigned MW = 1,
    parameter int unsigned SIMD = 1,
    /// Only 1 is legal.
    parameter int unsigned WBITS = 1,
    parameter int unsigned ACC_BITS = 2,
    /// Planes of the count.
    parameter int unsigned XBITS = 1,
    parameter bit SIGNED = 0,
    parameter bit BIPOLAR = 0,
    parameter bit MASKED = 0,
    /// Of the popcount, see sf_mvau_signs.sv.
    parameter bit [15:0] REGISTERS = '0,
    parameter bit CONSTANT = 0
) (
    /// Clock.
    input  wire                   clk,
    /// Advance: every register holds while it is low.
    input  wire                   en,
    /// Activations, plane by plane.
    input  wire [SIMD*XBITS-1:0]  x,
    /// Weights, lane by lane.
    input  wire [SIMD-1:0]        w,
    /// Delayed to meet the dot product: a beat arrives, it is the first of its fold, it counts (not padding).
    input  wire                   valid,
    input  wire                   first,
    input  wire                   counts,
    /// Start value of the row of the beat that arrives; only for k-bit activations.
    input  wire [ACC_BITS-1:0]    init,
    /// Sum including the beat that arrives.
    output wire [ACC_BITS-1:0]    sum
);
    if (WBITS != 1) begin : g_illegal
        $fatal(1, "mvau_pe: WBITS=%0d must be 1; sf_mvau_rows takes wider weights", WBITS);
    end

    // Bipolar sums are kept without their constant low bit; a masked beat of odd SIMD needs it.
    localparam int unsigned DROP = (BIPOLAR && !(MASKED && SIMD % 2 != 0)) ? 1 : 0;
    localparam int unsigned BITS = ACC_BITS - DROP;
    localparam logic [BITS-1:0] BIPOLAR_INIT = BITS'(-$signed((MW + DROP) >> DROP));
    localparam int unsigned COUNT_BITS = $clog2(SIMD * (2 ** XBITS - 1) + 1);
    wire [COUNT_BITS-1:0] count;
    wire [BITS-1:0] start = BIPOLAR ? BIPOLAR_INIT : init[BITS-1:0];
    wire [BITS-1:0] scaled = BIPOLAR && DROP == 0 ? BITS'(count) << 1 : BITS'(count);
    // A padded beat must add nothing: half of its lanes agree.
    wire [BITS-1:0] dot = counts ? scaled : BITS'(SIMD >> DROP);
    logic [BITS-1:0] acc_q;
    sf_mvau_signs #(.SIMD(SIMD), .PLANES(XBITS), .SIGNED(SIGNED), .REGISTERS(REGISTERS), .CONSTANT(CONSTANT)) signs (
        .clk, .en, .x, .w, .count_q(count)
    );
    wire [BITS:0] chain = {dot, 1'b0} - ~{first ? start : acc_q, 1'b0};  // a sum, in this order as in sf_mvau_rows
    wire [BITS-1:0] next = chain[BITS:1];
    always_ff @(posedge clk) if (en && valid) acc_q <= next;
    wire unused = &{1'b0, init, count, chain[0]};
    if (DROP == 1) begin : g_odd
        assign sum = {next, MW % 2 != 0};
    end else begin : g_whole
        assign sum = next;
    end
endmodule

`default_nettype wire
