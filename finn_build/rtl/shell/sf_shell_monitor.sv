// Counts what one stream does while `running`: beats, cycles with valid and not ready, cycles with ready and not valid.
//
// Counters   32 bits, 0 after `clear`; the two of cycles stay at their greatest value.
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
    always_ff @(posedge clk) begin
        if (clear) begin
            beats   <= '0;
            stalled <= '0;
            starved <= '0;
        end else if (running) begin
            beats <= beats + BITS'(valid && ready);
            if (stalled != '1) stalled <= stalled + BITS'(valid && !ready);
            if (starved != '1) starved <= starved + BITS'(ready && !valid);
        end
    end
endmodule

`default_nettype wire
