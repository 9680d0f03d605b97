// Every output of a fork gives beat number `n` of its input as its own beat number `n`, for any n and any traffic, and no
// output is more than a beat ahead of another: proven by induction. Counters wrap; the beat is followed the first time round.
`default_nettype none

module duplicate_proof #(
    parameter int OUTPUTS = 3
) (
    input wire               clk,
    input wire               rst,
    input wire [        7:0] n,
    input wire [        3:0] in0_data,
    input wire               in0_valid,
    input wire [OUTPUTS-1:0] out_ready
);
    localparam int COUNT = 8;
    logic in0_ready;
    logic [OUTPUTS-1:0] out_valid;
    logic [4*OUTPUTS-1:0] out_data;
    logic [3:0] beat_q;
    logic [COUNT-1:0] n_q, took_q, done_q;
    logic [OUTPUTS-1:0][COUNT-1:0] gave_q;

    sf_duplicate #(.WIDTH(4), .OUTPUTS(OUTPUTS)) dut (.*);

    wire take = in0_valid && in0_ready;
    wire done = dut.valid && dut.all;
    wire [COUNT-1:0] held = took_q - done_q;

    always_ff @(posedge clk) begin
        if (rst) begin
            n_q    <= n;
            took_q <= '0;
            done_q <= '0;
        end else begin
            if (take) took_q <= took_q + 1'b1;
            if (done) done_q <= done_q + 1'b1;
            if (take && took_q == n_q) beat_q <= in0_data;
        end
    end

    always_comb begin
        assume (!(take && took_q == '1));  // once round only
        assert (took_q >= done_q && held <= 2);
        assert (dut.valid == (held != '0) && in0_ready == (held != 2));
        if (held != '0 && n_q == done_q) assert (dut.data == beat_q);
        if (held == 2 && n_q == done_q + 1'b1) assert (dut.pair.g_pair.spare_q == beat_q);
        if (held == '0) assert (dut.served_q == '0);
        assert (dut.served_q != '1);
    end
    for (genvar i = 0; i < OUTPUTS; i++) begin : g_output
        wire send = out_valid[i] && out_ready[i];
        always_ff @(posedge clk) begin
            if (rst) gave_q[i] <= '0;
            else if (send) gave_q[i] <= gave_q[i] + 1'b1;
        end
        always_comb begin
            assert (gave_q[i] == done_q + COUNT'(dut.served_q[i]));
            if (out_valid[i] && n_q == gave_q[i]) assert (out_data[4*i+:4] == beat_q);
        end
    end
endmodule

`default_nettype wire
