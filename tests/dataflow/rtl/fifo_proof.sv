// Beat number `n` of what enters a FIFO, of registers, shift registers or LUTRAM, is beat number `n` of what leaves, for any n and any
// traffic: proven by induction. Counters wrap at 2^COUNT beats; the beat is followed over the first time round.
`default_nettype none

module fifo_proof #(
    parameter int DEPTH = 2,
    parameter int WIDTH = 4
) (
    input wire       clk,
    input wire       rst,
    input wire [7:0] n,
    input wire [WIDTH-1:0] in0_data,
    input wire       in0_valid,
    input wire       out0_ready
);
    localparam int COUNT = 8;
    logic in0_ready, out0_valid;
    logic [WIDTH-1:0] out0_data, beat_q;
    logic [COUNT-1:0] n_q, took_q, gave_q;

    sf_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH)) dut (.*);

    wire take = in0_valid && in0_ready;
    wire send = out0_valid && out0_ready;
    wire [COUNT-1:0] held = took_q - gave_q;

    always_ff @(posedge clk) begin
        if (rst) begin
            n_q    <= n;
            took_q <= '0;
            gave_q <= '0;
        end else begin
            if (take) took_q <= took_q + 1'b1;
            if (send) gave_q <= gave_q + 1'b1;
            if (take && took_q == n_q) beat_q <= in0_data;
        end
    end

    always_comb begin
        assume (!(take && took_q == '1));  // once round only
        assert (took_q >= gave_q && held <= COUNT'(DEPTH));
        if (out0_valid && n_q == gave_q) assert (out0_data == beat_q);
    end
    if (DEPTH <= 2) begin : g_registers
        always_comb assert (out0_valid == (held != '0) && in0_ready == (held != COUNT'(DEPTH)));
    end else if (DEPTH > 33) begin : g_memory
        localparam int PLACES = DEPTH - 1;
        wire [7:0] places = 8'(dut.g_memory.g_ram.count_q), oldest = 8'(dut.g_memory.g_ram.read_addr_q);
        wire [7:0] free = oldest + places < 8'(PLACES) ? oldest + places : oldest + places - 8'(PLACES);
        wire [COUNT-1:0] first = gave_q + COUNT'(out0_valid);  // in the oldest of the places taken
        wire [7:0] behind = oldest + 8'(n_q - first);
        always_comb begin
            assert (held == COUNT'(places) + COUNT'(out0_valid) && places <= 8'(PLACES) && oldest < 8'(PLACES));
            assert (in0_ready == (places != 8'(PLACES)) && dut.g_memory.g_ram.empty_q == (places == '0));
            assert (8'(dut.g_memory.g_ram.write_addr_q) == free);
            if (n_q >= first && n_q < took_q) begin
                for (int i = 0; i < PLACES; i++) begin
                    if (behind == 8'(i) || behind == 8'(i + PLACES))
                        assert (dut.g_memory.g_ram.places.g_distributed.words_q[i] == beat_q);
                end
            end
        end
    end else begin : g_shifts
        wire [$clog2(DEPTH-1):0] places = dut.g_memory.g_srl.tail_q + 1'b1;
        wire [COUNT-1:0] first = gave_q + COUNT'(out0_valid);  // in the oldest of the places taken
        always_comb begin
            assert (held == COUNT'(places) + COUNT'(out0_valid) && held <= COUNT'(DEPTH));
            assert (in0_ready == (int'(places) != DEPTH - 1));
        end
        for (genvar b = 0; b < WIDTH; b++) begin : g_bit
            always_comb begin
                for (int i = 0; i < DEPTH - 1; i++) begin
                    if (i < int'(places) && n_q == first + COUNT'(places) - COUNT'(i + 1))
                        assert (dut.g_memory.g_srl.g_bit[b].places_q[i] == beat_q[b]);
                end
            end
        end
    end
    if (DEPTH == 2) begin : g_spare
        always_comb begin
            assert (dut.g_pair.full == !in0_ready);
            if (held == 2 && n_q == gave_q + 1'b1) assert (dut.g_pair.spare_q == beat_q);
        end
    end
endmodule

`default_nettype wire
