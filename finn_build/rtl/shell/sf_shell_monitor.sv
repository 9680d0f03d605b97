// Counts what one stream does while `running`: beats, cycles with valid and not ready, cycles with ready and not valid.
//
// Counters   32 bits, 0 after `clear`; the two of cycles stay at their greatest value.
// Latency    2 cycles: what happens, `clear` too, is noted first, so that no path goes through the stream's control into a
//            counter. What comes with `clear` goes with it.
`default_nettype none

module sf_shell_monitor #(
    parameter int BITS = 32
) (
    input  wire             clk,
    input  wire             clear,    /// synchronous, active high; also the reset
    input  wire             running,
    input  wire             valid,
    input  wire             ready,
    output logic [BITS-1:0] beats,
    output logic [BITS-1:0] stalled,  /// cycles with valid and not ready
    output logic [BITS-1:0] starved   /// cycles with ready and not valid
);
    logic beat_q, stall_q, starve_q, clear_q;

    always_ff @(posedge clk) begin
        {beat_q, stall_q, starve_q} <= {3{running}} & {valid && ready, valid && !ready, ready && !valid};
        clear_q <= clear;
        if (clear_q) begin
            beats   <= '0;
            stalled <= '0;
            starved <= '0;
        end else begin
            beats <= beats + BITS'(beat_q);
            if (stalled != '1) stalled <= stalled + BITS'(stall_q);
            if (starved != '1) starved <= starved + BITS'(starve_q);
        end
    end
endmodule

`default_nettype wire
