// A signed value times a positive factor: a sum of shifts, as `*` would take a DSP slice; a register behind two sums.
//
// Latency    FACTOR_BITS / 2 cycles. II: 1. Reset: none, it holds data only.
`default_nettype none

module sf_scale #(
    parameter int BITS = 8,             /// of the value
    parameter int FACTOR_BITS = 3,
    parameter int OUT_BITS = 12         /// of every product and partial sum
) (
    input  wire                        clk,
    input  wire                        en,       /// advance: every register holds while it is low
    input  wire signed [     BITS-1:0] value,
    input  wire        [FACTOR_BITS-1:0] factor,
    output wire signed [ OUT_BITS-1:0] product
);
    localparam int STAGES = FACTOR_BITS / 2;

    for (genvar s = 0; s <= STAGES; s++) begin : g_stage
        wire signed [BITS-1:0] v;
        wire [FACTOR_BITS-1:0] f;
        wire signed [OUT_BITS-1:0] sum;
        if (s == 0) begin : g_first
            assign v = value;
            assign f = factor;
            assign sum = part(value, factor, 0);
        end else begin : g_later
            logic signed [BITS-1:0] v_q;
            logic [FACTOR_BITS-1:0] f_q;
            logic signed [OUT_BITS-1:0] sum_q;
            always_ff @(posedge clk) begin
                if (en) begin
                    v_q   <= g_stage[s-1].v;
                    f_q   <= g_stage[s-1].f;
                    sum_q <= g_stage[s-1].sum + part(g_stage[s-1].v, g_stage[s-1].f, 2 * s - 1)
                           + part(g_stage[s-1].v, g_stage[s-1].f, 2 * s);
                end
            end
            assign v = v_q;
            assign f = f_q;
            assign sum = sum_q;
        end
    end
    assign product = g_stage[STAGES].sum;
    wire unused = &{1'b0, clk, en, g_stage[STAGES].v, g_stage[STAGES].f};

    // What a bit of the factor adds, if there is such a bit.
    function automatic logic signed [OUT_BITS-1:0] part(
        input logic signed [BITS-1:0] v, input logic [FACTOR_BITS-1:0] f, input int bit_number
    );
        return bit_number < FACTOR_BITS && f[bit_number%FACTOR_BITS] ? OUT_BITS'(v) <<< bit_number
                                                                      : signed'(OUT_BITS'(0));
    endfunction
endmodule

`default_nettype wire
