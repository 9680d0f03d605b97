// A sf_shell_monitor counts what it is told, two cycles late, and its counters of cycles stay at their greatest value: proven by
// induction, of counters so narrow that they get there.
`default_nettype none

module monitor_proof #(
    parameter int BITS = 3
) (
    input wire clk,
    input wire rst,
    input wire clear,
    input wire running,
    input wire valid,
    input wire ready
);
    localparam logic [BITS-1:0] MOST = '1;
    logic [BITS-1:0] beats, stalled, starved, beats_q, stalled_q, starved_q;
    logic beat_q, stall_q, starve_q, clear_q;

    sf_shell_monitor #(.BITS(BITS)) dut (.clk, .clear(clear || rst), .running, .valid, .ready, .beats, .stalled, .starved);

    always_ff @(posedge clk) begin
        beat_q   <= running && valid && ready;
        stall_q  <= running && valid && !ready;
        starve_q <= running && ready && !valid;
        clear_q  <= clear || rst;
        if (clear_q) begin
            beats_q   <= '0;
            stalled_q <= '0;
            starved_q <= '0;
        end else begin
            if (beat_q) beats_q <= beats_q + 1'b1;
            if (stall_q && stalled_q < MOST) stalled_q <= stalled_q + 1'b1;
            if (starve_q && starved_q < MOST) starved_q <= starved_q + 1'b1;
        end
    end

    always_comb begin
        assert (dut.beat_q == beat_q && dut.stall_q == stall_q && dut.starve_q == starve_q && dut.clear_q == clear_q);
        assert (clear_q || beats == beats_q && stalled == stalled_q && starved == starved_q);
    end
endmodule

`default_nettype wire
