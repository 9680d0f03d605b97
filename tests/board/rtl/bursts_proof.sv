// What sf_shell_bursts promises, for any transfer: proven by induction.
`default_nettype none

module bursts_proof #(
    parameter int ADDR_BITS  = 32,
    parameter int WORD_BYTES = 8,
    parameter int BURST      = 16,
    parameter int COUNT_BITS = 30
) (
    input wire                  clk,
    input wire                  rst,
    input wire                  want,
    input wire [ ADDR_BITS-1:0] address,
    input wire [COUNT_BITS-1:0] words,
    input wire                  ready
);
    localparam int PAGE_BITS = 12;
    logic busy, valid, last, begun_q;
    logic [ADDR_BITS-1:0] burst_address;
    logic [$clog2(BURST):0] burst_words;
    logic [COUNT_BITS-1:0] total_q, sum_q;
    logic [ADDR_BITS-1:0] start_q;
    wire load = want && !busy;
    wire send = valid && ready;
    wire [COUNT_BITS-1:0] sum = sum_q + COUNT_BITS'(burst_words);

    sf_shell_bursts #(
        .ADDR_BITS(ADDR_BITS), .WORD_BYTES(WORD_BYTES), .BURST(BURST), .COUNT_BITS(COUNT_BITS)
    ) dut (.*);

    always_ff @(posedge clk) begin
        if (load) begin
            total_q <= words;
            start_q <= address & ~ADDR_BITS'(WORD_BYTES - 1);
            sum_q   <= '0;
        end else if (send) begin
            sum_q <= sum;
        end
        if (rst) begin
            total_q <= '0;
            sum_q   <= '0;
        end
        begun_q <= !rst && (begun_q || load);
    end

    wire [PAGE_BITS:0] end_in_page = {1'b0, burst_address[PAGE_BITS-1:0]} + (PAGE_BITS + 1)'(burst_words) * WORD_BYTES;

    always_comb begin
        if (valid) begin
            assert (burst_words >= 1 && int'(burst_words) <= BURST);
            assert (end_in_page <= 1 << PAGE_BITS);
            assert (last == (sum == total_q));
            assert (busy && last == dut.ends && burst_words == (last ? dut.left_q[$clog2(BURST):0] : dut.room));
        end
        assert (sum_q + dut.left_q == total_q && sum_q <= total_q);  // so the lengths add up: nothing is left at the end
        if (begun_q && valid) assert (burst_address == start_q + ADDR_BITS'(sum_q) * WORD_BYTES);
    end
endmodule

`default_nettype wire
