// Of CYCLES and JOB_CYCLES the high word is that of the moment in which the low word was read, however late it is read: proven
// by induction, for any counters.
`default_nettype none

module registers_proof (
    input wire        clk,
    input wire        rst,
    input wire        read,
    input wire [ 9:0] read_address,
    input wire [47:0] cycles,
    input wire [47:0] job_cycles
);
    localparam bit [1:0][31:0] ONES = {32'd1, 32'd1};
    logic [31:0] read_data, timeout;
    logic [1:0][31:0] job_address, job_bytes;
    logic [7:0] bad_stream;
    logic start, reset, clear, bad, irq;
    logic [47:0] counter_q;  // the one at the address, in the cycle before
    logic [15:0] high_q;
    logic [9:0] address_q;
    logic before_q, stood_q, seen_q;  // stood: the address in the two cycles before; seen: a low word was read
    wire low = read_address == 10'h00C || read_address == 10'h010;
    wire high = read_address == 10'h00D || read_address == 10'h011;
    wire stays = stood_q && read_address == address_q;

    sf_shell_registers #(
        .BEAT_BYTES(ONES), .FRAME_BYTES(ONES), .HASH_FILE("tests/board/rtl/build_hash.mem")
    ) dut (
        .*, .write(1'b0), .write_address('0), .write_data('0), .idle(1'b0), .queued(1'b0), .halt(1'b0), .done(1'b0),
        .error_pulse(1'b0), .error('0), .error_streams('0), .frames('0), .job_latency('0), .beats('0), .stalled('0),
        .starved('0)
    );

    always_ff @(posedge clk) begin
        before_q  <= !rst;
        stood_q   <= !rst && before_q && read_address == address_q;
        address_q <= read_address;
        counter_q <= read_address == 10'h010 ? job_cycles : cycles;
        seen_q    <= !rst && (seen_q || (read && low));
        if (read && low) high_q <= counter_q[47:32];
    end

    always_comb begin
        assume (!read || stays);  // an address stands for two cycles before its data is taken
        if (read && low) assert (read_data == counter_q[31:0]);
        if (stays && read && high && seen_q) assert (read_data == {16'd0, high_q});
        if (seen_q) assert (dut.high_q == high_q);
        if (before_q) assert (dut.at_q == 16'd1 << address_q[3:0]);
    end
endmodule

`default_nettype wire
