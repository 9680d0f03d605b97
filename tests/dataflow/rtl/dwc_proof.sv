// Part number `n` of what enters a width converter is part number `n` of what leaves, a part being a narrow beat, for any n
// and any traffic: proven by induction. Counters wrap at 2^COUNT parts; the part is followed over the first time round.
`default_nettype none

module dwc_proof #(
    parameter int RATIO = 3,
    parameter bit WIDEN = 1'b1
) (
    input wire                             clk,
    input wire                             rst,
    input wire [                      7:0] n,
    input wire [2*(WIDEN ? 1 : RATIO)-1:0] in0_data,
    input wire                             in0_valid,
    input wire                             out0_ready
);
    localparam int COUNT = 8;
    localparam int TAKEN = WIDEN ? 1 : RATIO;
    localparam int GIVEN = WIDEN ? RATIO : 1;
    logic in0_ready, out0_valid;
    logic [2*GIVEN-1:0] out0_data;
    logic [1:0] part_q;
    logic [COUNT-1:0] n_q, took_q, gave_q;

    sf_dwc #(.IN_WIDTH(2 * TAKEN), .OUT_WIDTH(2 * GIVEN)) dut (.*);

    wire take = in0_valid && in0_ready;
    wire send = out0_valid && out0_ready;
    wire [COUNT-1:0] into = n_q - took_q;  // where the part lies in the beat that enters
    wire [COUNT-1:0] at = n_q - gave_q;    // and in what is held, the oldest part first
    wire [COUNT-1:0] held = took_q - gave_q;
    wire followed = n_q >= gave_q && n_q < took_q;

    always_ff @(posedge clk) begin
        if (rst) begin
            n_q    <= n;
            took_q <= '0;
            gave_q <= '0;
        end else begin
            if (take) took_q <= took_q + COUNT'(TAKEN);
            if (send) gave_q <= gave_q + COUNT'(GIVEN);
            if (take && into < COUNT'(TAKEN)) part_q <= in0_data[2*into+:2];
        end
    end

    wire [COUNT-1:0] place = COUNT'(dut.g_convert.part_q);
    wire full = dut.g_convert.full_q;
    always_comb begin
        assume (!(take && took_q + COUNT'(TAKEN) < took_q));  // once round only
        assert (took_q >= gave_q && place < COUNT'(RATIO));
        if (out0_valid && followed && at < COUNT'(GIVEN)) assert (out0_data[2*at+:2] == part_q);
    end
    if (WIDEN) begin : g_widen
        wire [2*RATIO-1:0] gathered = (2 * RATIO)'(dut.g_convert.g_widen.gathered_q) >> 2 * (COUNT'(RATIO - 1) - place);
        wire [4*RATIO-1:0] all = full ? {gathered, dut.g_convert.g_widen.wide_q} : (4 * RATIO)'(gathered);
        always_comb begin
            assert (held == place + (full ? COUNT'(RATIO) : '0));
            if (followed) assert (all[2*at+:2] == part_q);
        end
    end else begin : g_narrow
        wire last = place == COUNT'(RATIO - 1);
        wire sent = dut.g_convert.g_narrow.valid_q;
        wire [2*RATIO-1:0] wide = dut.g_convert.g_narrow.wide_q;
        wire [2*RATIO+1:0] waiting =
            last ? {wide, dut.g_convert.g_narrow.last_q} : (2 * RATIO + 2)'(wide >> (2 * place));
        wire [2*RATIO+3:0] all = sent ? {waiting, dut.g_convert.g_narrow.narrow_q} : (2 * RATIO + 4)'(waiting);
        always_comb begin
            assert (held == COUNT'(sent) + (last ? COUNT'(1) + (full ? COUNT'(RATIO) : '0) : full ? COUNT'(RATIO) - place : '0));
            assert (full || last || place == '0);
            if (full && place != '0 && !last) assert (dut.g_convert.g_narrow.last_q == wide[2*RATIO-1-:2]);
            if (followed) assert (all[2*at+:2] == part_q);
        end
    end
endmodule

`default_nettype wire
