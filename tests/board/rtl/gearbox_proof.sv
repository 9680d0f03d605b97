// Byte number `n` of what enters a sf_shell_gearbox is byte number `n` of what leaves, for any n and any traffic: proven by
// induction. Counters wrap at 2^COUNT bytes; the byte is followed over the first time round.
`default_nettype none

module gearbox_proof #(
    parameter int IN_BYTES  = 8,
    parameter int OUT_BYTES = 3,
    parameter int UNIT      = 1  /// greatest common divisor of the two
) (
    input wire                  clk,
    input wire                  rst,
    input wire [          15:0] n,
    input wire [8*IN_BYTES-1:0] in0_data,
    input wire                  in0_valid,
    input wire                  out0_ready
);
    localparam int COUNT = 16;
    localparam int HELD = OUT_BYTES - UNIT + IN_BYTES;  // bytes
    logic in0_ready, out0_valid;
    logic [8*OUT_BYTES-1:0] out0_data;
    logic [COUNT-1:0] n_q, took_q, gave_q;  // bytes
    logic [7:0] byte_q;

    sf_shell_gearbox #(.IN_BYTES(IN_BYTES), .OUT_BYTES(OUT_BYTES)) dut (.*, .clear(1'b0), .flush(1'b0));

    wire take = in0_valid && in0_ready;
    wire send = out0_valid && out0_ready;
    wire [COUNT-1:0] into = n_q - took_q;  // where byte n lies in the word that enters
    wire [COUNT-1:0] held = n_q - gave_q;  // where it lies in what is held

    always_ff @(posedge clk) begin
        if (rst) begin
            n_q    <= n;
            took_q <= '0;
            gave_q <= '0;
        end else begin
            if (take) took_q <= took_q + COUNT'(IN_BYTES);
            if (send) gave_q <= gave_q + COUNT'(OUT_BYTES);
            if (take && into < COUNT'(IN_BYTES)) byte_q <= in0_data[8*into+:8];
        end
    end

    wire [8*HELD-1:0] all = dut.held_q;

    always_comb begin
        assume (!(take && took_q + COUNT'(IN_BYTES) < took_q));  // once round only
        assert (took_q >= gave_q && took_q - gave_q <= COUNT'(HELD) && (took_q - gave_q) % COUNT'(UNIT) == '0);
        for (int u = 0; u < HELD / UNIT; u++) assert (dut.there_q[u] == (took_q - gave_q > COUNT'(u * UNIT)));
        if (n_q < took_q && n_q >= gave_q) assert (all[8*held+:8] == byte_q);
        if (out0_valid && n_q < took_q && held < COUNT'(OUT_BYTES)) assert (out0_data[8*held+:8] == byte_q);
    end
endmodule

`default_nettype wire
