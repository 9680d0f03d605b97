// Signs of a stream of integers, gathered to wider words: bit = x >= threshold of its channel.
//
// Packing    IN_LANES elements a beat in; GATHER beats make a word of bits, the first beat in the low bits.
// Memories   <FILE>, word f: the IN_LANES thresholds of beat f of a pixel, counted from the type's lowest value, IN_BITS + 1
//            bits each, lane 0 lowest. Not read without STEPS: then an element is one bit, its sign.
// Latency    1 cycle from a word's last beat. II: 1 beat.
// Reset      clears valids and counters.
`default_nettype none

module sf_bitconv_signs #(
    parameter int FOLDS = 1,             // beats a pixel
    parameter int IN_LANES = 1,
    parameter int IN_BITS = 4,
    parameter bit IN_SIGNED = 1'b1,
    parameter bit STEPS = 1'b1,
    parameter int GATHER = 1,
    parameter FILE = "none.mem"
) (
    input  wire                          clk,
    input  wire                          rst,         /// synchronous, active high
    input  wire  [ IN_LANES*IN_BITS-1:0] in0_data,
    input  wire                          in0_valid,
    output logic                         in0_ready,
    output logic [  GATHER*IN_LANES-1:0] out0_data,   /// with STEPS a compare follows its registers
    output logic                         out0_valid,
    input  wire                          out0_ready
);
    localparam int COUNT_BITS = GATHER > 1 ? $clog2(GATHER) : 1;

    // One beat beside its thresholds.
    logic valid_q;
    logic [IN_LANES*IN_BITS-1:0] x_q;
    wire word_end, adv;
    assign adv = !valid_q || !word_end || out0_ready;
    assign in0_ready = adv;
    always_ff @(posedge clk) begin
        if (rst) valid_q <= 1'b0;
        else if (adv) valid_q <= in0_valid;
        if (adv) x_q <= in0_data;
    end

    wire [IN_LANES-1:0] bits;
    if (STEPS) begin : g_steps
        localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
        logic [FOLD_BITS-1:0] fold_q;
        wire [IN_LANES*(IN_BITS+1)-1:0] thresholds;
        always_ff @(posedge clk) begin
            if (rst) fold_q <= '0;
            else if (adv && in0_valid) fold_q <= fold_q == FOLD_BITS'(FOLDS - 1) ? '0 : fold_q + 1'b1;
        end
        sf_rom #(.DEPTH(FOLDS), .WIDTH(IN_LANES * (IN_BITS + 1)), .INIT_FILE(FILE)) memory (
            .clk, .en(adv), .addr(fold_q), .data_q(thresholds)
        );
        for (genvar l = 0; l < IN_LANES; l++) begin : g_lane
            wire [IN_BITS-1:0] code = x_q[l*IN_BITS+:IN_BITS] ^ (IN_BITS'(IN_SIGNED) << (IN_BITS - 1));
            assign bits[l] = {1'b0, code} >= thresholds[l*(IN_BITS+1)+:IN_BITS+1];
        end
    end else begin : g_bipolar
        if (IN_BITS != 1) begin : g_illegal
            $fatal(1, "bitconv_signs: without STEPS IN_BITS=%0d must be 1", IN_BITS);
        end
        assign bits = x_q;
    end

    if (GATHER > 1) begin : g_gather
        localparam int HELD = (GATHER - 1) * IN_LANES;
        logic [COUNT_BITS-1:0] count_q;
        logic [HELD-1:0] held_q;
        wire [HELD+IN_LANES-1:0] gathered = {bits, held_q};
        logic word_end_q;  // count_q stands at its last value: kept, because the stream's ready waits for it
        assign word_end = word_end_q;
        assign out0_data = gathered;
        always_ff @(posedge clk) begin
            if (rst) begin
                count_q <= '0;
                word_end_q <= 1'b0;
            end else if (adv && valid_q) begin
                count_q <= word_end ? '0 : count_q + 1'b1;
                word_end_q <= !word_end && count_q == COUNT_BITS'(GATHER - 2);
            end
            if (adv && valid_q) held_q <= gathered[HELD+IN_LANES-1:IN_LANES];
        end
    end else begin : g_whole
        assign word_end = 1'b1;
        assign out0_data = bits;
    end
    assign out0_valid = valid_q && word_end;
endmodule

`default_nettype wire
